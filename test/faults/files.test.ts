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
import { TOOL } from '../paths.ts'
import { counts, type Receiver } from '../receiver.ts'
import type { World } from '../world.ts'
import {
  asAnotherUser,
  compare,
  countedIn,
  delivers,
  type Fault,
  inMounts,
  inShell,
  logPaths,
  makeUser,
  needs,
  printReport,
  RUNS,
  receiving,
  run,
  testAsRoot,
  waitForHelpers,
} from './compare.ts'

afterAll(printReport)

/** A user, and a receiver that their commands deliver to. */
async function user(): Promise<{ world: World; receiver: Receiver }> {
  const receiver = await receiving()
  return { world: makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }), receiver }
}

/** The command does the same as without telemetry, and nothing is sent. */
async function countsNothing(world: World, receiver: Receiver, fault: Fault = {}): Promise<void> {
  const before = receiver.requests.length
  await compare(world, fault)
  expect(receiver.requests).toHaveLength(before)
}

/** The same, and no file is made. */
async function isOff(world: World, receiver: Receiver, fault: Fault = {}): Promise<void> {
  await compare(world, fault)
  expect(receiver.requests).toEqual([])
  expect(world.files().filter(file => file.includes('.local'))).toEqual([])
}

/** Counts and delivers two commands, without the fault. */
async function countTwo(world: World, receiver: Receiver): Promise<void> {
  for (let i = 1; i <= 2; i++) {
    await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
    await receiver.arrived(i)
  }
}

