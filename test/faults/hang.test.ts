import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TOOL } from '../paths.ts'
import { linked, runOnTerminal, type World } from '../world.ts'
import { inMounts, logPaths, makeUser, receiving, run, testAsRoot } from './compare.ts'

// However strange the file system is, a command ends, with the same exit code and output as with telemetry off.

/** Kills a command that hangs. Usually a command takes 0.1 s. */
const BOUND = ['timeout', '-s', 'KILL', '10']
/** The modes in which a command reads files. */
const MODES: readonly Record<string, string>[] = [
  {},
  { TRIX_TELEMETRY: 'on' },
  { TRIX_TELEMETRY: 'log' },
  { TRIX_TELEMETRY: 'local' },
]

interface Strange {
  env?: Record<string, string>
  through?: (command: readonly string[]) => readonly string[]
}

/** Runs the example tool in each mode, and compares it with a run with telemetry off. */
async function endsInTime(world: World, { env = {}, through = command => [...command] }: Strange) {
  const command = through([...BOUND, process.execPath, TOOL, 'build'])
  const once = async (mode: Record<string, string>) =>
    (await run(command, { cwd: world.cwd, env: { ...world.env, ...env, ...mode } })).result
  const off = await once({ TRIX_TELEMETRY: 'off' })
  expect(off).toMatchObject({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
  for (const mode of MODES) {
    const result = await once(mode)
    const isLogged = mode.TRIX_TELEMETRY === 'log' && /^trix telemetry: /.test(result.stderr)
    expect({ mode, ...result, ...(isLogged && { stderr: '' }) }).toEqual({ mode, ...off })
  }
}

/** A user who has seen the notice on a terminal, so that their commands are counted. */
async function userWithNotice(): Promise<World> {
  const receiver = await receiving()
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  rmSync(world.config)
  await runOnTerminal(`${process.execPath} ${TOOL} build`, world)
  expect(world.files()).toEqual(['.local/state/trix/notice'])
  return world
}

async function userWithLog(): Promise<World & { log: string }> {
  const world = await userWithNotice()
  await world.tool(['build'])
  const [log = 'there is no log'] = logPaths(world)
  return { ...world, log }
}

describe('a command ends where a folder cannot be made', () => {
  test.each([
    ['HOME=/proc', { HOME: '/proc' }],
    ['HOME=/proc/self', { HOME: '/proc/self' }],
    ['HOME=/sys', { HOME: '/sys' }],
    ['XDG_STATE_HOME=/proc/foo', { XDG_STATE_HOME: '/proc/foo' }],
    ['XDG_CONFIG_HOME=/proc/foo', { XDG_CONFIG_HOME: '/proc/foo' }],
    ['XDG_STATE_HOME=/dev/null/foo', { XDG_STATE_HOME: '/dev/null/foo' }],
    ['XDG_STATE_HOME=/dev/fd/9/foo', { XDG_STATE_HOME: '/dev/fd/9/foo' }],
  ])('%s', async (_, env: Record<string, string>) => {
    await endsInTime(await userWithNotice(), { env })
  })

  testAsRoot('a bind mount whose source was deleted', async () => {
    const world = await userWithNotice()
    const source = join(dirname(world.home), 'source')
    const mount = `mkdir -p '${source}'; mount --bind '${source}' "$HOME"; rmdir '${source}'`
    await endsInTime(world, { through: command => inMounts(mount, command) })
  })

  test('also if it asks for consent', async () => {
    const world = await userWithNotice()
    const code = `
      import { initTelemetry } from 'otlp-tally'
      import { askConsent } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009', consent: 'explicit', commands: [] })
      console.log(await askConsent())`
    const file = join(world.cwd, 'ask.mjs')
    writeFileSync(file, linked(code))
    for (const HOME of [world.home, '/proc']) {
      // In a terminal, where it asks. Enter means no.
      const line = `echo | script -qec '${process.execPath} ${file}' /dev/null`
      const { result } = await run([...BOUND, 'sh', '-c', line], {
        cwd: world.cwd,
        env: { ...world.env, HOME },
      })
      expect(result).toMatchObject({ status: 0, signal: null })
      expect(result.stdout).toMatch(/(false|undefined|no|off)\W*$/)
    }
  })
})

/** What can be at a path instead of the expected file or folder. */
const replacements: Record<string, (path: string) => void> = {
  'a FIFO': path => void execFileSync('mkfifo', [path]),
  'a symlink to itself': path => symlinkSync(path, path),
  'a symlink to /dev/zero': path => symlinkSync('/dev/zero', path),
  'a symlink to /dev/random': path => symlinkSync('/dev/random', path),
  'a symlink to /dev/tty': path => symlinkSync('/dev/tty', path),
  'a symlink to a terminal in which nobody types': path => symlinkSync('/dev/ptmx', path),
  'a symlink to an endless file of /proc': path => symlinkSync('/proc/self/mem', path),
  'a socket': path =>
    void execFileSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(process.argv[1], () => process.exit())`,
      path,
    ]),
  'a folder': path => mkdirSync(path),
  'an endless symlink chain': path => {
    for (let i = 0; i < 50; i++) symlinkSync(`${path}${i + 1}`, `${path}${i || ''}`)
  },
}

/** Every file and folder of the home that a command reads. */
const places: Record<string, (world: World & { log: string }) => string> = {
  'the folder of the config': ({ config }) => dirname(config),
  'the config': ({ config }) => config,
  'the state folder': ({ state }) => state,
  'the answer': ({ state }) => join(state, 'consent.json'),
  'the notice': ({ state }) => join(state, 'notice'),
  'the fingerprint': ({ state }) => join(state, 'fingerprint'),
  'the folder of the logs': ({ state }) => join(state, 'v1'),
  'the folder of the local logs': ({ state }) => join(state, 'v1/local'),
  'the log': ({ log }) => log,
  'a log that was set aside': ({ log }) => `${log}~abcdefgh`,
  'the log of an earlier version': ({ log }) => log.replace('0.19.3', '0.19.2'),
}

describe.each(Object.keys(places))('a command ends where %s is replaced by', place => {
  test.each(Object.keys(replacements))('%s', async what => {
    const world = await userWithLog()
    const path = places[place]!(world)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(dirname(path), { recursive: true })
    replacements[what]!(path)
    await endsInTime(world, {})
  })
})

describe('a command ends where there are', () => {
  const MANY = 100_000

  test.each([
    ['logs of earlier versions', (i: number) => `0.18.${i}-00000000-00000000.log`],
    [
      'logs that were set aside',
      (i: number) => `0.19.3-00000000-00000000.log~${i.toString(36).padStart(8, '0')}`,
    ],
    ['files of somebody else', (i: number) => `IMG_${i}.jpeg`],
  ])('100,000 %s', async (_, name) => {
    const world = await userWithLog()
    // `touch` makes them faster than Node.
    const names = join(world.home, 'names')
    writeFileSync(names, Array.from({ length: MANY }, (_, i) => name(i)).join('\n'))
    execFileSync('sh', ['-c', 'cd "$1" && xargs touch <"$2"', 'sh', dirname(world.log), names])
    await endsInTime(world, {})
    // A new version makes a log, and then its helper reads the folder.
    await endsInTime(world, { env: { TRIX_VERSION: '9.9.9' } })
  })

  test('a log of 8 GB', async () => {
    const world = await userWithLog()
    truncateSync(world.log, 8 * 2 ** 30)
    await endsInTime(world, {})
  })

  test('an answer, a notice, a fingerprint and a config of 8 GB', async () => {
    const world = await userWithLog()
    mkdirSync(dirname(world.config), { recursive: true })
    for (const path of [
      join(world.state, 'consent.json'),
      join(world.state, 'notice'),
      join(world.state, 'fingerprint'),
      world.config,
    ]) {
      const before = existsSync(path) ? readFileSync(path) : undefined
      writeFileSync(path, '')
      truncateSync(path, 8 * 2 ** 30)
      await endsInTime(world, {})
      if (before) writeFileSync(path, before)
      else rmSync(path)
    }
  })
})
