import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, type TestFunction, test } from 'vitest'
import { counts, type Receiver, startReceiver } from '../receiver.ts'
import { makeWorld, type Result, type World } from '../world.ts'

export const TOOL: string = join(import.meta.dirname, '../../examples/tool.js')
/** What a script imports. */
export const LIBRARY: string = join(import.meta.dirname, '../../dist/index.js')

/** The bound of a request in all of these tests. */
export const TIMEOUT_MS = 1500
/** How often a command is run with telemetry on, and as often with it off. */
export const RUNS = 3
/** A loaded machine is late. What this has to catch lives for 5 s, or for ever. */
const SLACK_MS = 1500

type Env = Readonly<Record<string, string | undefined>>

/** The command that is run, and the fault that it is run with. */
export interface Fault {
  /** Arguments of the example tool. Default: `build`. */
  tool?: readonly string[]
  /** Instead of the example tool: a few lines that find `trackCommand` and the others, initialised. */
  script?: string
  /** Wraps the command line: a namespace, a limit, another user. */
  through?: (command: readonly string[]) => readonly string[]
  env?: Env
  /** What is done to the process once it has printed something. */
  whenItPrints?: (child: ChildProcess) => void
  /** Takes out of the output what is never the same twice. */
  clean?: (output: string) => string
  runs?: number
  /** Node itself may hang before it runs a line of ours; then this is about the command alone. */
  helpersMayHang?: boolean
  /** So many commands may wait for their request, up to its bound: inline delivery, which cannot do otherwise. */
  inline?: number
  /** Before each run. */
  before?: () => void | Promise<void>
}

/** What a comparison found, for those who ask more. */
export interface Report {
  /** What the command did, which was the same each time, with telemetry and without. */
  result: Result
  /** The longest life of a helper, in ms, as far as it was seen. */
  helperMs: number
}

const rows = new Map<string, number[]>()

/** One line a test: the shortest lifetimes in ms, of its slowest comparison. */
export function printReport(): void {
  const lines = [...rows].map(([name, ms]) => [...ms.map(value => value.toFixed(0)), name])
  const table = [['off', 'spawn', 'on', 'helper', 'ms; spawn: off, and an empty detached process'], ...lines]
  const text = table.map(cells => cells.map((cell, i) => (i < 4 ? cell.padStart(7) : `  ${cell}`)).join(''))
  process.stdout.write(`\n${text.join('\n')}\n`)
}

/** A user whose temporary folder is their own too, and who has said yes. */
export function makeUser(env: Record<string, string> = {}): World {
  const world = makeWorld(env)
  const temporary = temporaryFolder(world)
  mkdirSync(temporary)
  // The environment is one object that all runs share. `FAULT` finds our helpers, whatever is done to HOME.
  Object.assign(world.env, { TMPDIR: temporary, FAULT: world.home })
  world.writeConfig(`[telemetry]\nenabled = true\ntimeout_ms = ${TIMEOUT_MS}\n`)
  onTestFinished(() => killAll(world))
  return world
}

function temporaryFolder({ home }: World): string {
  return join(dirname(home), 'tmp')
}

/** What the control does at its exit: start a process that does nothing, as cheaply as Node can start one. */
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

/** A command line that runs the few lines as a tool of the name `trix`. */
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
 * Runs the command with telemetry off, off with an empty detached spawn, and on, in turn. Nobody can tell the first
 * from the last: the exit code, the signal and the output are the same, it ends when it would have ended, and what it
 * leaves behind is a helper within its bound and our files in the home.
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
  const known = strangers(files(world))
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
  const helperMs = await settled(world)
  // What the test itself has put there may stay.
  expect(strangers(files(world)).filter(file => !known.includes(file))).toEqual([])
  expect(readdirSync(temporaryFolder(world))).toEqual([])
  const shortest = (runs: { ms: number }[]) => Math.min(...runs.map(({ ms }) => ms))
  const row = [shortest(off), shortest(control), shortest(on), helperMs]
  const name = expect.getState().currentTestName ?? ''
  if (row[2]! > (rows.get(name)?.[2] ?? 0)) rows.set(name, row)
  // Generous: it is to catch a command that waits for the network, which costs a second or ten.
  expect(shortest(on)).toBeLessThan(3 * shortest(control) + 500 + (fault.inline ?? 0) * TIMEOUT_MS)
  return { result: on[0]!.seen, helperMs }
}

/**
 * The next command, with nothing wrong any more, delivers: then the receiver of this user's endpoint knows of exactly
 * these, and of one `check`. Before it, the claims of what was killed expire.
 */
export async function delivers(
  world: World,
  expected: Record<string, number>,
  { through, env = {} }: Pick<Fault, 'through' | 'env'> = {},
): Promise<void> {
  const endpoint = env.TRIX_TELEMETRY_ENDPOINT ?? world.env.TRIX_TELEMETRY_ENDPOINT!
  const receiver = receivers.get(endpoint) ?? (await receiving(200, {}, Number(new URL(endpoint).port)))
  await new Promise(resolve => setTimeout(resolve, TIMEOUT_MS + 1200))
  const command = [process.execPath, TOOL, 'check', '--dir', world.cwd]
  const { result } = await run(through?.(command) ?? command, {
    cwd: dirname(world.cwd),
    env: { ...world.env, TRIX_TELEMETRY: 'on', ...env },
  })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  await settled(world)
  expect(counts(receiver.requests)).toEqual({ ...expected, check: 1 })
}

/**
 * Exactly these are in the logs, and the next command, with nothing wrong any more, is delivered. To an endpoint of its
 * own: what was counted for one is never sent to another.
 */
