import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, type TestFunction, test } from 'vitest'
import { canSend, marksIn } from '../log-text.ts'
import { isRoot } from '../machine.ts'
import { LIBRARY, TOOL } from '../paths.ts'
import { isAnyStarting, processesWith, statOf } from '../processes.ts'
import { counts, type Receiver, startReceiver } from '../receiver.ts'
import { makeWorld, type Result, type World } from '../world.ts'

/** The timeout of a request in all of these tests. */
export const TIMEOUT_MS = 1500
/** How often a command is run with telemetry on, and as often with it off. */
export const RUNS = 3
/** A busy machine is slow. A helper that misses its time limit lives for 5 s, or forever. */
const SLACK_MS = 1500

type Env = Readonly<Record<string, string | undefined>>

/** The command that is run, and the fault that it is run with. */
export interface Fault {
  /** Arguments of the example tool. Default: `build`. */
  tool?: readonly string[]
  /** Code to run instead of the example tool. It can call `trackCommand`, `trackEvent` and `flushTelemetry`. */
  script?: string
  /** Wraps the command line in another one, which sets a namespace, a limit or another user. */
  through?: (command: readonly string[]) => readonly string[]
  env?: Env
  /** Called once the process has printed something. */
  whenItPrints?: (child: ChildProcess) => void
  /** Removes from the output what differs from run to run. */
  clean?: (output: string) => string
  runs?: number
  /** Node itself may hang before it runs our code, so helpers are killed. */
  helpersMayHang?: boolean
  /** How many commands deliver inline. Each may wait for its request until the timeout. */
  inline?: number
  /** Called before each run. */
  before?: () => void | Promise<void>
}

/** What a comparison found. */
export interface Report {
  /** What the command did. It is the same in all runs, with telemetry and without. */
  result: Result
  /** The longest lifetime of a helper that was seen, in ms. */
  helperMs: number
}

const rows = new Map<string, number[]>()

/**
 * Prints a line for each test, with the times of its slowest comparison in ms: the shortest run of each variant, and the
 * longest helper.
 */
export function printReport(): void {
  const lines = [...rows].map(([name, ms]) => [...ms.map(value => value.toFixed(0)), name])
  const table = [['off', 'spawn', 'on', 'helper', 'ms; spawn: off, and an empty detached process'], ...lines]
  const text = table.map(cells => cells.map((cell, i) => (i < 4 ? cell.padStart(7) : `  ${cell}`)).join(''))
  process.stdout.write(`\n${text.join('\n')}\n`)
}

/** A user who has agreed, with a temporary folder of their own. */
export function makeUser(env: Record<string, string> = {}): World {
  const world = makeWorld(env)
  const temporary = temporaryFolder(world)
  mkdirSync(temporary)
  // `FAULT` identifies the processes of this user, whatever HOME is. All runs use this `env`.
  Object.assign(world.env, { TMPDIR: temporary, FAULT: world.home })
  world.writeConfig(`[telemetry]\nenabled = true\ntimeout_ms = ${TIMEOUT_MS}\n`)
  onTestFinished(() => killAll(world))
  return world
}

function temporaryFolder({ home }: World): string {
  return join(dirname(home), 'tmp')
}

/** Preloaded into the control: at its exit it starts an empty process, in the cheapest way that Node has. */
const EMPTY_SPAWN = `data:text/javascript,${encodeURIComponent(`
  import { spawn } from 'node:child_process'
  process.on('exit', () => {
    try {
      // Without NODE_OPTIONS: its inspector would hold the port that the next command wants.
      const env = { ...process.env, NODE_OPTIONS: '' }
      const options = { detached: true, env, stdio: ['pipe', 'ignore', 'ignore'] }
      spawn(process.execPath, ['-e', '0'], options).on('error', () => {}).unref()
    } catch {}
  })
`)}`

/** The arguments of a Node that runs the code as a tool named `trix`. */
export function scriptArguments(code: string): string[] {
  return [
    '--input-type=module',
    '-e',
    `import { initTelemetry } from ${JSON.stringify(LIBRARY)}
     const { trackCommand, trackEvent, flushTelemetry } = initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build', 'check', 'init', 'test'] })
     ${code}`,
  ]
}

/**
 * Runs the command in turn with telemetry off, with telemetry off and an empty detached process, and with telemetry on.
 * Expects that telemetry does not change the exit code, the signal or the output, that the command takes about as long,
 * and that it leaves nothing but our files in the home and a helper, which ends in time.
 */
