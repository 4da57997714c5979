import { chmodSync, linkSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeWorld, runProcess } from './world.ts'

describe('disable and enable', () => {
  test('on a clean home write the one value, and say what is in force', async () => {
    const world = makeWorld()
    const disabled = await world.tool(['telemetry', 'disable'])
    expect(disabled).toMatchObject({
      status: 0,
      stderr: '',
      stdout: `trix telemetry is off: enabled = false is written to ${world.config}\n`,
    })
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = false\n')
    const enabled = await world.tool(['telemetry', 'on'])
    expect(enabled).toMatchObject({
      status: 0,
      stdout: `trix telemetry is on: enabled = true is written to ${world.config}\n`,
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
    const { status, stdout, stderr } = await world.tool(['telemetry', 'disable'])
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
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
    expect(broken.stderr).toContain('trix telemetry is off all the same: ')
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = tru\n')

    world.writeConfig('[telemetry]\nenabled = true\n')
    chmodSync(world.config, 0o444)
    const readOnly = await world.tool(['telemetry', 'disable'])
    expect(readOnly).toMatchObject({ status: 1, stdout: '' })
    expect(readOnly.stderr).toContain('it is read-only')
    expect(readOnly.stderr).toContain('trix telemetry is NOT off, but on: enabled = true in')
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true\n')
  })
})

describe('a misspelt table is an opt-out, and is never rewritten', () => {
  test.each([
    ['[Telemetry]\nenabled = true\n', 'did you mean [telemetry]?'],
    ['[telemtry]\nenabled = false\n', 'did you mean [telemetry]?'],
    ['enabled = false\n[build]\nx = 1\n', 'did you mean to write [telemetry] in the line above it?'],
  ])('%j', async (text, sentence) => {
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
    world.writeConfig(text)
    const status = await world.tool(['telemetry', 'status'])
    expect(status.stdout).toMatch(/^trix telemetry is off/)
    expect(status.stdout).toContain(sentence)
    expect(status.stdout).toContain('change it    correct the file; until then it stays off\n')
    const disabled = await world.tool(['telemetry', 'disable'])
    expect([disabled.status, disabled.stdout]).toEqual([1, ''])
    expect(disabled.stderr).toContain('was not changed')
    expect(disabled.stderr).toContain('trix telemetry is off all the same')
    expect(await world.tool(['telemetry', 'enable'])).toMatchObject({ status: 1 })
    expect(readFileSync(world.config, 'utf8')).toBe(text)
  })

  test('disable beside another mistake says what was written, and what is in effect', async () => {
    const world = makeWorld()
    world.writeConfig('[telemetry]\ntimeout_ms = 0\n')
    const { status, stdout } = await world.tool(['telemetry', 'disable'])
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^trix telemetry is off: enabled = false is written to .*\nThe file has a mistake besides: .*timeout_ms/,
    )
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = false\ntimeout_ms = 0\n')
    const { stderr } = await world.tool(['telemetry', 'enable'])
    expect(stderr).toBe('')
  })

  test('a config with further names is not silently split from them', async () => {
    const world = makeWorld()
    world.writeConfig('[telemetry]\nenabled = true\n')
    linkSync(world.config, `${world.home}/dotfile`)
    const { status, stderr } = await world.tool(['telemetry', 'disable'])
    expect(status).toBe(1)
    expect(stderr).toContain('it has 2 hard links, and only one of them would be changed')
    expect(stderr).toContain('is NOT off')
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
    expect(stdout).toMatch(/state {8}\/.* \(\d+ bytes of counts\)\n/)
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

  test('says that a state cannot be read, and what becomes of a damaged fingerprint', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    mkdirSync(`${world.state}/fingerprint`, { recursive: true })
    const unreadable = await world.tool(['telemetry', 'status'])
    expect(unreadable).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('problem      it is not a regular file\n'),
    })
    rmdirSync(`${world.state}/fingerprint`)
    writeFileSync(`${world.state}/fingerprint`, 'scribbled')
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout).toContain('fingerprint  damaged: the next run makes a new one\n')
  })

  test('names the line, what would decide next, and each stream', async () => {
    const world = makeWorld({ CI: 'true' })
    world.writeConfig('# mine\n\n[telemetry]\nair_gapped = true\nenabled = false\n')
    await world.tool(['check'], { TRIX_TELEMETRY: 'local', TRIX_VERSION: '0.18.0' })
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout).toContain(`because      enabled = false in ${world.config} (line 5)\n`)
    expect(stdout).toContain(
      `without it   off: CI is set\n               local: air_gapped = true in ${world.config} (line 4)\n` +
        '               off: the notice has not been shown yet\n',
    )
    expect(stdout).toMatch(
      /counted {6}1 invocation in 1 series by version 0\.18\.0, since [\d-]+, for you alone\n/,
    )
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

  test.each([
    [{}, '', 'run trix once in a terminal, or "trix telemetry enable"'],
    [{ DO_NOT_TRACK: '1' }, '', 'unset DO_NOT_TRACK'],
    [{ TRIX_TELEMETRY: 'off' }, '', 'unset TRIX_TELEMETRY'],
    [{ CI: '1' }, '', 'TRIX_TELEMETRY=on counts and sends in CI too'],
    [{}, 'enabled = false', '"trix telemetry enable" switches it on'],
    [{}, 'enabled = true', '"trix telemetry disable", or DO_NOT_TRACK=1, switches it off'],
    [{}, 'air_gapped = true', 'remove air_gapped to send'],
    [{ TRIX_TELEMETRY: 'on' }, '', 'unset TRIX_TELEMETRY; or DO_NOT_TRACK=1, which wins over it'],
    [
      { TRIX_TELEMETRY: 'on' },
      'enabled = true',
      'unset TRIX_TELEMETRY, then "trix telemetry disable"; or DO_NOT_TRACK=1, which wins over it',
    ],
    [{ TRIX_TELEMETRY_ENDPOINT: 'localhost' }, '', 'correct TRIX_TELEMETRY_ENDPOINT, or unset it'],
  ])('names the way out: %j %s', async (env, config, sentence) => {
    const world = makeWorld(env as Record<string, string>)
    world.writeConfig(`[telemetry]\n${config}\n`)
    expect((await world.tool(['telemetry', 'status'])).stdout).toContain(`change it    ${sentence}\n`)
  })

  const asks = (options: string, args: string[]) => `
    import { initTelemetry } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    initTelemetry({ name: 'trix', version: '0.19.3', ${options} })
    process.exitCode = await runTelemetryCommand(${JSON.stringify(args)})`

  test('says to the user and to the author what to do where there is no endpoint', async () => {
    const world = makeWorld()
    const status = async (options: string) => (await world.script(asks(options, ['status']))).stdout
    expect(await status('')).toContain(
      `change it    set an endpoint: endpoint = "https://…" below [telemetry] in ${world.config}\n` +
        '               or, as the author of trix, pass an `endpoint` to initTelemetry\n' +
        '  endpoint     none\n',
    )
    const bare = await status("endpoint: 'otel.example.com'")
    expect(bare).toContain('pass a valid `endpoint` to initTelemetry\n')
    expect(bare).toContain(
      'endpoint     otel.example.com is not a URL: put http:// or https:// in front of it (from the tool)\n',
    )
    world.writeConfig('[telemetry]\nendpoint = "otel.example.com"\n')
    expect(await status('')).toContain(`change it    correct the endpoint in ${world.config}\n`)
  })

  test.each([
    "commands: 'abc'",
    'commands: 5',
    'commands: null',
    'commands: {}',
    "commands: ['/etc/passwd']",
    "events: 'abc'",
    'events: null',
    "events: ['abc']",
    'resourceAttributes: null',
    "resourceAttributes: 'abc'",
    'endpoint: 4318',
    'headers: null',
    'metricName: 5',
    'delivery: 5',
    'command: 5',
    'notice: 5',
  ])('shows no lists of options that are not valid, and names them: %s', async option => {
    const world = makeWorld()
    for (const args of [['status'], ['status', '--json'], ['preview'], ['preview', '--all']]) {
      const { stdout, stderr } = await world.script(asks(option, args))
      expect(stdout + stderr).toContain(`${option.split(':')[0]}: expected`)
      expect(stdout + stderr).not.toMatch(/TypeError|^ +at |^ {2}(sent|never sent) /m)
    }
    expect((await world.script(asks(option, ['check']))).stderr).toMatch(/^trix telemetry check: .*\n$/)
  })

  test('says which headers go where, by name', async () => {
    const world = makeWorld()
    world.writeConfig(
      '[telemetry]\nendpoint = "http://127.0.0.1:9"\nheaders = { Authorization = "Bearer secret" }\n',
    )
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout).toContain('headers      authorization (go to this endpoint only)\n')
    expect(stdout).not.toContain('secret')
    const other = await world.tool(['telemetry', 'status', '--json'], {
      TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:10',
    })
    expect(JSON.parse(other.stdout).endpoint).toMatchObject({ headers: [] })
  })

  test('shows what only the user is to see, as such, and what can be sent', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'local' })
    await world.tool(['build'])
    const { stdout } = await world.tool(['telemetry', 'status'])
    expect(stdout).toMatch(/by version 0\.19\.3, since [\d-]+, for you alone\n {15}1 {2}build\n/)
    expect(stdout).toContain("sent         the command's name (init, check, build, test)")
    const json = JSON.parse((await world.tool(['telemetry', 'status', '--json'])).stdout)
    expect(json.streams).toMatchObject([{ local: true, instance: null, current: true }])
  })

  const script = (first: string, options = '') => `
    import { initTelemetry, trackCommand } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    ${first}
    initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' ${options} })
    await runTelemetryCommand(['status'])`

  test("repeats the tool's reason, and that it counts before it is set up", async () => {
    const { stdout } = await makeWorld().script(
      script("trackCommand('build')", `, disabled: 'telemetry: false in package.json'`),
    )
    expect(stdout).toContain('because      telemetry: false in package.json\n')
    expect(stdout).toContain(
      'problem      1 call came before trix had set up its telemetry, and counted nothing\n',
    )
  })

  test('names only commands that exist', async () => {
    const ng = await makeWorld().script(script('', `, command: 'ng analytics'`))
    expect(ng.stdout).toContain('"ng analytics enable"')
    const none = await makeWorld().script(script('', ', command: false'))
    expect(none.stdout).toContain('[telemetry] enabled = true in /')
    expect(none.stdout).not.toMatch(/trix telemetry (?!is)/)
  })

  test('says that the state folder cannot be made, and no command there hangs', async () => {
    for (const env of [{ HOME: '/proc' }, { XDG_STATE_HOME: '/proc/foo' }] as Record<string, string>[]) {
      const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9', ...env })
      for (const args of [
        ['status'],
        ['enable'],
        ['disable'],
        ['preview', 'build'],
        ['preview', '--all'],
        ['report'],
        ['export'],
        ['export', '-f', 'otlp'],
        ['clear', '--all', '-y'],
        ['prompt'],
        ['check'],
      ]) {
        const { status, stdout } = await world.tool(['telemetry', ...args])
        expect([args, status]).toEqual([args, expect.any(Number)])
        if (args[0] === 'status') expect(stdout).toContain('problem      nothing can be stored in /proc/')
      }
    }
  })

  test.runIf(process.geteuid?.() === 0)(
    'a home whose folder was deleted under a mount hangs nothing',
    async () => {
      const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
      const script = 'mkdir src && mount --bind src "$HOME" && rm -rf src && exec timeout 10 "$@"'
      const tool = [process.execPath, join(import.meta.dirname, '../examples/tool.js'), 'telemetry']
      for (const command of ['status', 'enable', 'disable', 'export', 'clear']) {
        const args = ['-m', 'sh', '-c', script, 'sh', ...tool, command]
        const { status, stdout } = await runProcess('unshare', args, world)
        expect([command, [0, 1].includes(status!)]).toEqual([command, true])
        if (command === 'status') expect(stdout).toContain('problem      nothing can be stored in /')
      }
    },
  )

  test('under a Node that lacks what the library needs says so, and nothing crashes', async () => {
    const world = makeWorld()
    writeFileSync(`${world.cwd}/old.cjs`, 'delete process.getBuiltinModule')
    const old = { NODE_OPTIONS: `--require ${world.cwd}/old.cjs` }
    const { status, stdout } = await world.tool(['telemetry', 'status'], old)
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^trix telemetry is off.*\n\n {2}because +this runtime \(v.*\) lacks process\.getBuiltinModule/,
    )
    for (const command of ['enable', 'disable', 'preview', 'export', 'clear', 'report', 'prompt', 'check'])
      expect(await world.tool(['telemetry', command], old)).toEqual({
        status: 1,
        signal: null,
        stdout: '',
        stderr: `trix telemetry ${command}: not possible under Node ${process.version}, where telemetry is always off\n`,
      })
    const asking = `
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { askConsent } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', consent: 'explicit' })
      console.log(await askConsent())`
    expect(await world.script(asking, old)).toMatchObject({ status: 0, stdout: 'undefined\n', stderr: '' })
    expect(world.files()).toEqual([])
  })

  test('makes no file, and is not counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.tool(['telemetry', 'status'])
    expect(world.files()).toEqual([])
  })
})

