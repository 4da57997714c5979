import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { counts, type Receiver, startReceiver } from '../receiver.ts'
import { makeWorld, type Result, runProcess, type World } from '../world.ts'

/** A user of the tool, which is built and run in one of the ways that we test. */
export interface Trial {
  world: World
  receiver: Receiver
  /** Runs the tool in a folder with one good document. Its folder `bad` has a broken one. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Result>
  /** How often the tool was started, by us or by anything else. */
  starts(): number
  /** Resolves when this many POSTs have arrived and no process of this user is left to send another. */
  delivered(posts: number): Promise<void>
}

/** The user for the hard limit, who has no other processes. */
export const NOBODY_ELSE = 64_123

export async function makeTrial(command: readonly string[], uid?: number): Promise<Trial> {
  const receiver = await startReceiver()
  const world = makeWorld({
    TRIX_TELEMETRY: 'on',
    TRIX_TELEMETRY_ENDPOINT: receiver.endpoint,
    DENO_NO_UPDATE_CHECK: '1',
  })
  const folders = [join(world.cwd, '..'), world.home, world.cwd, join(world.cwd, 'bad')]
  mkdirSync(folders[3]!)
  writeFileSync(join(world.cwd, 'good.json'), '{ "a": 1 }\n')
  writeFileSync(join(world.cwd, 'bad/broken.json'), '{\n')
  const starts = join(world.cwd, 'starts')
  writeFileSync(starts, '')
  if (uid !== undefined) for (const path of [...folders, starts]) chownSync(path, uid, uid)
  chmodSync(folders[0]!, 0o755)
  return {
    world,
    receiver,
    run: ([...args], env = {}) =>
      runProcess(command[0]!, [...command.slice(1), ...args], {
        cwd: world.cwd,
        env: { ...world.env, STARTS: starts, ...env },
      }),
    starts: () => readFileSync(starts, 'utf8').length,
    delivered: posts => delivered(receiver, posts, `HOME=${world.home}`),
  }
}

/**
 * Resolves when this many POSTs have arrived in all and no process is left with that environment variable, which a helper
 * inherits from its command. Rejects after 15 s, or if more POSTs have arrived.
 */
export async function delivered(
  receiver: Receiver,
  posts: number,
  variable: string,
  program?: string,
): Promise<void> {
  await receiver.arrived(posts)
  await gone(variable, program)
  expect(receiver.requests).toHaveLength(posts)
}

/** Resolves when no process of this program is left with that environment variable. Rejects after 15 s. */
export async function gone(variable: string, program = ''): Promise<void> {
  // Two scans in a row must find none, since the environment of a process that is just starting cannot be seen.
  for (let scans = 0, deadline = Date.now() + 15_000; ; await sleep(20)) {
    const left = processesWith(variable).filter(line => line.includes(program))
    scans = left.length ? 0 : scans + 1
    if (scans === 2) return
    if (Date.now() > deadline) throw new Error(`still there: ${left.join(', ')}`)
  }
}

function processesWith(variable: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
        return environment.includes(variable) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : []
      } catch {
        return [] // it ended just now
      }
    })
}

export interface Expected {
  route: 'detached' | 'inline'
  /** Whether a helper can be started, which sends after `process.exit()` too. Default: if the route is detached. */
  helper?: boolean
  /** False where the runtime runs no `exit` handler after an uncaught error: the next command delivers. */
  afterError?: boolean
  /** What the runtime itself may write to stderr. Anything else there is an error. */
  stderr?: RegExp
}

/**
 * Does what a user does with a tool, and expects that exit codes and output are the tool's own, that each command is one
 * POST, that the counts are right, and that nothing but the user has started the tool.
 */
export async function exercise(
  command: readonly string[],
  { route, helper = route === 'detached', afterError = true, stderr = /^$/ }: Expected,
  uid?: number,
): Promise<void> {
  const { run, receiver, starts, delivered } = await makeTrial(command, uid)
  let runs = 0
  let posts = 0
  async function step(args: string[], sends: boolean, expected: object, env: Record<string, string> = {}) {
    const result = await run(args, env)
    expect(result, args.join(' ')).toMatchObject({ signal: null, ...expected })
    await delivered((posts += sends ? 1 : 0))
    expect(starts(), `starts after ${args.join(' ')}`).toBe(++runs)
    return result
  }
  const ownStderr = expect.stringMatching(stderr)

  await step(['build'], true, { status: 0, stdout: '{"good.json":{"a":1}}\n', stderr: ownStderr })
  // An executable can start no helper, and `process.exit()` or an uncaught error leave no time to send inline. The next
  // command's body has their counts.
  const exited = await step(['check', '--dir', 'bad'], helper, { status: 3, stdout: '' })
  expect(exited.stderr).toContain('broken.json: ')
  const died = await step(['build', '--dir', 'bad'], helper && afterError, { status: 1, stdout: '' })
  expect(died.stderr).toContain('SyntaxError')
  await step(['test'], true, { status: 0, stdout: '1 documents\n', stderr: ownStderr })
  expect(counts(receiver.requests)).toEqual({ build: 2, check: 1, test: 1 })
  expect(counts(receiver.requests, 'documents_tested')).toEqual({ false: 1 })

  await step(['help'], false, { status: 0, stdout: '' })
  // An unknown command is counted as `unknown`, never by its name.
  await step(['frobnicate'], true, { status: 2, stdout: '' })
  expect(counts(receiver.requests)).toEqual({ build: 2, check: 1, test: 1, unknown: 1 })
  for (const { body } of receiver.requests) expect(body).not.toContain('frobnicate')
  await step(['build'], false, { status: 0, stderr: ownStderr }, { DO_NOT_TRACK: '1' })
  const status = await step(['telemetry', 'status'], false, { status: 0, stderr: ownStderr })
  expect(status.stdout).toMatch(new RegExp(`delivery +${route}: `))
  const disabled = await step(
    ['telemetry', 'disable'],
    false,
    { status: 0, stderr: ownStderr },
    { TRIX_TELEMETRY: 'off' },
  )
  expect(disabled.stdout).not.toBe('')
}