describe('HOME', () => {
  testAsRoot('that is not set: the home in passwd is used', async () => {
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
    // The home of this test is mounted over the real one.
    const mount = `mount --bind "$FAULT" '${userInfo().homedir}'`
    await compare(world, { env: { HOME: undefined }, through: command => inMounts(mount, command) })
    await delivers(world, { build: RUNS })
  })

  testAsRoot('that is not set, and the user is not in passwd: off', async () => {
    const { world, receiver } = await user()
    await isOff(world, receiver, { env: { HOME: undefined }, through: asAnotherUser(world, 54_321) })
  })

  test('that is missing: off, and it is not made', async () => {
    const { world, receiver } = await user()
    rmSync(world.home, { recursive: true })
    await compare(world)
    expect(existsSync(world.home)).toBe(false)
    expect(receiver.requests).toEqual([])
    mkdirSync(world.home)
    await delivers(world, {})
  })

  testAsRoot('that is missing and cannot be made: off', async () => {
    const { world, receiver } = await user()
    rmSync(world.home, { recursive: true })
    const through = asAnotherUser(world)
    chownSync(dirname(world.home), 0, 0)
    // The user still has to get into the working folder.
    execFileSync('chmod', ['755', dirname(world.home)])
    await compare(world, { through })
    expect(receiver.requests).toEqual([])
    expect(existsSync(world.home)).toBe(false)
  })

  test('that is a file: off', async () => {
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

  testAsRoot('that belongs to another user: off', async () => {
    const { world, receiver } = await user()
    execFileSync('chown', ['-R', '65534:65534', world.home])
    await isOff(world, receiver)
  })
})

describe('a state folder', () => {
  test('that is a file: nothing is counted', async () => {
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
  ])('with %s in the place of a log: nothing is counted until it is removed', async (_, make) => {
    const { world, receiver } = await user()
    await countTwo(world, receiver)
    await waitForHelpers(world)
    const path = logPaths(world)[0]!
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
  ])('with a log %s: counting goes on in a log with another id', async (_, damage) => {
    const { world, receiver } = await user()
    await countTwo(world, receiver)
    await waitForHelpers(world)
    const path = logPaths(world)[0]!
    writeFileSync(path, damage(readFileSync(path)))
    await compare(world)
    await waitForHelpers(world)
    // A log with fewer marks than its last claim has seen is set aside. One command may have counted in it before.
    const { build = 0 } = counts(receiver.requests)
    expect(build).toBeGreaterThanOrEqual(2 + RUNS - 1)
    expect(build).toBeLessThanOrEqual(2 + RUNS)
    await delivers(world, { build })
  })

  test.each<[string, string | Buffer]>([
    ['scribbled', 'scribbled\n'],
    ['noise', Buffer.alloc(100, 0xff)],
    ['too long', 'scribbled\n'.repeat(100)],
  ])('with a fingerprint that is %s: a new installation begins', async (_, bytes) => {
    const { world, receiver } = await user()
    mkdirSync(world.state, { recursive: true })
    writeFileSync(join(world.state, 'fingerprint'), bytes)
    await compare(world)
    await waitForHelpers(world)
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
  ])('that is %s: off, and it is not changed', async (_, make) => {
    const { world, receiver } = await user()
    rmSync(world.config)
    make(world.config)
    const made = lstatSync(world.config)
    await isOff(world, receiver)
    expect(lstatSync(world.config)).toMatchObject({ ino: made.ino, size: made.size, mtimeMs: made.mtimeMs })
    rmSync(world.config, { recursive: true })
    await delivers(world, {})
  })

  testAsRoot('that is unreadable: off', async () => {
    const { world, receiver } = await user()
    execFileSync('chmod', ['000', world.config])
    const through = asAnotherUser(world)
    await isOff(world, receiver, { through })
    execFileSync('chmod', ['600', world.config])
    await delivers(world, {}, { through })
  })
})

describe('limits', () => {
  /** Runs the command under the lowest limit with which it works without telemetry, and under the next seven. */
  async function fromTheLowest(limit: string, helpersMayHang: boolean, through: Through) {
    const { world, receiver } = await user()
    const bounded = (n: number) => (command: readonly string[]) =>
      through(world, ['prlimit', `--${limit}=${n}`, '--', ...command])
    const works = (n: number) => {
      const [command = '', ...args] = bounded(n)([process.execPath, TOOL, 'build'])
      const env = { ...world.env, TRIX_TELEMETRY: 'off' }
      // Near the limit a run may work or fail, and Node may hang if it cannot start a thread.
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
    const { build = 0 } = countedIn(world)
    expect(build).toBeGreaterThan(0)
    // Under the lowest limits no helper can be started.
    expect(receiver.requests.length).toBeLessThan(limits)
    await delivers(world, { build }, { through: command => through(world, command) })
  }

  type Through = (world: World, command: readonly string[]) => readonly string[]

  test('of file descriptors (ulimit -n)', async () => {
    await fromTheLowest('nofile', false, (_, command) => command)
  })

  // The limit counts all processes and threads of a user, so each run has its own user.
  let uid = 54_322
  const asNewUser: Through = (world, command) => asAnotherUser(world, uid++)(command)

  // `ulimit -u` can leave room for the helper's process but not for Node's six threads. Node 20, 22 and 26 then hang at
  // startup, before the helper sets its timer, so these helpers are killed.
  testAsRoot('of processes (ulimit -u)', async () => {
    await fromTheLowest('nproc', true, asNewUser)
  })
})

describe('umask', () => {
  test('000: files and folders are for their owner alone', async () => {
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

  testAsRoot('777: nothing is counted', async () => {
    const { world, receiver } = await user()
    mkdirSync(dirname(world.state), { recursive: true })
    const through = asAnotherUser(world)
    await countsNothing(world, receiver, { through: command => through(inShell('umask 777', command)) })
    // The folder that was made cannot be entered.
    expect(lstatSync(world.state).mode & 0o777).toBe(0)
  })
})

test('a command in a working folder that was deleted is counted', async () => {
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
  const gone = 'mkdir -p "$FAULT/../gone" && cd "$FAULT/../gone" && rmdir "$FAULT/../gone"'
  await compare(world, {
    tool: ['build', '--dir', world.cwd],
    through: command => inShell(gone, command),
  })
  await delivers(world, { build: RUNS })
})

test('a command with a TMPDIR that is missing is counted', async () => {
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' })
  await compare(world, { env: { TMPDIR: '/nowhere' } })
  await delivers(world, { build: RUNS }, { env: { TMPDIR: '/nowhere' } })
})

describe('a clock', () => {
  // A namespace cannot have its own time of day, so a preloaded library changes what the C library returns.
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
  const shifted = needs(spawnSync('cc', ['--version']).status === 0, 'it needs a C compiler')
  const clock = (seconds: number) => ({ LD_PRELOAD: shift, CLOCK_SHIFT: String(seconds) })
  const HOUR = 3600
  const YEAR = 365 * 24 * HOUR

  shifted('can be shifted', async () => {
    const { world } = await user()
    const ask = [process.execPath, '-p', 'Date.now()']
    const { result } = await run(ask, { cwd: world.cwd, env: { ...world.env, ...clock(YEAR) } })
    expect(Number(result.stdout) - Date.now()).toBeGreaterThan((YEAR - HOUR) * 1000)
  })

  shifted('that is set an hour back: each run is counted', async () => {
    const { world, receiver } = await user()
    await countTwo(world, receiver)
    await compare(world, { env: clock(-HOUR) })
    await receiver.arrived(2 + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS })
    await delivers(world, { build: 2 + RUNS })
  })

  shifted('that is a year ahead for some runs: each run is counted', async () => {
    const { world, receiver } = await user()
    await countTwo(world, receiver)
    await compare(world, { env: clock(YEAR) })
    await receiver.arrived(2 + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS })
    await compare(world)
    await receiver.arrived(2 + RUNS + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS + RUNS })
    await delivers(world, { build: 2 + RUNS + RUNS })
  })

  shifted('that is a year ahead for a new version: the older version still counts', async () => {
    const { world, receiver } = await user()
    await countTwo(world, receiver)
    await compare(world, { env: { ...clock(YEAR), TRIX_VERSION: '1.0.0' } })
    await receiver.arrived(2 + RUNS)
    await compare(world)
    await receiver.arrived(2 + RUNS + RUNS)
    expect(counts(receiver.requests)).toEqual({ build: 2 + RUNS + RUNS })
    await delivers(world, { build: 2 + RUNS + RUNS })
  })
})
