import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { closedEndpoint } from './loopback.ts'
import { isRoot } from './machine.ts'
import { TOOL } from './paths.ts'
import { counts, startReceiver, userWithReceiver } from './receiver.ts'
import { writeTool } from './tool-file.ts'
import { makeWorld, runProcess, type World } from './world.ts'

const telemetry = (world: World, ...args: string[]) => world.tool(['telemetry', ...args])
const consent = (world: World) => JSON.parse(readFileSync(join(world.state, 'consent.json'), 'utf8'))
/** Of the example tool. */
const ORIGIN = 'http://127.0.0.1:4318'

/** Gives the home to another user, as root with the HOME of somebody else finds it. */
function giveAway({ home, state }: World): void {
  for (const path of [home, dirname(dirname(state)), dirname(state), state]) chownSync(path, 65534, 65534)
}

const contents = (world: World) =>
  world.files().map(file => [file, readFileSync(join(world.home, file), 'utf8')])

describe('enable and disable', () => {
  test('write the answer, and say what is in effect', async () => {
    const world = makeWorld()
    const disabled = await telemetry(world, 'disable')
    expect(disabled).toMatchObject({
      ...{ status: 0, stderr: '' },
      stdout: `trix telemetry is off: your no is in ${world.state}/consent.json\n`,
    })
    expect(consent(world)).toMatchObject({ no: expect.any(Number) })
    const enabled = await telemetry(world, 'on')
    expect(enabled).toMatchObject({ status: 0, stderr: '' })
    expect(enabled.stdout).toBe(
      `trix telemetry is on: your yes is in ${world.state}/consent.json\n` +
        `It is for what is sent now, to ${ORIGIN}/v1/metrics. "trix telemetry preview --all" shows it.\n`,
    )
    expect(consent(world)).toMatchObject({
      yes: {
        [`${ORIGIN}`]: {
          noticeVersion: 1,
          kinds: [
            'commands',
            'event documents_tested',
            'event documents_tested empty=false',
            'event documents_tested empty=true',
          ],
          time: expect.any(Number),
        },
      },
    })
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
  })

  test('after a no nothing is counted or sent, and after a yes it is', async () => {
    const { world, receiver } = await userWithReceiver()
    await telemetry(world, 'disable')
    await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
    await helpersEnded(world)
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    await telemetry(world, 'enable')
    await world.tool(['check'])
    expect(counts(await receiver.arrived(1))).toEqual({ check: 1 })
    await helpersEnded(world)
  })

  test.each([
    ['enabled = true\n'],
    ['[telemetry]\nenabled = true\n# mine\n'],
    ['[telemetry]\nair_gapped = true\n'],
    ['[telemetry\nnot toml'],
  ])('and no other command changes the config: %j', async config => {
    const world = makeWorld()
    world.writeConfig(config)
    for (const command of ['enable', 'disable', 'clear', 'status', 'prompt']) await telemetry(world, command)
    await telemetry(world, 'clear', '--all', '--yes')
    expect(readFileSync(world.config, 'utf8')).toBe(config)
    expect(world.files().filter(file => !file.startsWith('.local/state/trix/'))).toEqual([
      '.config/trix/config.toml',
    ])
  })

  test.each([
    [{ DO_NOT_TRACK: '1' }, '', ['DO_NOT_TRACK is set', 'next step: unset DO_NOT_TRACK']],
    [{ TRIX_TELEMETRY: 'off' }, '', ['TRIX_TELEMETRY says no', 'next step: unset TRIX_TELEMETRY']],
    [
      { TRIX_TELEMTRY: 'off' },
      '',
      ['TRIX_TELEMTRY says no; did you mean TRIX_TELEMETRY=off?', 'next step: unset TRIX_TELEMTRY'],
    ],
    [
      {},
      '# mine\n[telemetry]\nenabled = false\n',
      [
        'enabled = false in CONFIG (line 3)',
        'next step: remove line 3 of CONFIG, then "trix telemetry enable"',
      ],
    ],
    [
      {},
      'x = "enabled"\ntelemetry = { enabled = false }\n',
      [
        'enabled = false in CONFIG (line 2)',
        'next step: remove line 2 of CONFIG, then "trix telemetry enable"',
      ],
    ],
    [
      {},
      '[telemetry]\ntimeout_ms = 5\nenabeld = true\n',
      [
        'CONFIG: telemetry."enabeld": there is no such key; did you mean enabled? (line 3)',
        'next step: correct line 3 of CONFIG; until then it stays off',
      ],
    ],
    [{ CI: 'true' }, '', ['this is a CI (CI)', 'next step: TRIX_TELEMETRY=on counts and sends in CI too']],
  ])(
    'enable ends with 1 where telemetry is still off, and says why and what to change: %j %j',
    async (env, config, said) => {
      const world = makeWorld(env as Record<string, string>)
      if (config) world.writeConfig(config)
      const { status, stdout, stderr } = await telemetry(world, 'enable')
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr.replaceAll(world.config, 'CONFIG').split('\n')).toEqual([
        `trix telemetry: your yes is in ${world.state}/consent.json`,
        `trix telemetry is still off: ${said[0]}`,
        said[1],
        '',
      ])
    },
  )

  test('enable names each reason for which telemetry is still off', async () => {
    const world = makeWorld({ DO_NOT_TRACK: '1', CI: '1' })
    world.writeConfig('[telemetry]\nenabled = false\n')
    const { status, stderr } = await telemetry(world, 'enable')
    expect(status).toBe(1)
    expect(stderr.match(/still off: .*/g)).toEqual([
      'still off: DO_NOT_TRACK is set',
      `still off: enabled = false in ${world.config} (line 2)`,
      'still off: this is a CI (CI)',
    ])
  })

  test('where XDG_STATE_HOME is set, the no is written at the default place too; enable replaces both', async () => {
    const world = makeWorld()
    const elsewhere = { XDG_STATE_HOME: join(world.home, 'state') }
    const fallback = join(world.state, 'consent.json')
    const { stdout } = await world.tool(['telemetry', 'disable'], elsewhere)
    expect(stdout).toContain(`your no is in ${world.home}/state/trix/consent.json and in ${fallback}\n`)
    // Found without the variable, as in another shell.
    expect((await telemetry(world, 'status')).stdout).toContain(
      `because       you have said no (${fallback})\n`,
    )
    expect(await world.tool(['telemetry', 'enable'], elsewhere)).toMatchObject({ status: 0 })
    expect((await telemetry(world, 'status')).stdout).toMatch(/because {7}the notice for this was not shown/)
  })

  test.runIf(isRoot)('a no that cannot be replaced or written is reported', async () => {
    const world = makeWorld()
    const elsewhere = { XDG_STATE_HOME: join(world.home, 'state') }
    await world.tool(['telemetry', 'disable'], elsewhere)
    const frozen = join(world.state, 'consent.json')
    const enabled = await inMount(world, frozen, ['telemetry', 'enable'], elsewhere)
    expect(enabled.status).toBe(1)
    expect(enabled.stderr).toMatch(
      new RegExp(`could not be changed: ${frozen}: .*\n.*still off: you have said no`),
    )
    const other = makeWorld()
    mkdirSync(join(other.state, 'consent.json'), { recursive: true })
    const disabled = await telemetry(other, 'disable')
    expect([disabled.status, disabled.stdout]).toEqual([1, ''])
    expect(disabled.stderr).toContain(`The no could not be written: ${other.state}/consent.json: `)
    expect(disabled.stderr).toMatch(/^trix telemetry is off: .* cannot be read \(it is not a regular file\)/)
  })

  test('disable works where an option is invalid, and in the home of the tool', async () => {
    const world = makeWorld()
    const { status } = await world.script(managed(`timeoutMs: -1, home: '~/.tx3/trix'`, ['disable']))
    expect(status).toBe(0)
    expect(JSON.parse(readFileSync(`${world.home}/.tx3/trix/consent.json`, 'utf8'))).toHaveProperty('no')
  })
})

