import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleLibrary } from './bundle.ts'
import { endings } from './failures.ts'
import { marksIn } from './log-text.ts'
import { LIBRARY, ROOT } from './paths.ts'
import { consentedUser, counts } from './receiver.ts'
import { linked, makeWorld, type Result, runProcess, type World } from './world.ts'

const script = (code: string, options = 'failures: true') => `
  import { initTelemetry } from 'otlp-tally'
  const { trackCommand, trackEvent, flushTelemetry } = initTelemetry({
    name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009',
    commands: ['build', 'check', 'dev'], events: { cup_brewed: {} }, ${options} })
  ${code}`

/** How often each series of this user was counted. */
const marks = ({ state }: World) => marksIn(join(state, 'v1'))

/** Runs a script to its end. `kill` is sent when it has printed something. */
function run(
  world: World,
  code: string,
  flags: readonly string[] = [],
  kill?: NodeJS.Signals,
): Promise<Result> {
  const command = [...flags, '--input-type=module', '-e', linked(code)]
  if (!kill) return runProcess(process.execPath, command, world)
  return new Promise(resolve => {
    const child = spawn(process.execPath, command, {
      cwd: world.cwd,
      env: world.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child.stdout.once('data', () => child.kill(kill))
    child.on('close', (status, signal) => resolve({ status, signal, stdout: '', stderr: '' }))
  })
}

const BUILD = 'command_invocation,command_name=build'
const FAILED = 'command_failure,command_name=build'

describe('with failures: true', () => {
  test.each(
    endings.map(ending => [ending.title, ending.fails ? 'a failure' : 'no failure', ending] as const),
  )('%s: %s', async (_title, _verdict, { code, status, signal, kill, flags, fails }) => {
    const { world } = await consentedUser()
    const result = await run(world, script(`trackCommand('build')\n${code}`), flags, kill)
    expect(result).toMatchObject({ status: status ?? null, signal: signal ?? null })
    // What is no failure adds no series.
    expect(marks(world)).toEqual({ [BUILD]: 1, ...(fails && { [FAILED]: 1 }) })
  })

  test('tool | head -1: it is a failure if the tool ended with another exit code than 0', async () => {
    const { world } = await consentedUser()
    const file = join(world.cwd, 'tool.mjs')
    for (const write of ["process.stdout.write('a line\\n')", "console.log('a line')"]) {
      writeFileSync(file, linked(script(`trackCommand('build')\nfor (let i = 0; i < 1e5; i++) ${write}`)))
      const before = marks(world)[FAILED] ?? 0
      const line = `${process.execPath} ${file} 2>/dev/null | head -1; echo \${PIPESTATUS[0]}`
      const { stdout } = await runProcess('bash', ['-c', line], world)
      // Whether writing fails before the tool has ended is a matter of luck.
      const status = Number(stdout.trim().split('\n').at(-1))
      const failures = (marks(world)[FAILED] ?? 0) - before
      expect({ status, failures }).toEqual({ status, failures: status ? 1 : 0 })
    }
  })

  test('runs and failures are two metrics, each with its description, and a request of a failed command has both', async () => {
    const { world, receiver } = await consentedUser()
    for (const end of ['process.exit(2)', '', "throw new Error('boom')"]) {
      await run(world, script(`trackCommand('build')\n${end}`))
      await receiver.arrived(1)
    }
    await run(world, script("trackCommand('check')"))
    await expect.poll(() => counts(receiver.requests)).toEqual({ build: 3, check: 1 })
    expect(counts(receiver.requests, 'command_failure')).toEqual({ build: 2 })
    const metrics = receiver.requests.flatMap(
      ({ body }) => JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics,
    )
    const failure = metrics.find(({ name }) => name === 'command_failure')
    expect(failure).toMatchObject({
      unit: '{invocation}',
      sum: { isMonotonic: true, aggregationTemporality: 2 },
    })
    expect(failure.description).toBe('Failed invocations of trix by command.')
    expect(counts(receiver.requests.slice(0, 1), 'command_failure')).toEqual({ build: 1 })
  })

  test.each([
    ['process.exit(1)', 0],
    ['process.exit(2)', 1],
    ["process.on('exit', () => { process.exitCode = 1 })", 0],
    ["process.exitCode = 1; process.on('exit', () => { process.exitCode = 2 })", 1],
    ['process.exit(257)', 0],
  ])('with except: [1], %s is %i failures', async (end, failures) => {
    const { world } = await consentedUser()
    await run(world, script(`trackCommand('build')\n${end}`, 'failures: { except: [1] }'))
    expect(marks(world)).toEqual({ [BUILD]: 1, ...(failures && { [FAILED]: failures }) })
  })

  test.each(['detached', 'inline'])(
    'a failure by an exit code that a handler of `exit` sets is sent at once, %s',
    async delivery => {
      const { world, receiver } = await consentedUser()
      const code = "trackCommand('build'); process.on('exit', () => { process.exitCode = 7 })"
      await run(world, script(code, `failures: true, delivery: '${delivery}'`))
      await expect.poll(() => counts(receiver.requests, 'command_failure')).toEqual({ build: 1 })
      expect(counts(receiver.requests)).toEqual({ build: 1 })
    },
  )

  test('a failure has the attributes of the command that was counted last', async () => {
    const { world } = await consentedUser()
    const code = script(
      `trackCommand('init'); trackCommand('biuld'); trackCommand('build')
       trackEvent('cup_brewed'); trackCommand('--help'); trackCommand('telemetry status')
       process.exit(1)`,
      "failures: true, agents: true, commands: ['init', 'build'], events: { cup_brewed: {} }",
    )
    world.env.CLAUDECODE = '1'
    await run(world, code)
    expect(Object.keys(marks(world)).filter(series => series.startsWith('command_failure'))).toEqual([
      'command_failure,agent=claude,command_name=build',
    ])
  })

  test('a mistyped command fails as `unknown`', async () => {
    const { world } = await consentedUser()
    await run(world, script("trackCommand('biuld'); process.exit(2)"))
    expect(marks(world)).toEqual({
      'command_invocation,command_name=unknown': 1,
      'command_failure,command_name=unknown': 1,
    })
  })

  test.each([
    ['no command was counted', "trackEvent('cup_brewed'); process.exit(1)"],
    ['it was a flag', "trackCommand('--version'); process.exit(1)"],
    ['it was the telemetry command', "trackCommand('telemetry'); process.exit(1)"],
  ])('there is no failure where %s', async (_, code) => {
    const { world } = await consentedUser()
    await run(world, script(code))
    expect(Object.keys(marks(world)).filter(series => series.startsWith('command_'))).toEqual([])
  })

  test('there is no failure after a later initTelemetry with disabled: true', async () => {
    const { world } = await consentedUser()
    await run(
      world,
      script(`trackCommand('build')
        initTelemetry({ name: 'trix', version: '0.19.3', commands: [], disabled: true })
        process.exit(1)`),
    )
    expect(marks(world)).toEqual({ [BUILD]: 1 })
  })

  test('a program that runs on sends its count while it runs, and its failure when it ends', async () => {
    const { world, receiver } = await consentedUser()
    const running = world.start(
      script("trackCommand('dev')\nprocess.stdin.once('data', () => process.exit(1))"),
    )
    await receiver.arrived(1)
    expect(counts(receiver.requests, 'command_failure')).toEqual({})
    await running.end()
    await receiver.arrived(2)
    expect(counts(receiver.requests, 'command_failure')).toEqual({ dev: 1 })
  })

  const tools = (world: World, names: readonly string[]) =>
    names
      .map(
        (name, i) => `(await import(${JSON.stringify(i ? join(world.cwd, 'copy.mjs') : LIBRARY)}))
          .initTelemetry({ name: '${name}', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', failures: true, commands: ['build'] })
          .trackCommand('build')`,
      )
      .join(';\n')

  test.each([
    ['two tools', ['trix', 'trax'], { trax: 1 }],
    ['two copies of one tool', ['trix', 'trix'], { trix: 1 }],
  ])('a process has one failure, also with %s', async (_, names, expected) => {
    const { world } = await consentedUser()
    world.env.TRAX_TELEMETRY = 'on'
    await bundleLibrary(join(world.cwd, 'copy.mjs'))
    expect(await run(world, `${tools(world, names)}\nprocess.exit(1)`)).toMatchObject({ status: 1 })
    const states = [...new Set(names)].map(
      name => [name, marksIn(join(world.home, '.local/state', name, 'v1'))] as const,
    )
    const failed = states.flatMap(([name, { [FAILED]: failures }]) => (failures ? [[name, failures]] : []))
    expect(Object.fromEntries(failed)).toEqual(expected)
    for (const [, counted] of states) expect(counted[BUILD]).toBe(names.length / states.length)
  })
})

describe('a tool that asks for neither failures nor agents', () => {
  /** What log mode prints of a run, without the times. */
  const logged = async (options: string, env: Record<string, string>, code = "trackCommand('build')") => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log', ...env })
    const { stderr } = await run(world, script(code, options))
    return stderr.replace(/\d{13}000000/g, '<time>')
  }
  const plain =
    'trix telemetry: this would be sent to http://127.0.0.1:65009/v1/metrics\n' +
    '{"resourceMetrics":[{"resource":{"attributes":[' +
    '{"key":"service.name","value":{"stringValue":"trix"}},' +
    '{"key":"service.version","value":{"stringValue":"0.19.3"}},' +
    '{"key":"service.instance.id","value":{"stringValue":"made with the first count"}},' +
    '{"key":"user.fingerprint","value":{"stringValue":"made with the first count"}}]},' +
    '"scopeMetrics":[{"scope":{"name":"otlp-tally"},"metrics":[{"name":"command_invocation",' +
    '"description":"Invocations of trix by command.","unit":"{invocation}",' +
    '"sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[' +
    '{"attributes":[{"key":"command_name","value":{"stringValue":"build"}}],' +
    '"startTimeUnixNano":"<time>","timeUnixNano":"<time>","asInt":"0"},' +
    '{"attributes":[{"key":"command_name","value":{"stringValue":"build"}}],' +
    '"startTimeUnixNano":"<time>","timeUnixNano":"<time>","asInt":"1"}]}}]}]}]}\n'
  const agent = { CLAUDECODE: '1', AI_AGENT: 'claude-code' }

  const failing = "trackCommand('build'); process.exitCode = 1"

  test('has the same body byte for byte, whoever runs it and however it ends', async () => {
    expect(await logged('', {})).toBe(plain)
    expect(await logged('', agent)).toBe(plain)
    expect(await logged('failures: false, agents: false', agent, failing)).toBe(plain)
    expect(await logged('failures: true, agents: true', {})).toBe(plain)
  })

  test('(one that asks for them has another body)', async () => {
    expect(await logged('failures: true', {}, failing)).toContain('"name":"command_failure"')
    expect(await logged('agents: true', agent)).toContain('{"key":"agent","value":{"stringValue":"claude"}}')
  })
})

test('each row of the table in docs/failures.md is an ending that is tried here', () => {
  const page = readFileSync(join(ROOT, 'docs/failures.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (.*?) +\| (yes|no) +\|$/gm)].map(([, title, answer]) => [title, answer])
  const tried = endings.map(({ title, fails }) => [title, fails ? 'yes' : 'no'])
  expect(rows.length).toBeGreaterThan(15)
  expect(tried).toEqual(expect.arrayContaining(rows))
})
