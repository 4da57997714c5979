import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { counts, type Receiver } from '../receiver.ts'
import type { World } from '../world.ts'
import {
  asAnother,
  compare,
  delivers,
  type Fault,
  inMounts,
  inShell,
  logsIn,
  makeUser,
  marksIn,
  needs,
  printReport,
  RUNS,
  receiving,
  root,
  run,
  settled,
  TOOL,
} from './compare.ts'

afterAll(printReport)

/** A user, and a receiver that the commands with the fault deliver to. */
async function user(): Promise<{ world: World; receiver: Receiver }> {
  const receiver = await receiving()
  return { world: makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }), receiver }
}

/** What cannot be stored is neither counted nor sent. */
async function countsNothing(world: World, receiver: Receiver, fault: Fault = {}): Promise<void> {
  const before = receiver.requests.length
  await compare(world, fault)
  expect(receiver.requests).toHaveLength(before)
}

/** Nothing is counted, sent or made. */
async function isOff(world: World, receiver: Receiver, fault: Fault = {}): Promise<void> {
  await compare(world, fault)
  expect(receiver.requests).toEqual([])
  expect(world.files().filter(file => file.includes('.local'))).toEqual([])
}

/** Two commands that were counted and delivered before anything went wrong. */
async function countedTwo(world: World, receiver: Receiver): Promise<void> {
  for (let i = 1; i <= 2; i++) {
    await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
    await receiver.arrived(i)
  }
}

describe('HOME', () => {
  root('unset: the home of passwd is taken', async () => {
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
    // Ours in the place of the real one, which a test does not touch.
    const mount = `mount --bind "$FAULT" '${userInfo().homedir}'`
    await compare(world, { env: { HOME: undefined }, through: command => inMounts(mount, command) })
    await delivers(world, { build: RUNS })
  })

  root('unset, and a user whom passwd does not know', async () => {
    const { world, receiver } = await user()
    await isOff(world, receiver, { env: { HOME: undefined }, through: asAnother(world, 54_321) })
  })

  test('missing: off, and it is not made', async () => {
    const { world, receiver } = await user()
    rmSync(world.home, { recursive: true })
    await compare(world)
    expect(existsSync(world.home)).toBe(false)
    expect(receiver.requests).toEqual([])
    mkdirSync(world.home)
    await delivers(world, {})
  })

  root('missing, where we may not make it', async () => {
    const { world, receiver } = await user()
    rmSync(world.home, { recursive: true })
    const through = asAnother(world)
    chownSync(dirname(world.home), 0, 0)
    // Others may pass through, or not even the working folder could be entered.
    execFileSync('chmod', ['755', dirname(world.home)])
    await compare(world, { through })
    expect(receiver.requests).toEqual([])
    expect(existsSync(world.home)).toBe(false)
  })

  test('a file', async () => {
    const { world, receiver } = await user()
    rmSync(world.home, { recursive: true })
    writeFileSync(world.home, 'not a folder\n')
    await compare(world)
    expect(readFileSync(world.home, 'utf8')).toBe('not a folder\n')
    rmSync(world.home)
    mkdirSync(world.home)
    expect(receiver.requests).toEqual([])
    await delivers(world, {})
  })

  root('owned by somebody else', async () => {
    const { world, receiver } = await user()
    execFileSync('chown', ['-R', '65534:65534', world.home])
    await isOff(world, receiver)
  })
})