/** Runs the tool where one file is a mount, which not even root can remove or replace. */
function inMount(world: World, file: string, args: string[], env: Record<string, string>) {
  const tool = [process.execPath, TOOL, ...args]
  const script = 'file=$1; shift; mount --bind "$file" "$file" && exec "$@"'
  return runProcess('unshare', ['-m', 'sh', '-c', script, 'sh', file, ...tool], {
    cwd: world.cwd,
    env: { ...world.env, ...env },
  })
}

/** A program that runs one telemetry command. */
function managed(options: string, args: string[]): string {
  return `
    import { initTelemetry } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build'], ${options} })
    process.exitCode = await runTelemetryCommand(${JSON.stringify(args)})`
}

describe.runIf(isRoot)("as root in somebody else's home", () => {
  test('commands that only read work, and those that write refuse and say why', async () => {
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: await closedEndpoint() })
    await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
    await helpersEnded(world)
    giveAway(world)
    const before = contents(world)
    const reason = 'the state folder belongs to another user'
    for (const args of [
      ['enable'],
      ['disable'],
      ['clear', '--yes'],
      ['clear', '--all', '--yes'],
      ['prompt'],
    ]) {
      const { status, stdout, stderr } = await telemetry(world, ...args)
      expect([args, status, stdout]).toEqual([args, 1, ''])
      expect(stderr).toContain(reason)
    }
    const status = await telemetry(world, 'status')
    expect(status.stdout).toContain(`because       ${reason}\n`)
    expect(status.stdout).toContain('1  build\n')
    for (const args of [['preview'], ['preview', '--all'], ['export'], ['export', '-f', 'otlp'], ['report']])
      expect([args, await telemetry(world, ...args)]).toEqual([args, expect.objectContaining({ status: 0 })])
    expect(contents(world)).toEqual(before)
  })

  test('disable and enable with an XDG_STATE_HOME of root change nothing at the default place', async () => {
    const world = makeWorld()
    const own = { XDG_STATE_HOME: join(world.cwd, 'state') }
    await telemetry(world, 'disable')
    writeFileSync(join(world.state, 'fingerprint'), 'of the user')
    giveAway(world)
    const before = world.files()
    for (const command of ['disable', 'enable']) {
      const { status, stderr } = await world.tool(['telemetry', command], own)
      expect([command, status]).toEqual([command, 1])
      expect(stderr).toContain(`${world.state}/consent.json: the state folder belongs to another user`)
      expect(world.files()).toEqual(before)
    }
  })
})

