import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpers, helpersEnded, startHanging, until } from './helper.ts'
import { counts, type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, type Result, runProcess, type World } from './world.ts'

const TOOL = join(import.meta.dirname, '../examples/tool.js')

/** A user who has said yes, and a receiver that their tool sends to. */
async function consented(): Promise<{ world: World; receiver: Receiver }> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  return { world, receiver }
}

/** A script of a tool with these options of `initTelemetry`. */
const script = (code: string, options = '') => `
  import { initTelemetry } from 'otlp-tally'
  const { trackCommand, flushTelemetry } = initTelemetry({
    name: 'trix', version: '0.19.3', commands: ['build', 'upgrade'], ${options} })
  ${code}`

describe('a command that cannot be helped is not hurt', () => {
  test('where no process can be started, it ends as ever, and the next one carries its count', async () => {
    const { world, receiver } = await consented()
    const gone = await world.script(
      script(`
        trackCommand('upgrade')
        // A tool that replaces its own runtime while it runs.
        process.execPath = '/nowhere/node'`),
    )
    expect(gone).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await world.script(script("trackCommand('build')"))
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1, upgrade: 1 })
  })

  test('a deleted working folder, a missing temporary folder and a closed stderr are nothing to it', async () => {
    const { world, receiver } = await consented()
    const command = `mkdir gone && cd gone && rmdir ../gone && ${process.execPath} ${TOOL} test --dir ${world.cwd} 2>&-`
    const env = { ...world.env, TMPDIR: '/nowhere' }
    expect(await runProcess('sh', ['-c', command], { cwd: world.cwd, env })).toMatchObject({
      status: 0,
      stdout: '0 documents\n',
    })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ test: 1 })
  })
})