describe('state', () => {
  test('that is a file', async () => {
    const { world, receiver } = await user()
    mkdirSync(dirname(world.state), { recursive: true })
    writeFileSync(world.state, 'not a folder\n')
    await countsNothing(world, receiver)
    expect(readFileSync(world.state, 'utf8')).toBe('not a folder\n')
    rmSync(world.state)
    await delivers(world, {})
  })

  test.each<[string, (path: string) => void]>([
    ['a folder', path => mkdirSync(path)],
    ['a symlink to /dev/full', path => symlinkSync('/dev/full', path)],
    ['a FIFO', path => execFileSync('mkfifo', [path])],
  ])('with a log that is %s', async (_, make) => {
    const { world, receiver } = await user()
    await countedTwo(world, receiver)
    await settled(world)
    const path = logsIn(world)[0]!
    rmSync(path)
    make(path)
    const made = lstatSync(path)
    await countsNothing(world, receiver)
    expect(lstatSync(path)).toMatchObject({ ino: made.ino, mtimeMs: made.mtimeMs })
    rmSync(path, { recursive: true })
    await delivers(world, { build: 2 })
  })

  test.each<[string, (log: Buffer) => string | Buffer]>([
    ['cut to nothing', () => ''],
    ['without its first half', log => log.subarray(log.length / 2)],
    ['full of zeros', log => Buffer.alloc(log.length)],
    ['with a word in it', () => 'scribbled\n'],
    ['of 2 MB of noise', () => randomBytes(2_000_000)],
  ])('with a log %s: another id goes on', async (_, damage) => {
    const { world, receiver } = await user()
    await countedTwo(world, receiver)
    await settled(world)
    const path = logsIn(world)[0]!
    writeFileSync(path, damage(readFileSync(path)))
    await compare(world)
    await settled(world)
    // A log that says more than it holds is set aside, so one or two may have been counted in it and are not sent.
    const { build = 0 } = counts(receiver.requests)
    expect(build).toBeGreaterThanOrEqual(2 + RUNS - 1)
    expect(build).toBeLessThanOrEqual(2 + RUNS)
    await delivers(world, { build })
  })

  test.each<[string, string | Buffer]>([
    ['scribbled', 'scribbled\n'],
    ['noise', Buffer.alloc(100, 0xff)],
    // A bug that this found: what was longer than it can be was an error in each run, for ever.
    ['too long', 'scribbled\n'.repeat(100)],
  ])('with a fingerprint that is %s: the installation is a new one', async (_, bytes) => {
    const { world, receiver } = await user()
    mkdirSync(world.state, { recursive: true })
    writeFileSync(join(world.state, 'fingerprint'), bytes)
    await compare(world)
    await settled(world)
    expect(counts(receiver.requests)).toEqual({ build: RUNS })
    await delivers(world, { build: RUNS })
  })
})

describe('a config', () => {
  const valid = '[telemetry]\nenabled = true\n'

  test.each<[string, (path: string) => void]>([
    ['a folder', path => mkdirSync(path)],
    ['a FIFO', path => execFileSync('mkfifo', [path])],
    ['10 MB', path => writeFileSync(path, valid + '# a long story\n'.repeat(700_000))],
    ['binary', path => writeFileSync(path, randomBytes(10_000))],
  ])('that is %s: off, and it stays', async (_, make) => {
    const { world, receiver } = await user()
    rmSync(world.config)
    make(world.config)
    const made = lstatSync(world.config)
    await isOff(world, receiver)
    expect(lstatSync(world.config)).toMatchObject({ ino: made.ino, size: made.size, mtimeMs: made.mtimeMs })
    rmSync(world.config, { recursive: true })
    await delivers(world, {})
  })

  root('that is unreadable: off', async () => {
    const { world, receiver } = await user()
    execFileSync('chmod', ['000', world.config])
    const through = asAnother(world)
    await isOff(world, receiver, { through })
    execFileSync('chmod', ['600', world.config])
    await delivers(world, {}, { through })
  })

  test('with a byte order mark is a config', async () => {
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
    world.writeConfig(`\ufeff${valid}timeout_ms = 500\n`)
    const { helperMs } = await compare(world)
    expect(helperMs).toBeLessThan(1500)
    await delivers(world, { build: RUNS })
  })
})

describe('limits', () => {
  /** Runs the command below a limit, from the lowest one that it works with at all, and upwards. */
  async function fromTheLowest(limit: string, helpersMayHang: boolean, through: Through) {
    const { world, receiver } = await user()
    const bounded = (n: number) => (command: readonly string[]) =>
      through(world, ['prlimit', `--${limit}=${n}`, '--', ...command])
    const works = (n: number) => {
      const [command = '', ...args] = bounded(n)([process.execPath, TOOL, 'build'])
      const env = { ...world.env, TRIX_TELEMETRY: 'off' }
      // Near the limit it may be a matter of luck. Node may also hang, where it can start no thread.
      const options = { cwd: world.cwd, env, timeout: 3000, killSignal: 'SIGKILL' } as const
      return [1, 2, 3].every(() => spawnSync(command, args, options).status === 0)
    }
    let lowest = 1
    while (!works(lowest)) {
      lowest++
      expect(lowest).toBeLessThan(100)
    }
    const limits = 8
    for (let n = lowest; n < lowest + limits; n++)
      await compare(world, {
        runs: 1,
        helpersMayHang,
        through: bounded(n),
        clean: output => output.replace(/^node\[\d+\]/gm, 'node[…]'),
      })
    const { build: marks = 0 } = marksIn(world)
    expect(marks).toBeGreaterThan(0)
    // The limit was felt: not every one could start its helper.
    expect(receiver.requests.length).toBeLessThan(limits)
    await delivers(world, { build: marks }, { through: command => through(world, command) })
  }

  type Through = (world: World, command: readonly string[]) => readonly string[]

  test('out of descriptors (ulimit -n)', async () => {
    await fromTheLowest('nofile', false, (_, command) => command)
  })

  // The limit counts all processes and threads of a user, so each run is another user: who is left would count.
  let uid = 54_322
  const asStranger: Through = (world, command) => asAnother(world, uid++)(command)

  root('out of processes (ulimit -u)', async () => {
    await fromTheLowest('nproc', true, asStranger)
  })

  // Found here: `ulimit -u` leaves room for the helper's process and not for Node's six threads. Node 20, 22 and 26 then
  // wait for those for ever, before the helper's timer is set. `--v8-pool-size=0` needs four threads less.
  test.skip('out of processes: no helper is left (skipped: Node hangs in its own start without threads)', async () => {
    await fromTheLowest('nproc', false, asStranger)
  })
})

