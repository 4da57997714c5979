import { lacking } from '../decide/permissions.ts'

const { readFileSync, readlinkSync } = process.getBuiltinModule('node:fs')
const { basename } = process.getBuiltinModule('node:path')

export interface Route {
  route: 'detached' | 'inline'
  /** Why, in words, for `status`. */
  reason: string
}

/** How the POST goes out: as the tool asked, or where it asked for `auto`, by a helper wherever one can work. */
export function chooseRoute(delivery: 'auto' | 'detached' | 'inline' = 'auto'): Route {
  const asked = 'the tool asked for it'
  if (delivery === 'inline') return { route: delivery, reason: asked }
  const reason = whyNever() ?? (delivery === 'auto' ? whyInline() : undefined)
  if (reason) return { route: 'inline', reason }
  return { route: 'detached', reason: delivery === 'auto' ? 'a helper process can be started' : asked }
}

/** `node`, `nodejs`, `node22`, `bun`, `deno`: what takes code as an argument. Anything else may be the tool itself. */
const INTERPRETER = /^(node|nodejs|bun|deno)[-v.\d]*(\.exe)?$/i
/** Programs that reap orphans when they are the first process of a container. `comm` has at most 15 characters. */
const REAPER =
  /^(systemd|init|(ba|da|a|z|k)?sh|busybox|tini|docker-init|dumb-init|catatonit|pause|s6-svscan|runit|supervisord|launchd)\b/
/** The inode of the first PID namespace of a Linux system (PROC_PID_INIT_INO in its sources). */
const FIRST_NAMESPACE = 'pid:[4026531836]'

/** Of the globals of Bun and Deno, what says that this program was compiled. */
interface Compiled {
  Bun?: { isStandaloneExecutable?: boolean }
  Deno?: { build?: { standalone?: boolean } }
}

/** Where no helper is started, not even for a tool that asks for one. */
function whyNever(): string | undefined {
  return lacking('run') ?? (isTheTool() ? noInterpreter() : undefined)
}

/** Whatever its file is called: `node` is what a single executable application is made from. */
function isTheTool(): boolean | undefined {
  const { Deno } = globalThis as Compiled
  return Deno?.build?.standalone || process.getBuiltinModule('node:sea')?.isSea()
}

const noInterpreter = () => `${basename(process.execPath)} is not a plain interpreter`

function whyInline(): string | undefined {
  if (process.pid === 1) return 'this process is PID 1, and a container ends with it'
  // Such a one can be told to be Bun, see the helper's environment.
  const { Bun } = globalThis as Compiled
  if (!Bun?.isStandaloneExecutable && !INTERPRETER.test(basename(process.execPath))) return noInterpreter()
  const first = strangerAsInit()
  return first && `PID 1 is ${first}, which would leave each helper as a zombie`
}

/** The name of PID 1 where it is not known to reap orphans. Outside containers it is the system's own and does. */
function strangerAsInit(): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    if (readlinkSync('/proc/self/ns/pid') === FIRST_NAMESPACE) return undefined
    const first = readFileSync('/proc/1/comm', 'utf8').trim()
    return REAPER.test(first) ? undefined : first
  } catch {
    return undefined // no /proc to be seen (Android, a strict sandbox)
  }
}
