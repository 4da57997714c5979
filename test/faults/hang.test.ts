import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { World } from '../world.ts'
import { inMounts, LIBRARY, makeUser, receiving, root, run, TOOL } from './compare.ts'

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

/** A user who has consented by the notice, so that a command without a variable goes the whole way. */
async function seen(): Promise<World> {
  const receiver = await receiving()
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  rmSync(world.config)
  mkdirSync(world.state, { recursive: true })
  writeFileSync(join(world.state, 'notice'), '1\n')
  return world
}

/** A user with a stream of one tally. */
async function counted(): Promise<World & { stream: string }> {
  const world = await seen()
  await world.tool(['build'])
  const stream = dirname(world.files().find(file => file.endsWith('/instance'))!)
  return { ...world, stream: join(world.home, stream) }
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
      initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009', consent: 'explicit' })
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
const places: Record<string, (world: World & { stream: string }) => string> = {
  'the folder of the config': ({ config }) => dirname(config),
  'the config': ({ config }) => config,
  'the state folder': ({ state }) => state,
  'the notice': ({ state }) => join(state, 'notice'),
  'the fingerprint': ({ state }) => join(state, 'fingerprint'),
  'the folder of the streams': ({ state }) => join(state, 'tallies'),
  'the folder of what is local': ({ state }) => join(state, 'local'),
  'a stream': ({ stream }) => stream,
  'an instance id': ({ stream }) => join(stream, 'instance'),
  'a metric': ({ stream }) => join(stream, 'command_invocation'),
  'a tally': ({ stream }) => join(stream, 'command_invocation/command_name=build'),
  'another tally': ({ stream }) => join(stream, 'command_invocation/command_name=check'),
  'the note of a body under way': ({ stream }) => join(stream, '!1000000000000-a'),
  'a mark beside a tally': ({ stream }) =>
    join(stream, 'command_invocation/command_name=build!1000000000000-'),
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
  const many = (folder: string, name: (i: number) => string) => {
    mkdirSync(folder, { recursive: true })
    // One process, or it would take longer than all the tests.
    const names = join(folder, '..', 'names')
    writeFileSync(names, Array.from({ length: MANY }, (_, i) => name(i)).join('\n'))
    execFileSync('sh', ['-c', `cd "$1" && xargs touch <"$2" && rm "$2"`, 'sh', folder, names])
  }

  test.each([
    ['tallies of one metric', 'command_invocation', (i: number) => `command_name=c${i}`],
    ['marks beside a tally', 'command_invocation', (i: number) => `command_name=build!${1e12 + i}`],
    ['what was set aside', 'command_invocation', (i: number) => `command_name=build~${1e12 + i}-x`],
    ['files of somebody else', 'command_invocation', (i: number) => `IMG_${i}.jpeg`],
    ['metrics', '', (i: number) => `metric${i}`],
    ['notes of bodies that are long over', '', (i: number) => `!${1e12 + i}-x`],
  ])('%s', async (_, below, name) => {
    const world = await counted()
    many(join(world.stream, below), name)
    await endsInTime(world, {})
  })

  test('streams: a huge tallies/', async () => {
    const world = await counted()
    const folder = dirname(world.stream)
    execFileSync('sh', [
      '-c',
      `cd "$1" && seq ${MANY / 10} | sed 's/$/.0.0-00000000/' | xargs mkdir`,
      'sh',
      folder,
    ])
    await endsInTime(world, {})
    // A new version makes a stream, and looks at the others then.
    await endsInTime(world, { env: { TRIX_VERSION: '9.9.9' } })
  })

  test('folders in folders: a name that goes on and on', async () => {
    const world = await counted()
    let path = join(world.stream, 'command_invocation')
    for (let i = 0; i < 400; i++) path = join(path, 'x+')
    execFileSync('mkdir', ['-p', path])
    await endsInTime(world, {})
  })

  test('a series whose name goes on in a symlink to the folder above it', async () => {
    const world = await counted()
    symlinkSync('..', join(world.stream, 'command_invocation/x+'))
    symlinkSync('.', join(world.stream, 'command_invocation/y+'))
    await endsInTime(world, {})
  })
})
