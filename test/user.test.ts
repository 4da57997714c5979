import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

const TOOL = join(import.meta.dirname, '../examples/tool.js')
const isRoot = process.geteuid?.() === 0

/** Runs the example tool in a pseudo-terminal, as a person does. Returns what the terminal showed. */
async function inTerminal(world: World, args: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await runProcess(
    'script',
    ['-qec', `${process.execPath} ${TOOL} ${args}`, '/dev/null'],
    {
      cwd: world.cwd,
      env: { ...world.env, ...env },
    },
  )
  return stdout.replaceAll('\r\n', '\n')
}

async function receiving() {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  return { receiver, world: makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }) }
}

const silent = { status: 0, signal: null, stdout: '{}\n', stderr: '' }

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
    expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
    await helpersEnded(world)
  })

  test.each([
    ['in a pipe', {}],
    ['in CI', { CI: 'true' }],
    ['with DO_NOT_TRACK', { DO_NOT_TRACK: '1' }],
  ])('a run %s leaves the home empty and sends nothing', async (_, env: Record<string, string>) => {
    const { world, receiver } = await receiving()
    expect(await world.tool(['build'], env)).toEqual(silent)
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test.each([
    { CI: '1' },
    { GITHUB_ACTIONS: 'true' },
    { DO_NOT_TRACK: '1' },
    { CLAUDECODE: '1' },
    { AI_AGENT: 'codex' },
    { TERM: 'dumb' },
    { COMP_LINE: 'trix b' },
    { TRIX_TELEMETRY_DISABLED: '1' },
  ])('in a terminal that nobody reads, or under a no, no notice is shown: %j', async env => {
    const { world } = await receiving()
    expect(await inTerminal(world, 'build', env as Record<string, string>)).toBe('{}\n')
    expect(world.files()).toEqual([])
  })

  test('a notice that was shown cannot overwrite a no, nor the no a notice bring back', async () => {
    const { world, receiver } = await receiving()
    await inTerminal(world, 'build')
    await world.tool(['telemetry', 'disable'])
    expect(await inTerminal(world, 'build', { TRIX_TELEMETRY: 'on' })).toBe('{}\n')
    await helpersEnded(world)
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    expect(receiver.requests).toEqual([])
  })

  test('a fingerprint that cannot be read counts nothing', async () => {
    const { world, receiver } = await receiving()
    mkdirSync(join(world.state, 'fingerprint'), { recursive: true })
    expect(await world.tool(['build'], { TRIX_TELEMETRY: 'on' })).toEqual(silent)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
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
    expect(stderr).toContain('made with the first count')
    expect(world.files()).toEqual([])
  })

  test.each([
    ['a variable says no: DO_NOT_TRACK', { DO_NOT_TRACK: '1' }, ''],
    ['config.toml, enabeld', {}, '[telemetry]\nenabeld = false'],
    ['air_gapped = true', {}, '[telemetry]\nair_gapped = true'],
    ['no endpoint: environment', { TRIX_TELEMETRY_ENDPOINT: 'localhost:4318' }, ''],
  ])('log says none, and why: %s', async (reason, env: Record<string, string>, config) => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log', ...env })
    world.writeConfig(config)
    const { stdout, stderr } = await world.tool(['build'])
    expect(stdout).toBe('{}\n')
    if (reason.startsWith('air_gapped')) expect(stderr).toBe('')
    else {
      expect(stderr).toMatch(/^trix telemetry: none \(.*\)\n$/)
      expect(stderr).toContain(reason)
    }
  })

  test('log says why an event is not counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackEvent } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', commands: [] })
      trackEvent('opened', { path: '/etc/passwd' })`)
    expect(stderr).toBe('trix telemetry: none (opened with these attributes is not in `events`)\n')
  })

  test('what local and air_gapped count is never sent, not even when they end', async () => {
    const { world, receiver } = await receiving()
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    world.writeConfig('[telemetry]\nair_gapped = true\n')
    await world.tool(['build'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
    world.writeConfig('')
    await world.tool(['check'], { TRIX_TELEMETRY: 'on' })
    expect(counts(await receiver.arrived(1))).toEqual({ check: 1 })
    await helpersEnded(world)
    const { stdout } = await world.tool(['telemetry', 'export', '-f', 'csv'])
    expect(stdout.match(/command_name=build/g)).toHaveLength(2)
  })
})

describe('a home that is not ours to write to', () => {
  test.runIf(isRoot)("sudo with the user's HOME leaves nothing of root's in it", async () => {
    const { world, receiver } = await receiving()
    chownSync(world.home, 65534, 65534)
    expect(await world.tool(['build'], { TRIX_TELEMETRY: 'on' })).toEqual(silent)
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  /** Another user than root, whom file modes stop. */
  const asNobody = (world: World, env: Record<string, string>) => {
    for (const path of [dirname(world.home), world.cwd, world.home]) chownSync(path, 65534, 65534)
    const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, TOOL, 'build']
    return runProcess('setpriv', args, { cwd: world.cwd, env: { ...world.env, ...env } })
  }

  test.runIf(isRoot)('where nothing can be stored, nothing is counted or sent', async () => {
    const { world, receiver } = await receiving()
    mkdirSync(world.state, { recursive: true, mode: 0o700 })
    for (let path = world.state; path !== world.home; path = dirname(path)) chownSync(path, 65534, 65534)
    await runProcess('chmod', ['500', world.state], world)
    expect(await asNobody(world, {})).toEqual(silent)
    expect(await asNobody(world, { TRIX_TELEMETRY: 'on' })).toEqual(silent)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
    expect(world.files()).toEqual([])
  })

  test.runIf(isRoot)('a state folder that cannot be entered is off, and log says why', async () => {
    const { world } = await receiving()
    mkdirSync(dirname(world.state), { recursive: true, mode: 0o700 })
    const { stdout, stderr } = await asNobody(world, { TRIX_TELEMETRY: 'log' })
    expect(stdout).toBe('{}\n')
    expect(stderr).toMatch(/^trix telemetry: none \(the state folder: EACCES: permission denied, stat /)
  })

  test.each(['missing', 'file'])('HOME that is %s is nobody to count', async kind => {
    const { world, receiver } = await receiving()
    const home = join(world.cwd, kind)
    if (kind === 'file') writeFileSync(home, '')
    const result = await world.tool(['check'], { HOME: home, TRIX_TELEMETRY: 'on' })
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
    ['[telemetry]\nenabled = true', { TRIX_TELEMETRY: 'banana' }],
  ] as [string, Record<string, string>][]) {
    world.writeConfig(config)
    outputs.push((await world.tool(['build'], env)).stdout)
  }
  expect(new Set(outputs)).toEqual(new Set(['{"a.json":{"a":1}}\n']))
  await receiver.arrived(1)
  await helpersEnded(world)
  expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true')
})
