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
import type { World } from '../world.ts'
import { inMounts, LIBRARY, logsIn, makeUser, receiving, root, run, TOOL } from './compare.ts'

// However strange the file system is, a command ends, with the exit code and the output of telemetry off. The bound is
// that of the issue: 10 s, for what takes 0.1.

const BOUND = ['timeout', '-s', 'KILL', '10']
/** The ways of a command that look at files. */
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

/** Runs the example tool in each mode, and compares it with telemetry off. */
async function endsInTime(world: World, { env = {}, through = command => [...command] }: Strange) {
  const command = through([...BOUND, process.execPath, TOOL, 'build'])
  const once = async (mode: Record<string, string>) =>
    (await run(command, { cwd: world.cwd, env: { ...world.env, ...env, ...mode } })).result
  const off = await once({ TRIX_TELEMETRY: 'off' })
  expect(off).toMatchObject({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
  for (const mode of MODES) {
    const result = await once(mode)
    // `log` says why on stderr, where there is somebody to tell it to.
    const said = mode.TRIX_TELEMETRY === 'log' && /^trix telemetry: /.test(result.stderr)
    expect({ mode, ...result, ...(said && { stderr: '' }) }).toEqual({ mode, ...off })
  }
}

/** A user who has seen the notice, on a terminal, so that a command without a variable goes the whole way. */
async function seen(): Promise<World> {
  const receiver = await receiving()
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  rmSync(world.config)
  const env = { ...world.env, TERM: 'xterm' }
  await run(['script', '-qec', `${process.execPath} ${TOOL} build`, '/dev/null'], { cwd: world.cwd, env })
  expect(world.files()).toEqual(['.local/state/trix/notice'])
  return world
}

/** A user with a log. */
async function counted(): Promise<World & { log: string }> {
  const world = await seen()
  await world.tool(['build'])
  const [log = 'there is no log'] = logsIn(world)
  return { ...world, log }
}

describe('a folder that cannot be made under a parent that exists', () => {
  test.each([
    ['HOME=/proc', { HOME: '/proc' }],
    ['HOME=/proc/self', { HOME: '/proc/self' }],
    ['HOME=/sys', { HOME: '/sys' }],
    ['XDG_STATE_HOME=/proc/foo', { XDG_STATE_HOME: '/proc/foo' }],
    ['XDG_CONFIG_HOME=/proc/foo', { XDG_CONFIG_HOME: '/proc/foo' }],
    ['XDG_STATE_HOME=/dev/null/foo', { XDG_STATE_HOME: '/dev/null/foo' }],
    ['XDG_STATE_HOME=/dev/fd/9/foo', { XDG_STATE_HOME: '/dev/fd/9/foo' }],
  ])('%s', async (_, env: Record<string, string>) => {
    await endsInTime(await seen(), { env })
  })

  root('a bind mount whose source was deleted', async () => {
    const world = await seen()
    const source = join(dirname(world.home), 'source')
    const mount = `mkdir -p '${source}'; mount --bind '${source}' "$HOME"; rmdir '${source}'`
    await endsInTime(world, { through: command => inMounts(mount, command) })
  })

  test('askConsent', async () => {
    const world = await seen()
    const code = `
      import { initTelemetry } from ${JSON.stringify(LIBRARY)}
      import { askConsent } from ${JSON.stringify(LIBRARY.replace(/index\.js$/, 'cli.js'))}
      initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009', consent: 'explicit', commands: [] })
      console.log(await askConsent())`
    const file = join(world.cwd, 'ask.mjs')
    writeFileSync(file, code)
    for (const HOME of [world.home, '/proc']) {
      // In a terminal, so that it would ask; Enter is no.
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

/** What a file or folder can be instead. Each is made at a path. */
const instead: Record<string, (path: string) => void> = {
  'a FIFO': path => void execFileSync('mkfifo', [path]),
  'a symlink to itself': path => symlinkSync(path, path),
  'a symlink to /dev/zero': path => symlinkSync('/dev/zero', path),
  'a symlink to /dev/random': path => symlinkSync('/dev/random', path),
  'a symlink to /dev/tty': path => symlinkSync('/dev/tty', path),
  'a symlink to a terminal that nobody types in': path => symlinkSync('/dev/ptmx', path),
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

/** Every file and folder that a command reads, below the home. */
const places: Record<string, (world: World & { log: string }) => string> = {
  'the folder of the config': ({ config }) => dirname(config),
  'the config': ({ config }) => config,
  'the state folder': ({ state }) => state,
  'the answer': ({ state }) => join(state, 'consent.json'),
  'the notice': ({ state }) => join(state, 'notice'),
  'the fingerprint': ({ state }) => join(state, 'fingerprint'),
  'the folder of the logs': ({ state }) => join(state, 'v1'),
  'the folder of what is local': ({ state }) => join(state, 'v1/local'),
  'the log': ({ log }) => log,
  'a log that was set aside': ({ log }) => `${log}~abcdefgh`,
  'the log of an earlier version': ({ log }) => log.replace('0.19.3', '0.19.2'),
}

describe.each(Object.keys(places))('in place of %s', place => {
  test.each(Object.keys(instead))('%s', async what => {
    const world = await counted()
    const path = places[place]!(world)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(dirname(path), { recursive: true })
    instead[what]!(path)
    await endsInTime(world, {})
  })
})

describe('so many files that nobody can read them in time', () => {
  // A million takes as long as it takes to make them.
  const MANY = 100_000

  test.each([
    ['logs of earlier versions', (i: number) => `0.18.${i}-00000000-00000000.log`],
    [
      'logs that were set aside',
      (i: number) => `0.19.3-00000000-00000000.log~${i.toString(36).padStart(8, '0')}`,
    ],
    ['files of somebody else', (i: number) => `IMG_${i}.jpeg`],
  ])('%s', async (_, name) => {
    const world = await counted()
    // One process, or it would take longer than all the tests.
    const names = join(world.home, 'names')
    writeFileSync(names, Array.from({ length: MANY }, (_, i) => name(i)).join('\n'))
    execFileSync('sh', ['-c', 'cd "$1" && xargs touch <"$2"', 'sh', dirname(world.log), names])
    await endsInTime(world, {})
    // A new version makes a log, and its helper looks at the others then.
    await endsInTime(world, { env: { TRIX_VERSION: '9.9.9' } })
  })

  test('a log of 8 GB', async () => {
    const world = await counted()
    truncateSync(world.log, 8 * 2 ** 30)
    await endsInTime(world, {})
  })

  test('an answer, a notice, a fingerprint and a config of 8 GB', async () => {
    const world = await counted()
    mkdirSync(dirname(world.config))
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
