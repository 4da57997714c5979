/** The ways in which a command can end, and whether that is a failure: docs/failures.md has a table of the common ones. */
export interface Ending {
  /** As in the table. */
  title: string
  /** What the command does once it was counted. */
  code: string
  status?: number
  signal?: NodeJS.Signals
  fails: boolean
  /** Sent from outside when the command has printed `ready`. */
  kill?: NodeJS.Signals
  /** For runtimes that have no such option, or end otherwise there. */
  nodeOnly?: true
  flags?: readonly string[]
}

const WAIT = "console.log('ready'); setInterval(() => {}, 1000)"

export const endings: readonly Ending[] = [
  { title: 'it ends by itself', code: '', status: 0, fails: false },
  { title: '`process.exit(0)`', code: 'process.exit(0)', status: 0, fails: false },
  { title: '`process.exit(1)`', code: 'process.exit(1)', status: 1, fails: true },
  { title: '`process.exit(2)`', code: 'process.exit(2)', status: 2, fails: true },
  {
    title: '`process.exit(2)` after a while',
    code: 'setTimeout(() => process.exit(2), 20)',
    status: 2,
    fails: true,
  },
  { title: '`process.exitCode = 3`', code: 'process.exitCode = 3', status: 3, fails: true },
  { title: 'an uncaught error', code: "throw new Error('boom')", status: 1, fails: true },
  {
    title: 'an uncaught error in a callback',
    code: "setTimeout(() => { throw new Error('boom') }, 20)",
    status: 1,
    fails: true,
  },
  {
    title: 'an unhandled rejection',
    code: "Promise.reject(new Error('boom'))",
    status: 1,
    fails: true,
  },
  {
    title: '`process.exit(5)` in a handler of `uncaughtException`',
    code: "process.on('uncaughtException', () => process.exit(5)); setTimeout(() => { throw new Error('boom') }, 20)",
    status: 5,
    fails: true,
  },
  {
    title: 'an error that a handler of `uncaughtException` catches',
    code: "process.on('uncaughtException', () => {}); setTimeout(() => { throw new Error('boom') }, 20)",
    status: 0,
    fails: false,
  },
  {
    title: 'an `await` that is never settled',
    code: 'await new Promise(() => {})',
    status: 13,
    fails: true,
    nodeOnly: true,
  },
  { title: '`process.exit(130)`: Ctrl-C, handled', code: 'process.exit(130)', status: 130, fails: false },
  { title: '`process.exit(143)`: SIGTERM, handled', code: 'process.exit(143)', status: 143, fails: false },
  { title: 'SIGINT (Ctrl-C)', code: WAIT, kill: 'SIGINT', signal: 'SIGINT', fails: false },
  {
    title: 'SIGINT, and a handler that calls `process.exit(130)`',
    code: `process.on('SIGINT', () => process.exit(130)); ${WAIT}`,
    kill: 'SIGINT',
    status: 130,
    fails: false,
  },
  {
    title: 'SIGINT, and a handler that calls `process.exit(1)`',
    code: `process.on('SIGINT', () => process.exit(1)); ${WAIT}`,
    kill: 'SIGINT',
    status: 1,
    fails: true,
  },
  { title: 'SIGTERM', code: WAIT, kill: 'SIGTERM', signal: 'SIGTERM', fails: false },
  { title: 'SIGHUP: its terminal is closed', code: WAIT, kill: 'SIGHUP', signal: 'SIGHUP', fails: false },
  { title: 'SIGKILL', code: WAIT, kill: 'SIGKILL', signal: 'SIGKILL', fails: false },
  { title: '`process.abort()`', code: 'process.abort()', signal: 'SIGABRT', fails: false, nodeOnly: true },
  {
    title: 'out of memory',
    code: 'const all = []; for (;;) all.push(new Array(1e5).fill({}))',
    signal: 'SIGABRT',
    fails: false,
    nodeOnly: true,
    flags: ['--max-old-space-size=30'],
  },
  { title: "`process.exit('130')`", code: "process.exit('130')", status: 130, fails: false },
  { title: "`process.exitCode = '2'`", code: "process.exitCode = '2'", status: 2, fails: true },
  {
    title: '`process.exit(256)`: the system keeps one byte',
    code: 'process.exit(256)',
    status: 0,
    fails: false,
  },
  {
    title: '`process.exit(6)` in a handler of `exit`',
    code: "process.on('exit', () => process.exit(6))",
    status: 6,
    fails: true,
    nodeOnly: true,
  },
  {
    title: '`process.exitCode = 7` in a handler of `exit`',
    code: "process.on('exit', () => { process.exitCode = 7 })",
    status: 7,
    fails: true,
    nodeOnly: true,
  },
  {
    title: '`process.exit(1)`, and a handler of `exit` that sets 0',
    code: "process.on('exit', () => { process.exitCode = 0 }); process.exit(1)",
    status: 0,
    fails: false,
    nodeOnly: true,
  },
  {
    title: 'an uncaught error, and a handler of `exit` that sets 0',
    code: "process.on('exit', () => { process.exitCode = 0 }); throw new Error('boom')",
    status: 0,
    fails: false,
    nodeOnly: true,
  },
  {
    title: 'an error in a handler of `exit`',
    code: "process.on('exit', () => { throw new Error('boom') })",
    status: 1,
    fails: true,
    nodeOnly: true,
  },
  {
    title: '`process.exitCode = 5` in a handler of `beforeExit`',
    code: "process.on('beforeExit', () => { process.exitCode = 5 })",
    status: 5,
    fails: true,
  },
  {
    title: 'a handler of `exit` that one of `beforeExit` adds, and that sets 8',
    code: "process.once('beforeExit', () => process.on('exit', () => { process.exitCode = 8 }))",
    status: 8,
    fails: false,
    nodeOnly: true,
  },
]