export async function keeps(world: World, expected: Record<string, number>): Promise<void> {
  expect(marksIn(world)).toEqual(expected)
  const receiver = await receiving()
  const { result } = await run([process.execPath, TOOL, 'check', '--dir', world.cwd], {
    cwd: dirname(world.cwd),
    env: { ...world.env, TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint },
  })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  await receiver.arrived(1)
  await settled(world)
  expect(counts(receiver.requests)).toEqual({ check: 1 })
}

/** By endpoint, as long as the test runs. */
const receivers = new Map<string, Receiver>()

/** A receiver that is closed when the test ends. */
export async function receiving(
  status = 200,
  headers: Record<string, string> = {},
  port?: number,
): Promise<Receiver> {
  const receiver = await startReceiver(status, headers, undefined, port)
  receivers.set(receiver.endpoint, receiver)
  onTestFinished(() => {
    receivers.delete(receiver.endpoint)
    return receiver.close()
  })
  return receiver
}

interface Options {
  cwd: string
  env: Env
  whenItPrints?: (child: ChildProcess) => void
  killAfterMs?: number
}

/** Runs a process until it has ended and nobody holds its output open, which is what `$(tool)` waits for. */
export function run(
  [command = '', ...args]: readonly string[],
  { whenItPrints, killAfterMs, ...options }: Options,
): Promise<{ result: Result; ms: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const result: Result = { status: null, signal: null, stdout: '', stderr: '' }
    // What hangs is not to outlive the test.
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

/** Waits until no helper of this user is left. Returns the longest life that was seen, in ms; fails for one too long. */
export async function settled(world: World): Promise<number> {
  let longest = 0
  for (;;) {
    const found = helpers(world)
    longest = Math.max(longest, ...found.map(({ ageMs }) => ageMs))
    expect(longest).toBeLessThan(TIMEOUT_MS + 500 + SLACK_MS)
    if (!found.length) return longest
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** The helpers that were started for this user and still live. */
export function helpers(world: World): { pid: number; ageMs: number }[] {
  return processes(world).filter(({ helper }) => helper)
}

/** Ends whatever was started for this user: what hangs, what a test that failed left running. */
function killAll(world: World): void {
  for (const { pid } of processes(world)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended by itself
    }
  }
}

function processes({ home }: World): { pid: number; helper: boolean; ageMs: number }[] {
  return readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      if (!environment.includes(`FAULT=${home}`)) return []
      const helper = environment.some(entry => entry.startsWith('OTLP_TALLY_HELPER='))
      return [{ pid: Number(pid), helper, ageMs: age(pid) }]
    } catch {
      return [] // gone meanwhile
    }
  })
}

/** Since when a process lives, by the kernel's own clock: field 22 of its `stat`, in hundredths of a second. */
function age(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
  return uptime * 1000 - Number(fields[19]) * 10
}

const CONFIG = /^\.config\/trix\/config\.toml$/
const STATE = /^\.local\/state\/trix\/(fingerprint|notice|consent\.json)$/
const LOG = /^\.local\/state\/trix\/v1\/(local\/)?[\w.+-]+-[0-9a-f]{8}-[0-9a-f]{8}\.log(~\w{8})?$/

/** The files among these that are none of ours, or left half made. */
export function strangers(files: readonly string[]): string[] {
  return files.filter(file => ![CONFIG, STATE, LOG].some(known => known.test(file)))
}

/** The home may not be there, or not be a folder. */
function files(world: World): string[] {
  return statSync(world.home, { throwIfNoEntry: false })?.isDirectory() ? world.files() : []
}

function listCwd({ cwd }: World): string[] {
  return readdirSync(cwd, { recursive: true }).map(String)
}

/** `test`, or where this machine lacks what it takes, a skipped test whose name says what. */
export function needs(condition: boolean, reason: string) {
  return (name: string, run: TestFunction): void =>
    condition ? test(name, run) : test.skip(`${name} (skipped: ${reason})`, run)
}

export const root: ReturnType<typeof needs> = needs(process.geteuid?.() === 0, 'it takes root')

/** Runs the command in a shell, after these lines have succeeded: `inShell('umask 000', command)`. */
export function inShell(before: string, command: readonly string[]): string[] {
  return ['sh', '-c', `set -e\n${before}\nset +e\n"$@"`, 'sh', ...command]
}

/** The same in a mount namespace of its own, which is gone when the last process in it has ended. */
export function inMounts(before: string, command: readonly string[]): string[] {
  return ['unshare', '-m', ...inShell(before, command)]
}

/** Makes everything of this user belong to another than root, whom file modes and limits bind; runs commands as them. */
export function asAnother({ home }: World, uid = 65534): (command: readonly string[]) => string[] {
  execFileSync('chown', ['-R', `${uid}:${uid}`, dirname(home)])
  return command => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...command]
}

/** The invocations in the logs, by command: as text says so, not by the code that is tested. */
export function marksIn(world: World): Record<string, number> {
  const marks: Record<string, number> = {}
  for (const path of logsIn(world)) {
    for (const [, name] of readFileSync(path, 'latin1').matchAll(
      /\ncommand_invocation,command_name=(\w+) \d{13}(?=\n|$)/g,
    ))
      marks[name!] = (marks[name!] ?? 0) + 1
  }
  return marks
}

/** The paths of the logs. */
export function logsIn(world: World): string[] {
  return files(world)
    .filter(file => LOG.test(file))
    .map(file => join(world.home, file))
}

/** In the home lie our files and no others, no temporary one either; in the temporary folder lies nothing. */
export function nothingElseIsLeft(world: World): void {
  expect(strangers(files(world))).toEqual([])
  expect(readdirSync(temporaryFolder(world))).toEqual([])
}
