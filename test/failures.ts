/** A way in which a command can end, and whether that is a failure. docs/failures.md has a table of the common ones. */
export interface Ending {
  title: string
  /** What the command does after it has counted. */
  code: string
  status?: number
  signal?: NodeJS.Signals
  fails: boolean
  /** Sent by the test when the command has printed something. */
  kill?: NodeJS.Signals
  /** Other runtimes end otherwise. */
  nodeOnly?: true
  flags?: readonly string[]
}

const BOOM = "throw new Error('boom')"
const LATER = `setTimeout(() => { ${BOOM} }, 20)`
const WAIT = "console.log('ready'); setInterval(() => {}, 1000)"
const nodeOnly = { nodeOnly: true } as const

const no = (title: string, code: string, status: number, more: Partial<Ending> = {}): Ending => ({
  ...{ title, code, status, fails: false, ...more },
})
const yes = (...row: Parameters<typeof no>): Ending => ({ ...no(...row), fails: true })
const killed = (kill: NodeJS.Signals, title: string): Ending => ({
  ...{ title, code: WAIT, kill, signal: kill, fails: false },
})
const interrupted = (handler: string) => `process.on('SIGINT', () => ${handler}); ${WAIT}`
const kill = 'SIGINT'

export const endings: readonly Ending[] = [
  no('it ends by itself', '', 0),
  no('`process.exit(0)`', 'process.exit(0)', 0),
  yes('`process.exit(1)`', 'process.exit(1)', 1),
  yes('`process.exit(2)` after a while', 'setTimeout(() => process.exit(2), 20)', 2),
  yes('`process.exitCode = 3`', 'process.exitCode = 3', 3),
  yes('an uncaught error', BOOM, 1),
  yes('an uncaught error in a callback', LATER, 1),
  yes('an unhandled rejection', "Promise.reject(new Error('boom'))", 1),
  yes(
    '`process.exit(5)` in a handler of `uncaughtException`',
    `process.on('uncaughtException', () => process.exit(5)); ${LATER}`,
    5,
  ),
  no(
    'an error that a handler of `uncaughtException` catches',
    `process.on('uncaughtException', () => {}); ${LATER}`,
    0,
  ),
  yes('an `await` that is never settled', 'await new Promise(() => {})', 13, nodeOnly),
  no('`process.exit(130)`: Ctrl-C, handled', 'process.exit(130)', 130),
  no('`process.exit(143)`: SIGTERM, handled', 'process.exit(143)', 143),
  killed('SIGINT', 'SIGINT (Ctrl-C)'),
  no('SIGINT, and a handler that calls `process.exit(130)`', interrupted('process.exit(130)'), 130, { kill }),
  yes('SIGINT, and a handler that calls `process.exit(1)`', interrupted('process.exit(1)'), 1, { kill }),
  killed('SIGTERM', 'SIGTERM'),
  killed('SIGHUP', 'SIGHUP: its terminal is closed'),
  killed('SIGKILL', 'SIGKILL'),
  { title: '`process.abort()`', code: 'process.abort()', signal: 'SIGABRT', fails: false, ...nodeOnly },
  {
    ...{ title: 'out of memory', code: 'const all = []; for (;;) all.push(new Array(1e5).fill({}))' },
    ...{ signal: 'SIGABRT', fails: false, flags: ['--max-old-space-size=30'], ...nodeOnly },
  },
  no("`process.exit('130')`", "process.exit('130')", 130),
  yes("`process.exitCode = '2'`", "process.exitCode = '2'", 2),
  no('`process.exit(256)`: the system keeps one byte', 'process.exit(256)', 0),
  yes('`process.exit(6)` in a handler of `exit`', "process.on('exit', () => process.exit(6))", 6, nodeOnly),
  yes(
    '`process.exitCode = 7` in a handler of `exit`',
    "process.on('exit', () => { process.exitCode = 7 })",
    7,
    nodeOnly,
  ),
  no(
    '`process.exit(1)`, and a handler of `exit` that sets 0',
    "process.on('exit', () => { process.exitCode = 0 }); process.exit(1)",
    0,
    nodeOnly,
  ),
  no(
    'an uncaught error, and a handler of `exit` that sets 0',
    `process.on('exit', () => { process.exitCode = 0 }); ${BOOM}`,
    0,
    nodeOnly,
  ),
  yes('an error in a handler of `exit`', `process.on('exit', () => { ${BOOM} })`, 1, nodeOnly),
  yes(
    '`process.exitCode = 5` in a handler of `beforeExit`',
    "process.on('beforeExit', () => { process.exitCode = 5 })",
    5,
  ),
  no(
    'a handler of `exit` that one of `beforeExit` adds, and that sets 8',
    "process.once('beforeExit', () => process.on('exit', () => { process.exitCode = 8 }))",
    8,
    nodeOnly,
  ),
]