export async function compare(world: World, fault: Fault = {}): Promise<Report> {
  const program = fault.script ? scriptArguments(fault.script) : [TOOL, ...(fault.tool ?? ['build'])]
  const variant = async (telemetry: string, ...node: string[]) => {
    await fault.before?.()
    const command = [process.execPath, ...node, ...program]
    const before = listCwd(world)
    const ran = await run(fault.through?.(command) ?? command, {
      cwd: world.cwd,
      env: { ...world.env, TRIX_TELEMETRY: telemetry, ...fault.env },
      ...(fault.whenItPrints && { whenItPrints: fault.whenItPrints }),
    })
    const clean = fault.clean ?? (output => output)
    return {
      ms: ran.ms,
      seen: {
        ...ran.result,
        stdout: clean(ran.result.stdout),
        stderr: clean(ran.result.stderr),
        newInCwd: listCwd(world).filter(name => !before.includes(name)),
      },
    }
  }
  const known = unexpectedFiles(files(world))
  const off = []
  const control = []
  const on = []
  for (let i = 0; i < (fault.runs ?? RUNS); i++) {
    off.push(await variant('off'))
    control.push(await variant('off', '--import', EMPTY_SPAWN))
    on.push(await variant('on'))
    expect(on[i]!.seen).toEqual(off[i]!.seen)
    expect(on[i]!.seen.newInCwd).toEqual([])
  }
  if (fault.helpersMayHang) killAll(world)
  const helperMs = await waitForHelpers(world)
  // Files that the test itself made are ignored.
  expect(unexpectedFiles(files(world)).filter(file => !known.includes(file))).toEqual([])
  expect(readdirSync(temporaryFolder(world))).toEqual([])
  const shortest = (runs: { ms: number }[]) => Math.min(...runs.map(({ ms }) => ms))
  const row = [shortest(off), shortest(control), shortest(on), helperMs]
  const name = expect.getState().currentTestName ?? ''
  if (row[2]! > (rows.get(name)?.[2] ?? 0)) rows.set(name, row)
  // The bound is wide, since a command that waits for the network would take one to ten seconds more.
  expect(shortest(on)).toBeLessThan(3 * shortest(control) + 500 + (fault.inline ?? 0) * TIMEOUT_MS)
  return { result: on[0]!.seen, helperMs }
}

/**
 * Waits until the claims of killed processes have expired, and runs one more command, `check`, without the fault. Expects
 * that the receiver at this user's endpoint then has exactly these counts and that of `check`.
 */
export async function delivers(
  world: World,
  expected: Record<string, number>,
  { through, env = {} }: Pick<Fault, 'through' | 'env'> = {},
): Promise<void> {
  const endpoint = env.TRIX_TELEMETRY_ENDPOINT ?? world.env.TRIX_TELEMETRY_ENDPOINT!
  const receiver = receivers.get(endpoint) ?? (await receiving(200, {}, Number(new URL(endpoint).port)))
  await canSend(join(world.state, 'v1'))
  const command = [process.execPath, TOOL, 'check', '--dir', world.cwd]
  const { result } = await run(through?.(command) ?? command, {
    cwd: dirname(world.cwd),
    env: { ...world.env, TRIX_TELEMETRY: 'on', ...env },
  })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  await waitForHelpers(world)
  expect(counts(receiver.requests)).toEqual({ ...expected, check: 1 })
}

/**
 * Expects exactly these counts in the logs. Then runs a command, `check`, without the fault and with another endpoint, and
 * expects that this endpoint gets nothing of what was counted for the first.
 */
export async function keeps(world: World, expected: Record<string, number>): Promise<void> {
  expect(countedIn(world)).toEqual(expected)
  const receiver = await receiving()
  const { result } = await run([process.execPath, TOOL, 'check', '--dir', world.cwd], {
    cwd: dirname(world.cwd),
    env: { ...world.env, TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint },
  })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  await receiver.arrived(1)
  await waitForHelpers(world)
  expect(counts(receiver.requests)).toEqual({ check: 1 })
}

/** The receivers of the running test, by endpoint. */
const receivers = new Map<string, Receiver>()

/** Starts a receiver that `delivers` finds by its endpoint. */
export async function receiving(
  status = 200,
  headers: Record<string, string> = {},
  port?: number,
): Promise<Receiver> {
  const receiver = await startReceiver(status, headers, undefined, port)
  receivers.set(receiver.endpoint, receiver)
  onTestFinished(() => void receivers.delete(receiver.endpoint))
  return receiver
}

interface Options {
  cwd: string
  env: Env
  whenItPrints?: (child: ChildProcess) => void
  killAfterMs?: number
}

