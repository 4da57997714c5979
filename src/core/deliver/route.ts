import { fs } from '../node.ts'
import { lacking, mayNotSpawn } from '../permissions.ts'

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
const INTERPRETER = /(^|[\\/])(node|nodejs|bun|deno)[-v.\d]*(\.exe)?$/i
/** Programs that reap orphans when they are the first process of a container. */
const REAPER =
  /^(systemd|init|(ba|da|a|z|k)?sh|busybox|tini|docker-init|dumb-init|catatonit|pause|s6-svscan|runit|supervisord|launchd)\b/
/** Programs that end when what they have started does: shells, runners of scripts, and small ones before a command. */
const WRAPPER =
  /^((ba|da|a|z|k|fi)?sh|busybox|tini|docker-init|dumb-init|catatonit|np[mx]|pnpm|pnpx|yarn|yarnpkg|bunx?|deno|corepack|make|gmake|ninja|just|task|rake|env|time|timeout|nice|nohup|xargs|find|sudo|su|runuser|setpriv|gosu|su-exec|unshare|script)$/
/** Ancestors beyond this are not looked at: no script is nested as deep. */
const MAX_ANCESTORS = 12
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
    if (fs.statSync('/proc/self/ns/pid').ino === FIRST_NAMESPACE) return whyInlineInService()
    if (process.ppid === 1) return 'this process was started by PID 1 of a container, which may end with it'
    return whyInlineInContainer() ?? whyInlineInService()
  } catch {
    return 'it cannot be seen whether this is a container that ends with the command: /proc is not there or not readable'
  }
}

/** systemd stops all that is left of a service when its process has ended, and sets this variable for each. */
function whyInlineInService(): string | undefined {
  if (!process.env.INVOCATION_ID) return undefined
  const [, service] = /\/([^/\n]+\.service)$/m.exec(readOf('self/cgroup')) ?? []
  return service && `${service} may end with this process, and all processes of it`
}

/**
 * A container that was started for one command ends with it, and the kernel kills what is left. So it does where PID 1
 * is an ancestor, and all between it and this process are programs that only wait for another.
 */
function whyInlineInContainer(): string | undefined {
  let pid = process.ppid
  const between: string[] = []
  while (pid > 1 && between.length < MAX_ANCESTORS) {
    between.push(programOf(pid))
    pid = Number(/\) \S (\d+)/.exec(readOf(`${pid}/stat`))![1])
  }
  const first = programOf(1)
  if (pid === 1 && (between.length < 2 || [...between, first].every(name => WRAPPER.test(name))))
    return `this container, whose PID 1 is ${first}, may end with what it has started: ${between.reverse().join(', ')}`
  return REAPER.test(readOf('1/comm'))
    ? undefined
    : `PID 1 is ${first}, which would leave each helper as a zombie`
}

/** `npm` of `npm run build` and of `node /usr/bin/npm run build`. */
function programOf(pid: number): string {
  const [first = '', second = ''] = readOf(`${pid}/cmdline`).split('\0')
  const name = nameOf(first)
  const script = /^(node|nodejs)$/.test(name) ? nameOf(second).replace(/(-cli)?\.[cm]?js$/, '') : name
  return WRAPPER.test(script) ? script : name
}

/** The last part of a path, without the arguments that a program has written into its title. */
function nameOf(path: string): string {
  return path.replace(/ .*/s, '').replace(/^.*\/|^-/, '')
}

function readOf(file: string): string {
  return fs.readFileSync(`/proc/${file}`, 'latin1')
}