describe('however the command ends, by whomever it is ended', () => {
  test.each([
    "process.on('exit', () => process.exit(6))",
    "process.on('exit', () => process.reallyExit(7))",
    "process.on('exit', () => { throw new Error('theirs') })",
    "process.prependListener('exit', () => process.exit(8))",
  ])('a listener that came before ours changes nothing: %s', async listener => {
    const { world, receiver } = await consented()
    const code = script(`${listener}\ntrackCommand('build')\nconsole.log('built')`)
    const off = await world.script(code, { TRIX_TELEMETRY: 'off' })
    // Through which functions of Node the error came is not ours to keep.
    const plain = ({ stderr, ...rest }: Result) => ({ ...rest, stderr: stderr.replace(/\n +at .*/g, '') })
    expect(plain(await world.script(code))).toEqual(plain(off))
    expect(off).toMatchObject({ stdout: 'built\n' })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test('a tool with as many listeners as Node allows is not warned of ours', async () => {
    const { world, receiver } = await consented()
    const result = await world.script(
      // Node has one of its own.
      script(`for (let i = 0; i < 9; i++) process.on('exit', () => {})\ntrackCommand('build')`),
    )
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await receiver.arrived(1)
  })
})

/** The records of the sender in the user's logs: `!send`, `!taken`, `!refused`, `!unknown`. */
function records({ state }: World): string[] {
  const folder = join(state, 'v1')
  return readdirSync(folder).flatMap(name =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter(line => line.startsWith('!')),
  )
}

describe("delivery: 'inline'", () => {
  const inline = "delivery: 'inline'"

  test('sends from the process itself, without a helper', async () => {
    const { world, receiver } = await consented()
    const withoutHelper =
      "process.getBuiltinModule('node:child_process').spawn = () => console.log('a helper')"
    const result = await world.script(script(`${withoutHelper}\ntrackCommand('build')`, inline))
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test("uses nothing that the host has wrapped or replaced, and its own requests stay the host's", async () => {
    const { world, receiver } = await consented()
    const code = `
      import http, { Agent } from 'node:http'
      import https from 'node:https'
      const seen = []
      globalThis.fetch = () => seen.push('fetch')
      globalThis[Symbol.for('undici.globalDispatcher.1')] = { dispatch: () => seen.push('dispatcher') }
      for (const module of [http, https])
        for (const name of ['request', 'get']) module[name] = () => seen.push(name)
      http.globalAgent = new Agent()
      http.globalAgent.addRequest = () => seen.push('agent')
      process.on('exit', () => console.log(seen.join()))
      trackCommand('build')`
    expect(await world.script(script(code, inline))).toMatchObject({ status: 0, stdout: '\n', stderr: '' })
    const [request] = await receiver.arrived(1)
    expect(Object.keys(request!.headers).sort()).toEqual([
      ...['connection', 'content-length', 'content-type', 'host', 'otlp-tally-shard', 'user-agent'],
    ])
  })

  test('a mock of the network that forbids all connections forbids this one too, without an error', async () => {
    const { world, receiver } = await consented()
    const nock = JSON.stringify(join(import.meta.dirname, '../node_modules/nock/index.js'))
    const code = `
      const { default: nock } = await import(${nock})
      nock.disableNetConnect()
      trackCommand('build')`
    const { status, stderr } = await world.script(script(code, inline))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    await helpersEnded(world)
    expect(counts(receiver.requests)).toEqual({})
  })

  test.each([
    ['right after it', 'process.exit(3)'],
    ['in a promise', 'await null; process.exit(3)'],
    ['in an immediate', 'setImmediate(() => process.exit(3))'],
    ['while the disk or the answer is awaited', 'setTimeout(() => process.exit(3), 1 + 30 * Math.random())'],
    [
      'when it is connected',
      "(await import('node:diagnostics_channel')).subscribe('net.client.socket', () => process.exit(3))",
    ],
    ['by an uncaught error', "process.exitCode = 3; throw new Error('boom')"],
  ])('delivers a command that calls process.exit() %s: each count arrives', async (_, end) => {
    const { world, receiver } = await consented()
    for (let run = 1; run <= 3; run++) {
      const { status, stdout } = await world.script(script(`trackCommand('build')\n${end}`, inline))
      expect({ status: status === 0, stdout }).toEqual({ status: false, stdout: '' })
      // Not how many bodies: one that was under way is sent once more, with the same totals.
      await expect.poll(() => counts(receiver.requests), { timeout: 15_000 }).toEqual({ build: run })
    }
    await helpersEnded(world)
    // Each claim is settled: no later command waits for one.
    const sent = records(world).filter(line => line.startsWith('!send ')).length
    expect(records(world).filter(line => /^!(taken|refused|unknown) /.test(line))).toHaveLength(sent)
  })

  test.each([
    ['no byte has left', 'refused'],
    ['it may have arrived', 'unknown'],
  ])('what the log says of a request that is given up at exit: %s', async (_, word) => {
    const { endpoint, connected } = await startHanging()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
    const act =
      word === 'refused'
        ? "(await import('node:diagnostics_channel')).subscribe('net.client.socket', () => process.exit())"
        : "process.stdin.on('data', () => process.exit())"
    const running = world.start(
      script(
        `process.getBuiltinModule('node:child_process').spawn = () => { throw new Error('none') }
         ${act}
         trackCommand('build')`,
        `${inline}, timeoutMs: 60000`,
      ),
    )
    if (word === 'unknown') await once(await connected, 'data')
    await running.end()
    expect(records(world).at(-1)).toMatch(new RegExp(`^!${word} \\w+ ended \\d{13}$`))
  })
})

describe('a process that runs on', () => {
  const idle = (act: string) => script(`${act}\nprocess.stdin.on('end', () => {}).resume()`)

  test('delivers a second after the call, though it only waits for its input', async () => {
    const { world, receiver } = await consented()
    const running = world.start(idle("trackCommand('build')"))
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    await running.end()
    await helpersEnded(world)
    expect(receiver.requests).toHaveLength(1)
  })

  test('is not kept alive: it ends with its input, before that second is over', async () => {
    const { world, receiver } = await consented()
    const running = world.start(idle("trackCommand('build'); process.on('exit', () => console.log('ended'))"))
    const started = performance.now()
    await running.end()
    // The timer alone would hold it for ever if it were renewed; a helper that hangs would, too.
    expect(performance.now() - started).toBeLessThan(15_000)
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test.each(['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)(
    '%s: what it has counted is delivered by the next',
    async signal => {
      const { world, receiver } = await consented()
      const running = world.start(idle("trackCommand('build'); console.log(process.pid)"))
      await running.said('\n')
      running.kill(signal)
      await running.end()
      await world.script(script("trackCommand('build')"))
      await expect.poll(() => counts(receiver.requests), { timeout: 15_000 }).toEqual({ build: 2 })
    },
  )
})

describe('the helper', () => {
  test.each(['SIGTERM', 'SIGHUP'] as const)('ends within 2 s of %s, not at once', async signal => {
    const { endpoint, connected } = await startHanging()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
    await world.script(script("trackCommand('build')", 'timeoutMs: 60000'))
    await once(await connected, 'data')
    const [pid] = helpers(world.home)
    process.kill(Number(pid), signal)
    process.kill(Number(pid), signal)
    await sleep(300)
    expect(helpers(world.home)).toEqual([pid])
    await until(() => helpers(world.home).length === 0)
    expect(records(world).at(-1)).toMatch(/^!unknown \w+ ended \d{13}$/)
  })

  test('that is asked to end still takes the answer that comes in time', async () => {
    const receiver = await startReceiver(200, {}, response => void setTimeout(() => response.end('{}'), 500))
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await world.script(script("trackCommand('build')", 'timeoutMs: 60000'))
    await receiver.arrived(1)
    process.kill(Number(helpers(world.home)[0]), 'SIGTERM')
    await helpersEnded(world)
    expect(records(world).at(-1)).toMatch(/^!taken /)
  })
})

describe('headers that fetch refuses', () => {
  const names = ['connection', 'content-length', 'Expect', 'keep-alive', 'Transfer-Encoding', 'upgrade']

  test.each(names)('%s is named in log mode, and nothing is counted', async name => {
    const { world, receiver } = await consented()
    const code = script("trackCommand('build')", `headers: { '${name}': 'x' }`)
    const { stderr } = await world.script(code, { TRIX_TELEMETRY: 'log' })
    expect(stderr).toBe('trix telemetry: none (not valid: headers; "trix telemetry status" explains it)\n')
    expect(await world.script(code)).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('in the config: off, and log says which', async () => {
    const { world } = await consented()
    world.writeConfig('[telemetry]\nheaders = { upgrade = "h2c" }\n')
    const { stderr } = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    expect(stderr).toContain(`not valid: ${world.config}, headers; "trix telemetry status" explains it`)
  })

  test('every other is sent as it is', async () => {
    const { world, receiver } = await consented()
    const headers = {
      authorization: 'Bearer x',
      te: 'trailers',
      "x-!#$%&'*+.^`|~-": ' y ',
    }
    await world.script(
      script(
        "trackCommand('build')",
        `endpoint: '${receiver.endpoint}', headers: ${JSON.stringify(headers)}`,
      ),
      { TRIX_TELEMETRY_ENDPOINT: '' },
    )
    const [request] = await receiver.arrived(1)
    expect(request!.headers).toMatchObject({ ...headers, "x-!#$%&'*+.^`|~-": 'y' })
  })
})
