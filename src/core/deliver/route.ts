import { fs } from '../node.ts'
import { lacking, mayNotSpawn } from '../permissions.ts'

export interface Route {
  route: 'detached' | 'inline'
  /** Why, in words, for `status`. */
  reason: string
  /** No helper can ever work here, not even at exit. */
  never?: boolean
}

/** Which process sends: the one that the tool asked for, or with `auto`, a helper wherever one can work. */
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
 * `node`, `nodejs`, `node22`, `bun`, `deno`: these accept code as an argument. Anything else may be the tool itself.
 */
const INTERPRETER = /(^|[\\/])(node|nodejs|bun|deno)[-v.\d]*(\.exe)?$/i
/** Programs that reap orphans if they are PID 1 of a container. */
const REAPER =
  /^(systemd|init|(ba|da|a|z|k)?sh|busybox|tini|docker-init|dumb-init|catatonit|pause|s6-svscan|runit|supervisord|launchd)\b/
/** Programs that end when the process that they started ends: shells, script runners, and prefixes such as `time`. */
const WRAPPER =
  /^((ba|da|a|z|k|fi)?sh|busybox|tini|docker-init|dumb-init|catatonit|np[mx]|pnpm|pnpx|yarn|yarnpkg|bunx?|deno|corepack|make|gmake|ninja|just|task|rake|env|time|timeout|nice|nohup|xargs|find|sudo|su|runuser|setpriv|gosu|su-exec|unshare|script)$/
/** No more ancestors are looked at: scripts are not nested this deep. */
const MAX_ANCESTORS = 12
/** The inode of the first PID namespace of a Linux system (PROC_PID_INIT_INO in its sources). */
const FIRST_NAMESPACE = 4026531836

/** The globals that say in Bun and Deno whether this program was compiled. */
interface Compiled {
  Bun?: { isStandaloneExecutable?: boolean }
  Deno?: { build?: { standalone?: boolean } }
}

/** Why no helper is started here, not even for a tool that asks for one; undefined where one can be. */
function whyNever(): string | undefined {
  if (mayNotSpawn()) return 'Node was started without --allow-child-process'
  const { Bun, Deno } = globalThis as Compiled
  // The name of the file does not tell: a single executable application is a copy of `node`.
  const isTheTool = Deno?.build?.standalone || process.getBuiltinModule('node:sea')?.isSea()
  // A program compiled by Bun can act as Bun: see `BUN_BE_BUN` in `helperEnvironment`.
  if (isTheTool || (!Bun?.isStandaloneExecutable && !isInterpreter()))
    return `${process.execPath.split(/[\\/]/).at(-1)} is not a plain interpreter`
  return lacking('run')
}

function isInterpreter(): boolean {
  // The usual case needs no regular expression.
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

/**
 * systemd sets this variable for each service. When the service ends, systemd also ends the processes it has started.
 */
function whyInlineInService(): string | undefined {
  if (!process.env.INVOCATION_ID) return undefined
  const [, service] = /\/([^/\n]+\.service)$/m.exec(readOf('self/cgroup')) ?? []
  return service && `${service} may end with this process, and all processes of it`
}

/**
 * A container ends with its PID 1, and the kernel then kills all other processes. PID 1 may end with this command if it
 * is the parent's parent, or if it and all processes between are programs that end with the one they started.
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
