import { lacking, mayNotSpawn } from '../decide/permissions.ts'
import { fs } from '../node.ts'

export interface Route {
  route: 'detached' | 'inline'
  /** Why, in words, for `status`. */
  reason: string
  /** No helper can ever work here, not even at exit. */
  never?: boolean
}

/** How the POST goes out: as the tool asked, or where it asked for `auto`, by a helper wherever one can work. */
export function chooseRoute(delivery: 'auto' | 'detached' | 'inline' = 'auto'): Route {
  const never = whyNever()
  if (never) return { route: 'inline', reason: never, never: true }
  if (delivery !== 'auto') return { route: delivery, reason: 'the tool asked for it' }
  const reason = whyInline()
  return reason
    ? { route: 'inline', reason }
    : { route: 'detached', reason: 'a helper process can be started' }
}

/**
 * `node`, `nodejs`, `node22`, `bun`, `deno`: what accepts code as an argument. Anything else may be the tool itself.
 */
const INTERPRETER = /[\\/](node|nodejs|bun|deno)[-v.\d]*(\.exe)?$/i
/** Programs that reap orphans when they are the first process of a container. `comm` has at most 15 characters. */
const REAPER =
  /^(systemd|init|(ba|da|a|z|k)?sh|busybox|tini|docker-init|dumb-init|catatonit|pause|s6-svscan|runit|supervisord|launchd)\b/
/** The inode of the first PID namespace of a Linux system (PROC_PID_INIT_INO in its sources). */
const FIRST_NAMESPACE = 4026531836

/** Of the globals of Bun and Deno, what says that this program was compiled. */
interface Compiled {
  Bun?: { isStandaloneExecutable?: boolean }
  Deno?: { build?: { standalone?: boolean } }
}

/** Where no helper is started, not even for a tool that asks for one. */
function whyNever(): string | undefined {
  if (mayNotSpawn()) return 'Node was started without --allow-child-process'
  const { Bun, Deno } = globalThis as Compiled
  // Whatever its file is called: `node` is what a single executable application is made from.
  const isTheTool = Deno?.build?.standalone || process.getBuiltinModule('node:sea')?.isSea()
  // A compiled Bun can be told to be Bun, see the helper's environment.
  if (isTheTool || (!Bun?.isStandaloneExecutable && !isInterpreter()))
    return `${process.execPath.split(/[\\/]/).at(-1)} is not a plain interpreter`
  return lacking('run')
}

function isInterpreter(): boolean {
  return process.execPath.endsWith('/node') || INTERPRETER.test(process.execPath)
}

function whyInline(): string | undefined {
  if (process.pid === 1) return 'this process is PID 1, and a container ends with it'
  if (process.platform !== 'linux') return undefined
  try {
    if (fs.statSync('/proc/self/ns/pid').ino === FIRST_NAMESPACE) return undefined
    if (process.ppid === 1) return 'this process was started by PID 1 of a container, which may end with it'
    const first = fs.readFileSync('/proc/1/comm', 'utf8').trim()
    return REAPER.test(first) ? undefined : `PID 1 is ${first}, which would leave each helper as a zombie`
  } catch {
    return undefined // no /proc to be seen (Android, a strict sandbox)
  }
}