describe('status', () => {
  test('says what is in effect and why, what was counted, and what became of the last request', async () => {
    const receiver = await startReceiver()
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: `${receiver.endpoint}/otlp` })
    await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
    await helpersEnded(world)
    await world.tool(['test'], { TRIX_TELEMETRY: 'on' })
    await helpersEnded(world)
    const { status, stdout, stderr } = await world.tool(['telemetry', 'status'], { TRIX_TELEMETRY: 'on' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^trix telemetry is on: runs are counted and sent\n/)
    expect(stdout).toContain('because       TRIX_TELEMETRY says yes\n')
    expect(stdout).toContain(
      `endpoint      ${receiver.endpoint}/otlp/v1/metrics (from TRIX_TELEMETRY_ENDPOINT)\n`,
    )
    expect(stdout).toContain('headers       otlp-tally-shard, user-agent and those of every HTTP request\n')
    expect(stdout).toMatch(/fingerprint {3}[0-9a-f]{64}\n {2}instance id {3}[0-9a-f-]{36}\n/)
    expect(stdout).toMatch(/last request {2}taken (just now|\d+ \w+ ago) \(200\)\n/)
    expect(stdout).toMatch(/counted {7}2 runs, 1 event of version 0\.19\.3, since [\d-]+, sent\n/)
    expect(stdout).toMatch(
      / {2}1 {2}build\n.* {2}1 {2}test\n.* {2}1 {2}documents_tested empty=true \(event\)\n/,
    )
  })

  test.each([
    [404, 'refused: 404, ', 'not sent yet'],
    [503, 'not known: 503, ', 'not sent yet'],
  ])('says that the receiver has answered %i', async (code, said, waiting) => {
    const receiver = await startReceiver(code, { 'content-type': 'text/plain' })
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await world.tool(['build'])
    await helpersEnded(world)
    const { stdout } = await telemetry(world, 'status')
    expect(stdout).toContain(`last request  ${said}`)
    expect(stdout).toContain(waiting)
    const { logs } = JSON.parse((await telemetry(world, 'status', '--json')).stdout)
    expect(logs).toMatchObject([{ pending: 1, lastRequest: { why: `${code}`, time: expect.any(String) } }])
  })

  test('says that there are no ids before the first count, and makes none', async () => {
    const world = makeWorld()
    const { stdout } = await telemetry(world, 'status')
    expect(stdout).toContain('fingerprint   made with the first count\n')
    expect(stdout).toContain('instance id   made with the first count\n')
    expect(stdout).toContain('answer        none yet\n')
    expect(stdout).toContain('notice        not shown yet\n')
    expect(stdout).toContain('last request  none yet\n')
    expect(world.files()).toEqual([])
  })

  test('--json says the same to a program', async () => {
    const endpoint = await closedEndpoint()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
    await telemetry(world, 'enable')
    await world.tool(['build'])
    await helpersEnded(world)
    const { stdout } = await telemetry(world, 'status', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ name: 'trix', version: '0.19.3', mode: 'on', row: 13, reason: 'TRIX_TELEMETRY says yes' },
      counterfactuals: [{ mode: 'on', row: 15, reason: 'you have said yes to this' }],
      endpoint: { url: `${endpoint}/v1/metrics`, setBy: 'TRIX_TELEMETRY_ENDPOINT', plainHttp: false },
      headers: expect.arrayContaining(['content-type', 'otlp-tally-shard', 'accept-language']),
      answer: { no: null, problem: null, yes: [{ origin: `${endpoint}/v1/metrics`, noticeVersion: 1 }] },
      notice: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      instance: expect.stringMatching(/^[0-9a-f-]{36}$/),
      logs: [
        {
          ...{ version: '0.19.3', local: false, current: true, runs: 1, failures: 0, events: 0, pending: 1 },
          lastRequest: { result: 'refused', why: 'ECONNREFUSED' },
          series: [
            { metric: 'command_invocation', attributes: { command_name: 'build' }, kind: 'run', count: 1 },
          ],
        },
      ],
    })
  })

  test('names what would decide otherwise, the line of the config, and each log, the current one first', async () => {
    const world = makeWorld({ CI: 'true' })
    await world.tool(['check'], { TRIX_TELEMETRY: 'local', TRIX_VERSION: '0.18.0' })
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    world.writeConfig('# mine\n\n[telemetry]\nair_gapped = true\nenabled = false\n')
    const { stdout } = await telemetry(world, 'status')
    expect(stdout).toContain(`because       enabled = false in ${world.config} (line 5)\n`)
    expect(stdout).toContain(
      `without it    local: air_gapped = true in ${world.config} (line 4)\n` +
        '                off: this is a CI (CI)\n' +
        '                off: the notice for this was not shown yet\n',
    )
    expect(stdout).toMatch(
      /counted {7}1 run of version 0\.19\.3, since [\d-]+, for you alone\n {16}1 {2}build\n {16}1 run of version 0\.18\.0, since [\d-]+, for you alone\n$/,
    )
  })

  test('says which endpoint a log is for, where that is not the endpoint in effect', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.tool(['build'])
    await world.tool(['check'], { TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
    await helpersEnded(world)
    const own = await telemetry(world, 'status')
    expect(own.stdout).toMatch(
      /counted {7}1 run of version 0\.19\.3, since [\d-]+, not sent yet\n {16}1 {2}build\n {16}1 run of version 0\.19\.3 for an endpoint that is not set any more, since /,
    )
    const other = await world.tool(['telemetry', 'status'], { TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
    expect(other.stdout).toMatch(
      /counted {7}1 run of version 0\.19\.3, since .*\n {16}1 {2}check\n {16}1 run of version 0\.19\.3 for http:\/\/127\.0\.0\.1:4318\/v1\/metrics, since /,
    )
    const { logs } = JSON.parse((await telemetry(world, 'status', '--json')).stdout)
    expect(logs).toMatchObject([
      { current: true, url: `${ORIGIN}/v1/metrics` },
      { current: false, url: null },
    ])
  })

  test('shows a value that is not understood, and those that are', async () => {
    const { stdout } = await makeWorld({ TRIX_TELEMETRY: 'banana' }).tool(['telemetry', 'status'])
    expect(stdout).toContain(
      'because       TRIX_TELEMETRY is "banana", which is not understood and means off: expected on, off, local or log\n',
    )
  })

  test('shows line, column and caret of a config that is not TOML', async () => {
    const world = makeWorld()
    world.writeConfig('a = 1\n[telemetry\nenabled = false\n')
    const { stdout } = await telemetry(world, 'status')
    expect(stdout).toMatch(/^trix telemetry is off/)
    expect(stdout).toMatch(/line 2, column \d+/)
    expect(stdout).toMatch(/\n2: {2}\[telemetry\n +\^/)
  })

  test('says that the fingerprint is damaged, and that the answer cannot be read', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    mkdirSync(`${world.state}/v1`, { recursive: true })
    writeFileSync(`${world.state}/fingerprint`, 'scribbled')
    expect((await telemetry(world, 'status')).stdout).toContain(
      'fingerprint   ended: the file is damaged; the next count makes a new one\n',
    )
    writeFileSync(`${world.state}/consent.json`, '{')
    const { stdout } = await telemetry(world, 'status')
    expect(stdout).toMatch(/^trix telemetry is off/)
    expect(stdout).toMatch(/answer {8}cannot be read, which means no \(/)
  })

  test.each([
    ['http://otel.example.com', true],
    ['https://otel.example.com', false],
    ['http://localhost:4318', false],
    ['http://[::1]:4318', false],
    ['http://127.0.0.1.example.com', true],
  ])('warns of plain http to another machine: %s %s', async (endpoint, warned) => {
    const { stdout } = await makeWorld({ TRIX_TELEMETRY_ENDPOINT: endpoint }).tool(['telemetry', 'status'])
    expect(stdout.includes('plain http')).toBe(warned)
  })

  test.each([
    [{}, '', 'run trix once in a terminal, or "trix telemetry enable"'],
    [{ DO_NOT_TRACK: '1' }, '', 'unset DO_NOT_TRACK'],
    [{ TRIX_NO_TELEMETRY: '1' }, '', 'unset TRIX_NO_TELEMETRY'],
    [{ CI: '1' }, '', 'TRIX_TELEMETRY=on counts and sends in CI too'],
    [{}, 'enabled = true', '"trix telemetry disable", or DO_NOT_TRACK=1, switches it off'],
    [{}, 'air_gapped = true', 'remove line 2 of CONFIG to send'],
    [{ TRIX_TELEMETRY: 'local' }, '', 'unset TRIX_TELEMETRY to send'],
    [{ TRIX_TELEMETRY_ENDPOINT: 'localhost' }, '', 'correct TRIX_TELEMETRY_ENDPOINT, or unset it'],
  ])('names the next step: %j %s', async (env, config, sentence) => {
    const world = makeWorld(env as Record<string, string>)
    world.writeConfig(`[telemetry]\n${config}\n`)
    expect((await telemetry(world, 'status')).stdout.replaceAll(world.config, 'CONFIG')).toContain(
      `next step     ${sentence}\n`,
    )
  })

  test('tells the user and the author what to do where there is no endpoint', async () => {
    const world = makeWorld()
    const status = async (options: string) => (await world.script(managed(options, ['status']))).stdout
    expect(await status('')).toContain(
      `next step     set an endpoint: endpoint = "https://…" below [telemetry] in ${world.config}\n` +
        '                or, as the author of trix, pass an `endpoint` to initTelemetry\n' +
        '  endpoint      none\n',
    )
    const bare = await status("endpoint: 'otel.example.com'")
    expect(bare).toContain('pass a valid `endpoint` to initTelemetry\n')
    expect(bare).toContain(
      'endpoint      otel.example.com is not a URL: put http:// or https:// in front of it (from the tool)\n',
    )
  })

  test.each([
    ...["commands: 'abc'", 'commands: null', "commands: ['/etc/passwd']", "events: 'abc'", 'events: null'],
    ...["resourceAttributes: 'abc'", 'endpoint: 4318', 'headers: null', 'metricName: 5', 'delivery: 5'],
    ...['command: 5', 'notice: 5', "policy: 'javascript:alert(1)'", 'failures: { except: [-1] }'],
  ])('and other commands name an invalid option, and print nothing that is made of it: %s', async option => {
    const world = makeWorld()
    for (const args of [['status'], ['preview', '--all'], ['check']]) {
      const { stdout, stderr } = await world.script(managed(option, args))
      expect(stdout + stderr).toContain(`${option.split(':')[0]}: expected`)
      expect(stdout + stderr).not.toMatch(/TypeError|^ +at |^ {2}(sent|never sent) /m)
    }
  })

  test('names the headers that are sent, and shows no value', async () => {
    const world = makeWorld()
    world.writeConfig(
      '[telemetry]\nendpoint = "http://127.0.0.1:9"\nheaders = { Authorization = "Bearer secret" }\n',
    )
    const { stdout } = await telemetry(world, 'status')
    expect(stdout).toContain(
      'headers       otlp-tally-shard, user-agent, authorization and those of every HTTP request\n',
    )
    expect(stdout).not.toContain('secret')
    const other = await world.tool(['telemetry', 'status', '--json'], {
      TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:10',
    })
    expect(JSON.parse(other.stdout).headers).not.toContain('authorization')
  })

  test('shows the policy, and when and for which endpoint the notice was shown', async () => {
    const world = makeWorld()
    const options = `endpoint: 'http://127.0.0.1:9', policy: 'https://example.com/privacy'`
    await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { consentText, recordConsent } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build'], ${options} })
      recordConsent('shown', consentText())`)
    const { stdout } = await world.script(managed(options, ['status']))
    expect(stdout).toContain('more          https://example.com/privacy\n')
    expect(stdout).toMatch(/notice {8}shown on \d{4}-\d\d-\d\d, for http:\/\/127\.0\.0\.1:9 \(version 1\)\n/)
  })

  test.each([
    ["endpoint: 'http://127.0.0.1:10'", 'was for http://127.0.0.1:9, not for http://127.0.0.1:10'],
    ["endpoint: 'http://127.0.0.1:9', failures: true, agents: true", 'did not cover agents, failures'],
    ["endpoint: 'http://127.0.0.1:9', noticeVersion: 2", 'did not cover the new text of the notice'],
  ])('says what an earlier yes lacks: %s', async (options, sentence) => {
    const world = makeWorld()
    await world.script(managed("endpoint: 'http://127.0.0.1:9'", ['enable']))
    const status = async () => (await world.script(managed(options, ['status']))).stdout
    expect(await status()).toContain(
      `because       the notice for this was not shown yet\n                your yes ${sentence}\n`,
    )
    await world.script(managed(options, ['enable']))
    expect(await status()).not.toContain('your yes')
  })

  test('repeats the reason of the tool, and says that it has counted before initTelemetry', async () => {
    const { stdout } = await makeWorld().script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      trackCommand('build')
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', commands: [], disabled: 'telemetry: false in package.json' })
      await runTelemetryCommand(['status'])`)
    expect(stdout).toContain('because       telemetry: false in package.json\n')
    expect(stdout).toContain(
      'problem       1 call came before trix had set up its telemetry, and counted nothing\n',
    )
  })

  test('names only commands that the tool has', async () => {
    const ng = await makeWorld().script(
      managed(`endpoint: 'http://127.0.0.1:9', command: 'ng analytics'`, ['status']),
    )
    expect(ng.stdout).toContain('"ng analytics enable"')
    const none = await makeWorld().script(
      managed(`endpoint: 'http://127.0.0.1:9', command: false`, ['status']),
    )
    expect(none.stdout).toContain('[telemetry] enabled = true in /')
    expect(none.stdout).not.toMatch(/trix telemetry (?!is)/)
  })

  test.each([{ HOME: '/proc' }, { XDG_STATE_HOME: '/proc/foo' }])(
    'and all other commands end where the state folder cannot be made: %j',
    async env => {
      const world = makeWorld(env as Record<string, string>)
      const codes = {
        status: 0,
        enable: 1,
        disable: 1,
        preview: 0,
        report: 0,
        export: 0,
        clear: 0,
        prompt: 1,
      }
      for (const [command, code] of Object.entries(codes))
        expect([command, (await telemetry(world, command)).status]).toEqual([command, code])
    },
  )

  test.runIf(isRoot)(
    'and other commands end where the home is a mount whose folder was deleted',
    async () => {
      const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
      const script = 'mkdir src && mount --bind src "$HOME" && rm -rf src && exec timeout 10 "$@"'
      const tool = [process.execPath, TOOL, 'telemetry']
      for (const command of ['status', 'enable', 'disable', 'export', 'clear']) {
        const args = ['-m', 'sh', '-c', script, 'sh', ...tool, command]
        const { status } = await runProcess('unshare', args, world)
        expect([command, [0, 1].includes(status!)]).toEqual([command, true])
      }
    },
  )

  test('says so where Node lacks what the library needs, and no command crashes', async () => {
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
        ...{ status: 1, signal: null, stdout: '' },
        stderr: `trix telemetry ${command}: not possible under Node ${process.version}, where telemetry is always off\n`,
      })
    const asking = `
      import { initTelemetry } from 'otlp-tally'
      import { askConsent, consentText, recordConsent } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', commands: [], consent: 'explicit' })
      console.log(await askConsent(), consentText(), recordConsent('yes', ''), recordConsent('no', ''))`
    expect(await world.script(asking, old)).toMatchObject({
      ...{ status: 0, stdout: 'undefined undefined false false\n', stderr: '' },
    })
    expect(world.files()).toEqual([])
  })
})

