import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { makeWorld } from './world.ts'

describe('disable and enable', () => {
  test('on a clean home write the one value, and say what is in force', async () => {
    const world = makeWorld()
    const disabled = await world.tool(['telemetry', 'disable'])
    expect(disabled).toMatchObject({
      status: 0,
      stderr: '',
      stdout: `trix telemetry is off (enabled = false in ${world.config})\n`,
    })
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = false\n')
    const enabled = await world.tool(['telemetry', 'on'])
    expect(enabled).toMatchObject({
      status: 0,
      stdout: `trix telemetry is on (enabled = true in ${world.config})\n`,
    })
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true\n')
    expect(world.files()).toEqual(['.config/trix/config.toml'])
  })

  test('leave every other byte of the file as it is', async () => {
    const world = makeWorld()
    const text =
      '\ufeff# mine\r\n[telemetry]\r\n\tenabled = #  # since May\r\nheaders = { a = "b" }\r\n[other]\r\nenabled = true'
    world.writeConfig(text.replace('#  #', 'true  #'))
    expect(await world.tool(['telemetry', 'off'])).toMatchObject({ status: 0 })
    expect(readFileSync(world.config, 'utf8')).toBe(text.replace('#  #', 'false  #'))
  })

  test.each([
    ['DO_NOT_TRACK is set', { DO_NOT_TRACK: '1' }],
    ['TRIX_TELEMETRY is "off"', { TRIX_TELEMETRY: 'off' }],
  ])('enable says when %s still decides', async (reason, env: Record<string, string>) => {
    const world = makeWorld(env)
    expect(await world.tool(['telemetry', 'enable'])).toMatchObject({
      status: 0,
      stdout: `enabled = true is written to ${world.config}, but trix telemetry stays off: ${reason}\n`,
    })
  })

  test('disable says when the environment still switches on', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    const { stdout } = await world.tool(['telemetry', 'disable'])
    expect(stdout).toMatch(
      /^enabled = false is written to .*, but trix telemetry stays on: TRIX_TELEMETRY is "on"\n$/,
    )
  })

  test('never say "disabled" falsely: what cannot be written is exit code 1, the reason and the lines', async () => {
    const world = makeWorld()
    world.writeConfig('[telemetry]\nenabled = tru\n')
    const broken = await world.tool(['telemetry', 'disable'])
    expect(broken).toMatchObject({ status: 1, stdout: '' })
    expect(broken.stderr).toContain('line 2, column 11')
    expect(broken.stderr).toMatch(/2: {2}enabled = tru\n {14}\^/)
    expect(broken.stderr).toContain('[telemetry]\nenabled = false\n')
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = tru\n')

    world.writeConfig('[telemetry]\nenabled = true\n')
    chmodSync(world.config, 0o444)
    const readOnly = await world.tool(['telemetry', 'disable'])
    expect(readOnly).toMatchObject({ status: 1, stdout: '' })
    expect(readOnly.stderr).toContain('it is read-only')
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true\n')
  })
})

