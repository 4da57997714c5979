import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

/** Runs the example tool in a pseudo-terminal, as a person does. Returns what the terminal showed. */
async function inTerminal(world: World, args: string, env: Record<string, string> = {}): Promise<string> {
  const tool = join(import.meta.dirname, '../examples/tool.js')
  const command = `${process.execPath} ${tool} ${args}`
  const { stdout } = await runProcess('script', ['-qec', command, '/dev/null'], {
    cwd: world.cwd,
    env: { ...world.env, ...env },
  })
  return stdout.replaceAll('\r\n', '\n')
}

async function receiving() {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  return { receiver, world: makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }) }
}

describe('consent by notice', () => {
  test('the first run in a terminal shows the notice and counts nothing; the next one counts and is silent', async () => {
    const { world, receiver } = await receiving()
    const first = await inTerminal(world, 'build')
    expect(first).toContain('trix counts how often each of its commands is run')
    expect(first).toContain('trix telemetry disable')
    expect(first).toContain(receiver.endpoint)
    expect(first.endsWith('{}\n')).toBe(true)
    expect(world.files()).toEqual(['.local/state/trix/notice'])
    expect(await inTerminal(world, 'build')).toBe('{}\n')
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test.each([
    ['in a pipe', {}],
    ['in CI', { CI: 'true' }],
    ['with DO_NOT_TRACK', { DO_NOT_TRACK: '1' }],
  ])('a run %s leaves the home empty and sends nothing', async (_, env: Record<string, string>) => {
    const { world, receiver } = await receiving()
    expect(await world.tool(['build'], env)).toEqual({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('in a terminal too, CI and DO_NOT_TRACK show no notice', async () => {
    const { world } = await receiving()
    expect(await inTerminal(world, 'build', { CI: '1' })).toBe('{}\n')
    expect(await inTerminal(world, 'build', { DO_NOT_TRACK: '1' })).toBe('{}\n')
    expect(world.files()).toEqual([])
  })

  test('a fingerprint that cannot be read stops everything but what the user asked for', async () => {
    const { world, receiver } = await receiving()
    mkdirSync(join(world.state, 'fingerprint'), { recursive: true })
    writeFileSync(join(world.state, 'notice'), '1\n')
    expect(await world.tool(['build'])).toEqual({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
    // Only who said yes is sent without it.
    await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })
})

describe('log and local', () => {
  test('log prints the body of this run on stderr; sends and counts nothing', async () => {
    const { world, receiver } = await receiving()
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    const before = world.files()
    const { stdout, stderr } = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    expect(stdout).toBe('{}\n')
    const [heading, body = ''] = stderr.split('\n')
    expect(heading).toBe(`trix telemetry: this would be sent to ${receiver.endpoint}/v1/metrics`)
    // What is counted for the user alone is in no body that goes out by itself.
    expect(counts([{ body } as never])).toEqual({ build: 1 })
    expect(world.files()).toEqual(before)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('log on a clean home shows the body, and makes nothing', async () => {
    const { world } = await receiving()
    const { stderr } = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    expect(counts([{ body: stderr.split('\n')[1]! } as never])).toEqual({ build: 1 })
    expect(world.files()).toEqual([])
  })

  test.each([
    ['DO_NOT_TRACK is set', { DO_NOT_TRACK: '1' }, ''],
    ['telemetry.enabeld: there is no such key', {}, '[telemetry]\nenabeld = false'],
    ['air_gapped = true', {}, '[telemetry]\nair_gapped = true'],
    ['is not an http(s) URL', { TRIX_TELEMETRY_ENDPOINT: 'localhost:4318' }, ''],
  ])('log says none, and why: %s', async (reason, env: Record<string, string>, config) => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log', ...env })
    world.writeConfig(config)
    const { stdout, stderr } = await world.tool(['build'])
    expect(stdout).toBe('{}\n')
    expect(stderr).toMatch(/^trix telemetry: none \(.*\)\n$/)
    expect(stderr).toContain(reason)
  })

  test('log says why a name is not counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009' })
      trackCommand('build /home/me')
      trackEvent('opened', { path: '/etc/passwd' })
    `)
    expect(stderr).toBe(
      'trix telemetry: none (attribute command_name: "build /home/me": expected true, false or 1 to 64 of A-Z a-z 0-9 _ . : - in words with single spaces between them)\n' +
        'trix telemetry: none (attribute path: "/etc/passwd": expected true, false or 1 to 64 of A-Z a-z 0-9 _ . : - in words with single spaces between them)\n',
    )
  })

  test('what local and air_gapped count is never sent, not even when they end', async () => {
    const { world, receiver } = await receiving()
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    world.writeConfig('[telemetry]\nenabled = true\nair_gapped = true')
    await world.tool(['build'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
    world.writeConfig('[telemetry]\nenabled = true')
    await world.tool(['check'])
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ check: 1 })
    const { stdout } = await world.tool(['telemetry', 'report', '--json'])
    expect(JSON.stringify(JSON.parse(stdout))).toContain('build')
  })
})

describe('a home that is not ours to write to', () => {
  test.runIf(process.geteuid?.() === 0)(
    "sudo with the user's HOME leaves nothing of root's in it",
    async () => {
      const { world, receiver } = await receiving()
      chownSync(world.home, 65534, 65534)
      expect(await world.tool(['build'], { TRIX_TELEMETRY: 'on' })).toMatchObject({
        status: 0,
        stdout: '{}\n',
        stderr: '',
      })
      expect(world.files()).toEqual([])
      await helpersEnded(world)
      expect(receiver.requests).toEqual([])
    },
  )

  test.runIf(process.geteuid?.() === 0)(
    'where nothing can be stored, only who said yes is counted, each run by itself',
    async () => {
      const { world, receiver } = await receiving()
      for (const path of [dirname(world.home), world.cwd, world.home]) chownSync(path, 65534, 65534)
      mkdirSync(dirname(world.state), { recursive: true })
      const tool = join(import.meta.dirname, '../examples/tool.js')
      // Another user than root, whom file modes stop; the state folder is theirs, and read-only.
      mkdirSync(world.state, { mode: 0o500 })
      chownSync(world.state, 65534, 65534)
      const asNobody = (env: Record<string, string>) =>
        runProcess(
          'setpriv',
          ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, tool, 'build'],
          {
            cwd: world.cwd,
            env: { ...world.env, ...env },
          },
        )
      const silent = { status: 0, signal: null, stdout: '{}\n', stderr: '' }
      expect(await asNobody({})).toEqual(silent)
      expect(await asNobody({ TRIX_TELEMETRY: 'on' })).toEqual(silent)
      expect(await asNobody({ TRIX_TELEMETRY: 'on' })).toEqual(silent)
      await receiver.arrived(2)
      expect(counts(receiver.requests)).toEqual({ build: 2 })
      expect(world.files()).toEqual([])
    },
  )

  test.runIf(process.geteuid?.() === 0)(
    'a state folder that cannot be entered is off, and log says why',
    async () => {
      const { world } = await receiving()
      for (const path of [dirname(world.home), world.cwd, world.home]) chownSync(path, 65534, 65534)
      mkdirSync(dirname(world.state), { recursive: true, mode: 0o700 })
      const tool = join(import.meta.dirname, '../examples/tool.js')
      const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, tool, 'build']
      const { stdout, stderr } = await runProcess('setpriv', args, {
        cwd: world.cwd,
        env: { ...world.env, TRIX_TELEMETRY: 'log' },
      })
      expect(stdout).toBe('{}\n')
      expect(stderr).toMatch(/^trix telemetry: none \(EACCES: permission denied, stat /)
    },
  )

  test.each(['missing', 'file'])('HOME that is %s is nobody to count', async kind => {
    const { world, receiver } = await receiving()
    const home = join(world.cwd, kind)
    if (kind === 'file') writeFileSync(home, '')
    const result = await world.tool(['check'], { HOME: home })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })
})

test('stdout is the same byte for byte with telemetry on, off, broken and in the first run', async () => {
  const { world, receiver } = await receiving()
  writeFileSync(join(world.cwd, 'a.json'), '{"a":1}')
  const outputs = []
  for (const [config, env] of [
    ['', {}],
    ['', { TRIX_TELEMETRY: 'on' }],
    ['', { TRIX_TELEMETRY: 'off' }],
    ['', { TRIX_TELEMETRY: 'log' }],
    ['[telemetry', {}],
    ['[telemetry]\nenabled = true', {}],
  ] as [string, Record<string, string>][]) {
    world.writeConfig(config)
    outputs.push((await world.tool(['build'], env)).stdout)
  }
  expect(new Set(outputs)).toEqual(new Set(['{"a.json":{"a":1}}\n']))
  await receiver.arrived(2)
})
