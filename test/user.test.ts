import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { isRoot } from './machine.ts'
import { TOOL } from './paths.ts'
import { counts, userWithReceiver } from './receiver.ts'
import { makeWorld, runOnTerminal, runProcess, SILENT, type World } from './world.ts'

/** Runs `trix build` in a pseudo-terminal, and returns what was shown there. */
async function buildOnTerminal(world: World, env: Record<string, string> = {}): Promise<string> {
  const around = { cwd: world.cwd, env: { ...world.env, ...env } }
  return (await runOnTerminal(`${process.execPath} ${TOOL} build`, around)).stdout
}

/** What `trix build` does in an empty folder. */
const built = { ...SILENT, stdout: '{}\n' }

describe('consent by notice', () => {
  test('the first run in a terminal shows the notice and is not counted; the next one is counted and shows none', async () => {
    const { world, receiver } = await userWithReceiver()
    const first = await buildOnTerminal(world)
    expect(first).toContain('trix counts how often each of its commands is run')
    expect(first).toContain('trix telemetry disable')
    expect(first).toContain(receiver.endpoint)
    expect(first.endsWith('{}\n')).toBe(true)
    expect(world.files()).toEqual(['.local/state/trix/notice'])
    expect(await buildOnTerminal(world)).toBe('{}\n')
    expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
    await helpersEnded(world)
  })

  test('a no removes the record of the notice, and no notice is shown after it', async () => {
    const { world, receiver } = await userWithReceiver()
    await buildOnTerminal(world)
    await world.tool(['telemetry', 'disable'])
    expect(await buildOnTerminal(world, { TRIX_TELEMETRY: 'on' })).toBe('{}\n')
    await helpersEnded(world)
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    expect(receiver.requests).toEqual([])
  })

  test('nothing is counted where a folder is in the place of the fingerprint', async () => {
    const { world, receiver } = await userWithReceiver()
    mkdirSync(join(world.state, 'fingerprint'), { recursive: true })
    expect(await world.tool(['build'], { TRIX_TELEMETRY: 'on' })).toEqual(built)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })
})

describe('log and local', () => {
  test('log prints the body of this run on stderr, and neither sends nor counts', async () => {
    const { world, receiver } = await userWithReceiver()
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    const before = world.files()
    const { stdout, stderr } = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    expect(stdout).toBe('{}\n')
    const [heading, body = ''] = stderr.split('\n')
    expect(heading).toBe(`trix telemetry: this would be sent to ${receiver.endpoint}/v1/metrics`)
    // What was counted for the user alone is not in it.
    expect(counts([{ body } as never])).toEqual({ build: 1 })
    expect(world.files()).toEqual(before)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('log in a new home prints the body, and makes no file', async () => {
    const { world } = await userWithReceiver()
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
  ])(
    'log prints that nothing would be sent, and why: %s',
    async (reason, env: Record<string, string>, config) => {
      const world = makeWorld({ TRIX_TELEMETRY: 'log', ...env })
      world.writeConfig(config)
      const { stdout, stderr } = await world.tool(['build'])
      expect(stdout).toBe('{}\n')
      if (reason.startsWith('air_gapped')) expect(stderr).toBe('')
      else {
        expect(stderr).toMatch(/^trix telemetry: not counted \(.*\)\n$/)
        expect(stderr).toContain(reason)
      }
    },
  )

  test('log prints why an event is not counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackEvent } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', commands: [] })
      trackEvent('opened', { path: '/etc/passwd' })`)
    expect(stderr).toBe('trix telemetry: not counted (opened with these attributes is not in `events`)\n')
  })

  test('what local and air_gapped count is never sent, not even when they end', async () => {
    const { world, receiver } = await userWithReceiver()
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

describe('a home in which nothing can be written', () => {
  test.runIf(isRoot)("sudo with the user's HOME makes no file there", async () => {
    const { world, receiver } = await userWithReceiver()
    chownSync(world.home, 65534, 65534)
    expect(await world.tool(['build'], { TRIX_TELEMETRY: 'on' })).toEqual(built)
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  /** Runs `trix build` as another user than root, for whom file modes hold. */
  const asNobody = (world: World, env: Record<string, string>) => {
    for (const path of [dirname(world.home), world.cwd, world.home]) chownSync(path, 65534, 65534)
    const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, TOOL, 'build']
    return runProcess('setpriv', args, { cwd: world.cwd, env: { ...world.env, ...env } })
  }

  test.runIf(isRoot)('with a read-only state folder nothing is counted or sent', async () => {
    const { world, receiver } = await userWithReceiver()
    mkdirSync(world.state, { recursive: true, mode: 0o700 })
    for (let path = world.state; path !== world.home; path = dirname(path)) chownSync(path, 65534, 65534)
    await runProcess('chmod', ['500', world.state], world)
    expect(await asNobody(world, { TRIX_TELEMETRY: 'on' })).toEqual(built)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
    expect(world.files()).toEqual([])
  })

  test.runIf(isRoot)(
    'with a state folder that cannot be entered telemetry is off, and log prints why',
    async () => {
      const { world } = await userWithReceiver()
      mkdirSync(dirname(world.state), { recursive: true, mode: 0o700 })
      const { stdout, stderr } = await asNobody(world, { TRIX_TELEMETRY: 'log' })
      expect(stdout).toBe('{}\n')
      expect(stderr).toMatch(
        /^trix telemetry: not counted \(the state folder: EACCES: permission denied, stat /,
      )
    },
  )

  test('with a HOME that is a file nothing is counted or sent', async () => {
    const { world, receiver } = await userWithReceiver()
    const home = join(world.cwd, 'file')
    writeFileSync(home, '')
    const result = await world.tool(['check'], { HOME: home, TRIX_TELEMETRY: 'on' })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })
})

test('stdout is the same with telemetry on, off, in log mode, with a broken config and in the first run', async () => {
  const { world, receiver } = await userWithReceiver()
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