describe('what is not understood', () => {
  test.each([
    [['nonsense'], 'nonsense: there is no such command (all are in "trix telemetry help")'],
    [['stauts'], 'stauts: there is no such command; did you mean status? (all are in "trix telemetry help")'],
    [['help', 'nonsense'], 'nonsense: there is no such command (all are in "trix telemetry help")'],
    [['status', '--jsn'], 'status: there is no option --jsn; did you mean --json?'],
    [['disable', '--json'], 'disable: there is no option --json'],
    [['enable', 'now'], 'enable: now: expected no argument'],
    [['export', '-o'], 'export: -o: expected a value after it'],
    [['export', '--output', '--force'], 'export: --output: expected a value after it'],
    [['status', '--json=1'], 'status: --json: expected no value'],
    [['export', '-f', 'xml'], 'export: --format xml: expected otlp, json, csv'],
  ])('%j is one line, and exit code 2', async (args, sentence) => {
    const world = makeWorld()
    const { status, stdout, stderr } = await world.tool(['telemetry', ...args])
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `trix telemetry ${sentence}\n`,
    })
    expect(world.files()).toEqual([])
  })

  test('help COMMAND shows its flags', async () => {
    for (const args of [
      ['help', 'export'],
      ['export', '--help'],
      ['off', '-h'],
    ]) {
      const { status, stdout } = await makeWorld().tool(['telemetry', ...args])
      expect([status, stdout]).toEqual([0, expect.stringMatching(/^usage: trix telemetry (export|disable)/)])
    }
  })
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

  test('without initTelemetry says so, in words for whoever uses the tool', async () => {
    expect(await makeWorld().script(run(''))).toMatchObject({
      status: 1,
      stderr: 'this program has no telemetry: nothing is counted or sent\n',
    })
  })
  test("with two tools manages the first one, the host's; name picks another", async () => {
    const world = makeWorld()
    const both = `${init('trix')}\n${init('trax')}`
    expect(await world.script(run(both))).toMatchObject({ status: 0, stderr: '' })
    expect(world.files()).toEqual(['.config/trix/config.toml'])
    expect(await world.script(run(both, "name: 'trax'"))).toMatchObject({ status: 0 })
    expect(world.files()).toEqual(['.config/trax/config.toml', '.config/trix/config.toml'])
  })
  test.each([
    [
      `initTelemetry({ name: '../x', version: '1.0.0' })`,
      'telemetry is off: this program has set it up wrongly (name: expected',
    ],
    [
      init('trix', `, home: 'relative'`),
      'telemetry is off: this program has set it up wrongly (home: expected',
    ],
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

describe('askConsent', () => {
  const asking = (answer: string, options = '') => `
    import { initTelemetry } from 'otlp-tally'
    import { askConsent } from 'otlp-tally/cli'
    import { PassThrough } from 'node:stream'
    initTelemetry({ name: 'ng', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', consent: 'explicit' ${options} })
    const stdin = Object.assign(new PassThrough(), { isTTY: true })
    stdin.write('${answer}\\n')
    const stderr = { isTTY: true, write: text => process.stdout.write(text) }
    console.log('answer:', await askConsent({ stdin, stderr, env: { HOME: process.env.HOME } }))`

  test('names all that can be sent, to whom, and only commands that exist', async () => {
    const more = `, command: 'ng analytics', failures: true, agents: true,
      events: { cup_brewed: { decaf: Boolean } }, resourceAttributes: { 'host.name': 'mybox' }`
    const { stdout } = await makeWorld().script(asking('y', more))
    const text = stdout.replace(/\s+/g, ' ')
    for (const said of [
      ...[
        'cup_brewed',
        'these constants: host.name',
        'whether the command failed',
        'which coding agent ran it',
      ],
      ...[
        'http://127.0.0.1:65009',
        'ng analytics enable, or disable',
        '"ng analytics disable" switches it off',
      ],
    ])
      expect(text).toContain(said)
    expect(stdout).toMatch(/answer: true\n$/)
    expect(stdout).not.toContain('ng telemetry disable')
  })

  test('names the variable and the file where the tool has no such command', async () => {
    const { stdout } = await makeWorld().script(asking('n', ', command: false'))
    const text = stdout.replace(/\s+/g, ' ')
    expect(text).toContain('DO_NOT_TRACK=1, or [telemetry] enabled = false in /')
    expect(text).not.toMatch(/ng telemetry (enable|disable)/)
    expect(stdout).toMatch(/ng telemetry stays off\.\nanswer: false\n$/)
  })

  test('of a program that was set up wrongly tells its user nothing', async () => {
    const world = makeWorld()
    const code = `import { askConsent } from 'otlp-tally/cli'\nconsole.log(await askConsent())`
    expect(await world.script(code)).toMatchObject({ status: 0, stdout: 'undefined\n', stderr: '' })
  })
})