describe('what is printed has no control characters and no password in it', () => {
  const ESCAPE = '\u001b]0;owned\u0007\u009b31m\u202e'
  /** What a terminal would obey instead of showing it. */
  const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

  test.each<[what: string, env: Record<string, string>, config?: string]>([
    ['the value of the variable', { TRIX_TELEMETRY: ESCAPE }],
    ['the name of a variable', { 'TRIX_TELEMET\u001bRY': 'off' }],
    ['an endpoint', { TRIX_TELEMETRY_ENDPOINT: `http://x/${ESCAPE}\r\nTo https://nice.example` }],
    ['an invalid endpoint', { TRIX_TELEMETRY_ENDPOINT: `${ESCAPE}://user:SECRET@x` }],
    ['a proxy', { http_proxy: 'http://u:SECRET@h\u009b:1', TRIX_TELEMETRY_ENDPOINT: 'http://x' }],
    ['an unknown key', {}, `[telemetry]\n"\\u001b[2J\u202e" = 1\n`],
    ['a config that is not TOML', {}, `[telemetry]\nenabled = tr\u009b31m\u202eue\n`],
  ])('of %s', async (_, env, config) => {
    const world = makeWorld(env)
    if (config) world.writeConfig(config)
    const tool = writeTool(world, { endpoint: await closedEndpoint() })
    const outputs = [await tool.run({ TRIX_TELEMETRY: 'log', ...env }), await tool.onTerminal()]
    for (const args of ['status', 'status --json', 'preview --all', 'prompt', 'enable', 'disable'])
      outputs.push(await tool.telemetry(args))
    if (!('http_proxy' in env)) outputs.push(await tool.telemetry('check'))
    for (const { stdout, stderr } of outputs) {
      expect(stdout + stderr).not.toMatch(OBEYED)
      expect(stdout + stderr).not.toContain('SECRET')
    }
  })

  test('of a home, and of the command line', async () => {
    const world = makeWorld()
    const HOME = join(world.home, `me\u001b[2J\u202e`)
    mkdirSync(HOME)
    for (const args of [
      ...[['status'], ['status', '--json'], ['preview'], ['preview', '--all'], ['enable'], ['disable']],
      ...[['check'], ['export'], ['report'], ['prompt'], ['clear', '--yes'], [ESCAPE], ['preview', ESCAPE]],
    ]) {
      const { stdout, stderr } = await world.tool(['telemetry', ...args], { HOME })
      expect([args, OBEYED.exec(stdout + stderr)]).toEqual([args, null])
    }
  })

  test.each([
    'https://me:SECRET@example.com',
    'https://me:SEC/RET@example.com',
    'https://me:p@SECRET@example.com',
    'me:SECRET@example.com',
    'ftp://me:SECRET@example.com',
    ' https:\\\\me:SECRET@example.com',
  ])('of an endpoint with a password: %s', async endpoint => {
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: endpoint })
    for (const command of ['status', 'check', 'enable']) {
      const { stdout, stderr } = await telemetry(world, command)
      expect([command, /SEC\/?RET/.exec(stdout + stderr)]).toEqual([command, null])
    }
  })

  test('of a log with a strange name or text', async () => {
    const world = makeWorld()
    const folder = join(world.state, 'v1')
    mkdirSync(folder, { recursive: true })
    const record =
      '\n{"file":[0,0],"id":"\u001b[2J","metric":"command_invocation","resource":{"service.name":"trix"}}'
    writeFileSync(join(folder, '%zz-00000000-00000000.log'), record)
    writeFileSync(join(folder, '%3dhyperlink-00000000-00000000.log'), record)
    writeFileSync(
      join(folder, '1.0.0-00000000-00000000.log'),
      `${record}\n\u001b[2J 1795813518021\nbuild,x="=1" 1795813518021`,
    )
    for (const args of [['status'], ['status', '--json'], ['export'], ['export', '-f', 'csv']]) {
      const { status, stdout, stderr } = await telemetry(world, ...args)
      expect([args, status, OBEYED.exec(stdout + stderr)]).toEqual([args, 0, null])
      expect(stdout).not.toMatch(/HYPERLINK|hyperlink|=1/)
    }
  })
})