describe('umask', () => {
  test('000: what we make is for its owner alone', async () => {
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
    await compare(world, { through: command => inShell('umask 000', command) })
    const modes = (type: string) =>
      execFileSync('find', [join(world.home, '.local'), '-type', type, '-printf', '%m\\n'], {
        encoding: 'utf8',
      })
    expect(new Set(modes('f').trim().split('\n'))).toEqual(new Set(['600']))
    expect(new Set(modes('d').trim().split('\n'))).toEqual(new Set(['700']))
    await delivers(world, { build: RUNS })
  })

  root('777: nothing can be stored', async () => {
    const { world, receiver } = await user()
    mkdirSync(dirname(world.state), { recursive: true })
    const through = asAnother(world)
    await countsNothing(world, receiver, { through: command => through(inShell('umask 777', command)) })
    // The folder that was made so cannot be entered, with any umask: it is for its owner to mend.
    expect(lstatSync(world.state).mode & 0o777).toBe(0)
  })
})

test('a working folder that was deleted', async () => {
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
  const gone = 'mkdir -p "$FAULT/../gone" && cd "$FAULT/../gone" && rmdir "$FAULT/../gone"'
  await compare(world, {
    tool: ['build', '--dir', world.cwd],
    through: command => inShell(gone, command),
  })
  await delivers(world, { build: RUNS })
})

test('a TMPDIR that is missing', async () => {
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
  await compare(world, { env: { TMPDIR: '/nowhere' } })
  await delivers(world, { build: RUNS }, { env: { TMPDIR: '/nowhere' } })
})

describe('a clock', () => {
  // No namespace has a clock of its own for the time of day, so the C library tells another one.
  const shift = join(tmpdir(), `otlp-tally-clock-${process.pid}.so`)
  const source = `
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdlib.h>
    #include <sys/time.h>
    #include <time.h>
    int clock_gettime(clockid_t id, struct timespec *t) {
      int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
      int result = real(id, t);
      if (id == CLOCK_REALTIME) t->tv_sec += atoll(getenv("CLOCK_SHIFT"));
      return result;
    }
    int gettimeofday(struct timeval *restrict t, void *restrict zone) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      t->tv_sec = now.tv_sec;
      t->tv_usec = now.tv_nsec / 1000;
      return 0;
    }`
  beforeAll(() => void execFileSync('cc', ['-shared', '-fPIC', '-o', shift, '-xc', '-'], { input: source }))
  afterAll(() => rmSync(shift, { force: true }))
  const shifted = needs(spawnSync('cc', ['--version']).status === 0, 'it takes a C compiler')
  const clock = (seconds: number) => ({ LD_PRELOAD: shift, CLOCK_SHIFT: String(seconds) })
  const HOUR = 3600
  const YEAR = 365 * 24 * HOUR

  shifted('is one', async () => {
    const { world } = await user()
    const ask = [process.execPath, '-p', 'Date.now()']
    const { result } = await run(ask, { cwd: world.cwd, env: { ...world.env, ...clock(YEAR) } })
    expect(Number(result.stdout) - Date.now()).toBeGreaterThan((YEAR - HOUR) * 1000)
  })

  shifted('an hour back', async () => {
    const { world, receiver } = await user()
    await countedTwo(world, receiver)
    await compare(world, { env: clock(-HOUR) })
    await receiver.arrived(2 + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS })
    await delivers(world, { build: 2 + RUNS })
  })

  shifted('a year ahead, and right again', async () => {
    const { world, receiver } = await user()
    await countedTwo(world, receiver)
    await compare(world, { env: clock(YEAR) })
    await receiver.arrived(2 + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS })
    await compare(world)
    await receiver.arrived(2 + RUNS + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS + RUNS })
    await delivers(world, { build: 2 + RUNS + RUNS })
  })

  shifted('a year ahead for a new version, when the old one seems long forgotten', async () => {
    const { world, receiver } = await user()
    await countedTwo(world, receiver)
    await compare(world, { env: { ...clock(YEAR), TRIX_VERSION: '1.0.0' } })
    await receiver.arrived(2 + RUNS)
    await compare(world)
    await receiver.arrived(2 + RUNS + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS + RUNS })
    await delivers(world, { build: 2 + RUNS + RUNS })
  })
})