/** Runs a process until it has ended and its output is closed, which is what `$(tool)` waits for. */
export function run(
  [command = '', ...args]: readonly string[],
  { whenItPrints, killAfterMs, ...options }: Options,
): Promise<{ result: Result; ms: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const result: Result = { status: null, signal: null, stdout: '', stderr: '' }
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs ?? 60_000)
    child.stdout.once('data', () => whenItPrints?.(child))
    child.stdout.setEncoding('utf8').on('data', chunk => (result.stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', chunk => (result.stderr += chunk))
    child.on('error', reject)
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ result: { ...result, status, signal }, ms: performance.now() - start })
    })
  })
}

/**
 * Waits until no helper of this user is left. Returns the longest lifetime seen, in ms. Fails if it is too long; where many
 * processes share the cores, each may take seconds to start.
 */
export async function waitForHelpers(world: World, slackMs: number = SLACK_MS): Promise<number> {
  let longest = 0
  for (;;) {
    const found = helpers(world)
    longest = Math.max(longest, ...found.map(({ ageMs }) => ageMs))
    expect(longest).toBeLessThan(TIMEOUT_MS + 500 + slackMs)
    if (!found.length && !isAnyStarting()) return longest
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** The helpers of this user that still run. */
export function helpers({ home }: World): { pid: number; ageMs: number }[] {
  return processesWith(`FAULT=${home}`).flatMap(({ pid, isHelper }) => {
    try {
      return isHelper ? [{ pid, ageMs: ageOf(pid) }] : []
    } catch {
      return [] // it has ended meanwhile
    }
  })
}

/** Kills all processes of this user: those that hang, and those that a failed test has left. */
function killAll({ home }: World): void {
  for (const { pid } of processesWith(`FAULT=${home}`)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended by itself
    }
  }
}

/** How long a process has lived, in ms: field 22 of its `stat` is its start in hundredths of a second. */
function ageOf(pid: number): number {
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
  return uptime * 1000 - Number(statOf(pid)[22 - 3]) * 10
}

const CONFIG = /^\.config\/trix\/config\.toml$/
const STATE = /^\.local\/state\/trix\/(fingerprint|notice|consent\.json)$/
const LOG = /^\.local\/state\/trix\/v1\/(local\/)?[\w.+-]+-[0-9a-f]{8}-[0-9a-f]{8}\.log(~\w{8})?$/

/** Those of the files that are not finished files of the library. */
function unexpectedFiles(files: readonly string[]): string[] {
  return files.filter(file => ![CONFIG, STATE, LOG].some(known => known.test(file)))
}

/** The files in the home, which may be missing or not a folder. */
function files(world: World): string[] {
  return statSync(world.home, { throwIfNoEntry: false })?.isDirectory() ? world.files() : []
}

function listCwd({ cwd }: World): string[] {
  return readdirSync(cwd, { recursive: true }).map(String)
}

/** `test` if the condition is true. Otherwise a skipped test whose title gives the reason. */
export function needs(condition: boolean, reason: string) {
  return (name: string, run: TestFunction): void =>
    condition ? test(name, run) : test.skip(`${name} (skipped: ${reason})`, run)
}

export const testAsRoot: ReturnType<typeof needs> = needs(isRoot, 'it needs root')

/** A command line that runs the command in a shell after these lines: `inShell('umask 000', command)`. */
export function inShell(before: string, command: readonly string[]): string[] {
  return ['sh', '-c', `set -e\n${before}\nset +e\n"$@"`, 'sh', ...command]
}

/** The same, in a new mount namespace. */
export function inMounts(before: string, command: readonly string[]): string[] {
  return ['unshare', '-m', ...inShell(before, command)]
}

/**
 * Gives all files of this user to a user other than root, so that file modes and limits apply. Returns a function that
 * wraps a command so that it runs as that user.
 */
export function asAnotherUser({ home }: World, uid = 65534): (command: readonly string[]) => string[] {
  execFileSync('chown', ['-R', `${uid}:${uid}`, dirname(home)])
  return command => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...command]
}

/** The invocations in the logs of a user, by command. */
export function countedIn({ state }: World): Record<string, number> {
  const series = Object.entries(marksIn(join(state, 'v1')))
  return Object.fromEntries(series.map(([name, count]) => [name.replace(/^.*=/, ''), count]))
}

/** The paths of the logs of a user. */
export function logPaths(world: World): string[] {
  return files(world)
    .filter(file => LOG.test(file))
    .map(file => join(world.home, file))
}

/** Expects that the home has only files that the library makes, and the temporary folder none. */
export function expectNoOtherFiles(world: World): void {
  expect(unexpectedFiles(files(world))).toEqual([])
  expect(readdirSync(temporaryFolder(world))).toEqual([])
}