describe('a mistake on the command line', () => {
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
    [['export', '-f', 'xml'], 'export: --format xml: expected json, csv, otlp'],
    [['preview', '--all', 'build'], 'preview: --all is about every command: expected no COMMAND'],
    [['preview', '--all', '--raw'], 'preview: expected only one of --all, --raw'],
    [['preview', '--json'], 'preview: --json needs --all; --raw is the body of one command'],
  ])('%j is one line, and exit code 2', async (args, sentence) => {
    const world = makeWorld()
    const { status, stdout, stderr } = await telemetry(world, ...args)
    expect({ status, stdout, stderr }).toEqual({
      ...{ status: 2, stdout: '', stderr: `trix telemetry ${sentence}\n` },
    })
    expect(world.files()).toEqual([])
  })
})

describe('help', () => {
  test('of a command shows its usage', async () => {
    for (const args of [
      ['help', 'export'],
      ['export', '--help'],
      ['off', '-h'],
    ]) {
      const { status, stdout } = await telemetry(makeWorld(), ...args)
      expect([status, stdout]).toEqual([0, expect.stringMatching(/^usage: trix telemetry (export|disable)/)])
    }
  })

  test('is what no command at all shows', async () => {
    expect(await telemetry(makeWorld())).toMatchObject({
      ...{ status: 0, stdout: expect.stringContaining('usage: trix telemetry') },
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
  const init = (name: string, more = '') =>
    `initTelemetry({ name: '${name}', version: '1.0.0', commands: [] ${more} })`

  test('without initTelemetry says to the user that nothing is counted', async () => {
    expect(await makeWorld().script(run(''))).toMatchObject({
      ...{ status: 1, stderr: 'this program has no telemetry: nothing is counted or sent\n' },
    })
  })

  test('with two tools is about the first one; `name` chooses another', async () => {
    const world = makeWorld()
    const both = `${init('@acme/cli')}\n${init('@globex/cli')}`
    expect(await world.script(run(both))).toMatchObject({ status: 0, stderr: '' })
    expect(world.files()).toEqual(['.local/state/@acme+cli/consent.json'])
    expect(await world.script(run(both, "name: '@globex/cli'"))).toMatchObject({ status: 0 })
    expect(world.files()).toEqual([
      '.local/state/@acme+cli/consent.json',
      '.local/state/@globex+cli/consent.json',
    ])
  })

  test.each([
    [
      `initTelemetry({ name: '../x', version: '1.0.0', commands: [] })`,
      'telemetry is off: this program has set it up wrongly (name: expected',
    ],
    [
      init('trix', `, home: 'relative'`),
      'telemetry is off: this program has set it up wrongly (home: expected',
    ],
  ])('writes nothing where the name or the home is invalid: %s', async (setup, message) => {
    const world = makeWorld()
    const { status, stderr } = await world.script(run(setup))
    expect(status).toBe(1)
    expect(stderr).toContain(message)
    expect(world.files()).toEqual([])
  })
})

describe('askConsent', () => {
  /** A program with a terminal that types `before` at its start, and the answer when the question is shown. */
  const asking = (answer: string, options = '', before = '') => `
    import { initTelemetry } from 'otlp-tally'
    import { askConsent } from 'otlp-tally/cli'
    import { PassThrough } from 'node:stream'
    initTelemetry({ name: 'ng', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', commands: ['build'], consent: 'explicit' ${options} })
    const stdin = Object.assign(new PassThrough(), { isTTY: true })
    stdin.write(${JSON.stringify(before)})
    const stderr = {
      isTTY: true,
      write(text) {
        process.stdout.write(text)
        if (text.endsWith('] ')) stdin.write('${answer}\\n')
      },
    }
    const env = { HOME: process.env.HOME, ...JSON.parse(process.env.MORE ?? '{}') }
    console.log('answer:', await askConsent({ stdin, stderr, env }))`

  test('names all that can be sent and to whom, and only commands that the tool has', async () => {
    const more = `, command: 'ng analytics', failures: true, agents: true, policy: 'https://example.com/privacy',
      events: { cup_brewed: { decaf: Boolean } }, resourceAttributes: { department: 'x' }`
    const { stdout } = await makeWorld().script(asking('y', more))
    const text = stdout.replace(/\s+/g, ' ')
    for (const said of [
      ...[
        'cup_brewed (decaf: true, false)',
        'department=x',
        'how often it failed',
        'which coding agent ran it',
      ],
      ...['http://127.0.0.1:65009', 'ng analytics enable, or disable', 'https://example.com/privacy'],
      ...['otlp-tally-shard', '"ng analytics disable" switches it off'],
    ])
      expect(text).toContain(said)
    expect(stdout).toMatch(/answer: true\n$/)
    expect(stdout).not.toContain('ng telemetry disable')
  })

  test('is not answered by what was typed before', async () => {
    const { stdout } = await makeWorld().script(asking('n', '', 'y\ny\ny\n'))
    expect(stdout).toMatch(/answer: false\n$/)
  })

  test('asks once; where more is sent, or to another host, asks again and says what is new', async () => {
    const world = makeWorld()
    expect((await world.script(asking('y'))).stdout).toContain('May ng count')
    expect((await world.script(asking('n'))).stdout).toBe('answer: true\n')
    const more = (await world.script(asking('y', ', failures: true'))).stdout
    expect(more).toContain('May ng count')
    expect(more).toMatch(/\n {2}New +failures\n/)
    // The first answer still holds.
    expect((await world.script(asking('n'))).stdout).toBe('answer: true\n')
    const raised = (await world.script(asking('y', ', noticeVersion: 2'))).stdout
    expect(raised).toContain('May ng count')
    const other = await world.script(asking('n', ", endpoint: 'http://127.0.0.1:65010'"))
    expect(other.stdout).toContain('May ng count')
    expect(other.stdout).toMatch(/\n {2}New +who receives it\n/)
    expect((await world.script(asking('y'))).stdout).toBe('answer: false\n')
  })

  test.each([
    { CI: '1' },
    { DO_NOT_TRACK: '1' },
    { CLAUDECODE: '1' },
    { TERM: 'dumb' },
    { COMP_LINE: 'ng bu' },
    { VITEST: 'true', NG_TELEMETRY_ENDPOINT: 'https://otel.example.com' },
    { NG_TELEMETRY_OPTOUT: '1' },
  ])('asks nobody with %j', async env => {
    const world = makeWorld({ MORE: JSON.stringify(env) })
    expect((await world.script(asking('y'))).stdout).toBe('answer: undefined\n')
    expect(world.files()).toEqual([])
  })

  test('returns undefined where the answer cannot be written', async () => {
    const world = makeWorld()
    mkdirSync(join(world.home, '.local/state'), { recursive: true })
    writeFileSync(join(world.home, '.local/state/ng'), '')
    const { stdout } = await world.script(asking('y'))
    expect(stdout).toMatch(/answer: undefined\n$/)
  })

  test('without initTelemetry prints nothing', async () => {
    const code = `import { askConsent } from 'otlp-tally/cli'\nconsole.log(await askConsent())`
    expect(await makeWorld().script(code)).toMatchObject({ status: 0, stdout: 'undefined\n', stderr: '' })
  })
})

describe('a host without a terminal', () => {
  const host = (code: string, options = '') => `
    import { initTelemetry, trackCommand } from 'otlp-tally'
    import { consentText, recordConsent } from 'otlp-tally/cli'
    initTelemetry({ name: 'trix', version: '1.0.0', endpoint: process.env.TO ?? 'http://127.0.0.1:9', commands: ['build'] ${options} })
    ${code}`

  test('shows the notice and records that; from then on it counts, and there is no text to show', async () => {
    const receiver = await startReceiver()
    const world = makeWorld({ TO: receiver.endpoint })
    const first = await world.script(
      host(`const text = consentText(); console.log(text); console.log(recordConsent('shown', text))`),
    )
    expect(first.stdout).toContain('trix counts how often each of its commands is run')
    expect(first.stdout).toContain(receiver.endpoint)
    expect(first.stdout).toMatch(/true\n$/)
    const second = await world.script(host(`console.log(consentText()); trackCommand('build')`))
    expect(second.stdout).toBe('undefined\n')
    expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
    await helpersEnded(world)
    // The text that was shown can still be answered.
    const yes = await world.script(host(`console.log(recordConsent('yes', process.env.TEXT))`), {
      TEXT: first.stdout.replace(/\ntrue\n$/, ''),
    })
    expect(yes.stdout).toBe('true\n')
    expect(consent(world)).toHaveProperty('yes')
  })

  test('does not count the run in which it shows the notice, unless the user says yes then', async () => {
    const { endpoint } = await startReceiver()
    const shown = `const text = consentText(); recordConsent('shown', text)`
    const world = makeWorld({ TO: endpoint })
    await world.script(host(`${shown}; trackCommand('build')`))
    expect(world.files()).toEqual(['.local/state/trix/notice'])
    const other = makeWorld({ TO: endpoint })
    await other.script(host(`${shown}; recordConsent('yes', text); trackCommand('build')`))
    expect(other.files().filter(file => file.endsWith('.log'))).toHaveLength(1)
    await helpersEnded(other)
  })

  test.each([
    ['another text', `recordConsent('yes', consentText() + ' ')`],
    ['no text', `recordConsent('yes', '')`],
    ['undefined', `recordConsent('yes', undefined)`],
    ['an answer that is none', `recordConsent('maybe', consentText())`],
    ['a notice where an explicit yes is wanted', `recordConsent('shown', consentText())`],
  ])('records nothing for %s', async (_, call) => {
    const world = makeWorld()
    expect((await world.script(host(`console.log(${call})`, ", consent: 'explicit'"))).stdout).toBe('false\n')
    expect(world.files()).toEqual([])
  })

  test('records no yes to a text that does not name all that is sent', async () => {
    const world = makeWorld()
    const { stdout } = await world.script(
      host('process.stdout.write(consentText())', ", consent: 'explicit'"),
    )
    const record = (answer: string, options: string) =>
      world.script(host(`console.log(recordConsent('${answer}', process.env.TEXT))`, options), {
        TEXT: stdout,
      })
    expect((await record('yes', ", consent: 'explicit', failures: true")).stdout).toBe('false\n')
    expect((await record('yes', ", consent: 'explicit'")).stdout).toBe('true\n')
    // A no is recorded whatever the text.
    expect((await record('no', ", consent: 'explicit', failures: true")).stdout).toBe('true\n')
    expect(consent(world)).toHaveProperty('no')
  })

  test('has no text to show where telemetry is off', async () => {
    for (const env of [{ DO_NOT_TRACK: '1' }, { CI: '1' }] as Record<string, string>[]) {
      const world = makeWorld(env)
      expect((await world.script(host('console.log(consentText())'))).stdout).toBe('undefined\n')
    }
  })
})

test('enable changes nothing where everybody may write into the state folder, and says so', async () => {
  const world = makeWorld()
  mkdirSync(world.state, { recursive: true })
  chmodSync(world.state, 0o777)
  const { status, stderr } = await telemetry(world, 'enable')
  expect(status).toBe(1)
  expect(stderr).toBe(
    'trix telemetry enable: nothing was changed: everybody may write into the state folder\n',
  )
})