describe('status', () => {
  test('says what is in force, why, and where everything lies', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009/otlp' })
    await world.tool(['build'])
    await world.tool(['build'])
    const { status, stdout, stderr } = await world.tool(['telemetry', 'status'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^trix telemetry is on: invocations are counted and sent\n/)
    expect(stdout).toContain('because      TRIX_TELEMETRY is "on"\n')
    expect(stdout).toContain(
      'endpoint     http://127.0.0.1:65009/otlp/v1/metrics (from TRIX_TELEMETRY_ENDPOINT)\n',
    )
    expect(stdout).toContain(`config       ${world.config}\n`)
    expect(stdout).toContain(`state        ${world.state} (65 bytes of counts)\n`)
    expect(stdout).toMatch(/fingerprint {2}[0-9a-f]{64}\n/)
    expect(stdout).toMatch(
      /counted {6}2 invocations in 1 series by version 0\.19\.3, since [\d-]+\n +2 {2}build\n/,
    )
  })

  test('--json says the same to a program', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.tool(['build'])
    const { stdout } = await world.tool(['telemetry', 'status', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'trix',
      version: '0.19.3',
      mode: 'on',
      rule: 4,
      endpoint: { url: 'http://127.0.0.1:4318/v1/metrics', source: 'the tool' },
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      source: 'TRIX_TELEMETRY',
      otherwise: [{ rule: 13, mode: 'off', source: world.state }],
      streams: [
        {
          version: '0.19.3',
          current: true,
          series: [{ metric: 'command_invocation', attributes: { command_name: 'build' }, count: 1 }],
        },
      ],
    })
  })

  test('shows line, column and caret of a config that is not TOML, and leaves it alone', async () => {
    const world = makeWorld()
    world.writeConfig('a = 1\n[telemetry\nenabled = false\n')
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout).toMatch(/^trix telemetry is off/)
    expect(stdout).toMatch(/line 2, column \d+/)
    expect(stdout).toMatch(/\n2: {2}\[telemetry\n +\^/)
    expect(readFileSync(world.config, 'utf8')).toBe('a = 1\n[telemetry\nenabled = false\n')
  })

  test('says that a state which cannot be read is the reason', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.tool(['build'])
    writeFileSync(`${world.state}/fingerprint`, 'scribbled')
    const { status, stdout } = await world.tool(['telemetry', 'status'])
    expect(status).toBe(0)
    expect(stdout).toContain('problem      the fingerprint file does not hold 64 hex digits\n')
  })

  test('names the line, what would decide next, and each stream', async () => {
    const world = makeWorld({ CI: 'true' })
    world.writeConfig('# mine\n\n[telemetry]\nair_gapped = true\nenabled = false\n')
    await world.tool(['check'], { TRIX_TELEMETRY: 'local', TRIX_VERSION: '0.18.0' })
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout).toContain(`because      enabled = false in ${world.config} (line 5)\n`)
    expect(stdout).toContain(
      `otherwise    off: CI is set\n               local: air_gapped = true in ${world.config} (line 4)\n` +
        '               off: the notice has not been shown yet\n',
    )
    expect(stdout).toMatch(/counted {6}1 invocation in 1 series by version 0\.18\.0, since [\d-]+\n/)
    const json = JSON.parse((await world.tool(['telemetry', 'status', '--json'])).stdout)
    expect(json).toMatchObject({ rule: 7, source: `${world.config}:5`, streams: [{ current: false }] })
  })

  test.each([
    ['http://otel.example.com', true],
    ['https://otel.example.com', false],
    ['http://localhost:4318', false],
    ['http://127.0.0.1:4318', false],
    ['http://[::1]:4318', false],
    ['http://127.0.0.1.example.com', true],
  ])('warns of plain http to another machine: %s %s', async (endpoint, warned) => {
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: endpoint })
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout.includes('plain http')).toBe(warned)
  })

  test('makes no file, and is not counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.tool(['telemetry', 'status'])
    expect(world.files()).toEqual([])
  })
})

describe('what is not understood', () => {
  test.each([['nonsense'], ['status', '--nonsense'], ['disable', '--json'], ['enable', 'now']])(
    '%s %s is usage and exit code 2',
    async (...args) => {
      const world = makeWorld()
      const { status, stdout, stderr } = await world.tool(['telemetry', ...args])
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(
        /^trix telemetry \w+: (there is no such command|Unknown option|now: not understood)/,
      )
      expect(stderr).toContain('usage: trix telemetry COMMAND\n')
      expect(world.files()).toEqual([])
    },
  )
  test('no command at all is usage', async () => {
    expect(await makeWorld().tool(['telemetry'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('usage: trix telemetry'),
    })
  })
})

describe('runTelemetryCommand', () => {
  const run = (setup: string, name = '') => `
    import { initTelemetry } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    ${setup}
    process.exitCode = await runTelemetryCommand(['disable'], { ${name} })
  `
  const init = (name: string, more = '') => `initTelemetry({ name: '${name}', version: '1.0.0' ${more} })`

  test('without initTelemetry says so', async () => {
    expect(await makeWorld().script(run(''))).toMatchObject({
      status: 1,
      stderr: 'telemetry: initTelemetry was not called\n',
    })
  })
  test('with two tools asks which, instead of guessing whose opt-out it is', async () => {
    const world = makeWorld()
    const both = `${init('trix')}\n${init('trax')}`
    expect(await world.script(run(both))).toMatchObject({
      status: 1,
      stderr: 'telemetry of which tool? Pass name: trix or trax\n',
    })
    expect(await world.script(run(both, "name: 'trax'"))).toMatchObject({ status: 0 })
    expect(world.files()).toEqual(['.config/trax/config.toml'])
  })
  test.each([
    [`initTelemetry({ name: '../x', version: '1.0.0' })`, 'initTelemetry: name: expected'],
    [init('trix', `, home: 'relative'`), 'initTelemetry: home: expected'],
  ])('writes nowhere when it is not clear where: %s', async (setup, message) => {
    const world = makeWorld()
    const { status, stderr } = await world.script(run(setup))
    expect(status).toBe(1)
    expect(stderr).toContain(message)
    expect(world.files()).toEqual([])
  })
  test('disables also when another option is wrong, and in the home of the tool', async () => {
    const world = makeWorld()
    const { status } = await world.script(run(init('trix', `, timeoutMs: -1, home: '~/.tx3/trix'`)))
    expect(status).toBe(0)
    expect(readFileSync(`${world.home}/.tx3/trix/config.toml`, 'utf8')).toBe('[telemetry]\nenabled = false\n')
  })
})
