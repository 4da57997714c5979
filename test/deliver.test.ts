import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpers, helpersEnded, startHanging, until } from './helper.ts'
import { ROOT, TOOL } from './paths.ts'
import { consentedUser, counts, startReceiver } from './receiver.ts'
import { makeWorld, type Result, runProcess, SILENT, type World } from './world.ts'

/** A script of a tool with these options of `initTelemetry`. */
const script = (code: string, options = '') => `
  import { initTelemetry } from 'otlp-tally'
  const { trackCommand, flushTelemetry } = initTelemetry({
    name: 'trix', version: '0.19.3', commands: ['build', 'upgrade'], ${options} })
  ${code}`

describe('a command ends as without telemetry, and is counted', () => {
  test('where no process can be started: the next command sends its count', async () => {
    const { world, receiver } = await consentedUser()
    const gone = await world.script(
      script(`
        trackCommand('upgrade')
        // A tool that replaces its own runtime while it runs.
        process.execPath = '/nowhere/node'`),
    )
    expect(gone).toEqual(SILENT)
    await world.script(script("trackCommand('build')"))
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1, upgrade: 1 })
  })

  test('where the working folder is deleted, the temporary folder is missing and stderr is closed', async () => {
    const { world, receiver } = await consentedUser()
    const command = `mkdir gone && cd gone && rmdir ../gone && ${process.execPath} ${TOOL} test --dir ${world.cwd} 2>&-`
    const env = { ...world.env, TMPDIR: '/nowhere' }
    expect(await runProcess('sh', ['-c', command], { cwd: world.cwd, env })).toMatchObject({
      status: 0,
      stdout: '0 documents\n',
    })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ test: 1 })
  })

  test.each([
    "process.on('exit', () => process.exit(6))",
    "process.on('exit', () => process.reallyExit(7))",
    "process.on('exit', () => { throw new Error('theirs') })",
    "process.prependListener('exit', () => process.exit(8))",
  ])('where a listener of its own for `exit` comes first: %s', async listener => {
    const { world, receiver } = await consentedUser()
    const code = script(`${listener}\ntrackCommand('build')\nconsole.log('built')`)
    const off = await world.script(code, { TRIX_TELEMETRY: 'off' })
    // The stack of its own error has our functions in it, or not.
    const plain = ({ stderr, ...rest }: Result) => ({ ...rest, stderr: stderr.replace(/\n +at .*/g, '') })
    expect(plain(await world.script(code))).toEqual(plain(off))
    expect(off).toMatchObject({ stdout: 'built\n' })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test('where it has as many listeners as Node allows without a warning', async () => {
    const { world, receiver } = await consentedUser()
    const result = await world.script(
      // Node has one of its own.
      script(`for (let i = 0; i < 9; i++) process.on('exit', () => {})\ntrackCommand('build')`),
    )
    expect(result).toEqual(SILENT)
    await receiver.arrived(1)
  })
})

/** The claims in the user's logs, and what became of them: `!send`, `!taken`, `!refused`, `!unknown`. */
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
    const { world, receiver } = await consentedUser()
    const withoutHelper =
      "process.getBuiltinModule('node:child_process').spawn = () => console.log('a helper')"
    const result = await world.script(script(`${withoutHelper}\ntrackCommand('build')`, inline))
    expect(result).toEqual(SILENT)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test('uses none of the network functions that the host has replaced', async () => {
    const { world, receiver } = await consentedUser()
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

  test('sends nothing where nock forbids all connections, and prints no error', async () => {
    const { world, receiver } = await consentedUser()
    const nock = JSON.stringify(join(ROOT, 'node_modules/nock/index.js'))
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
  ])('each count arrives, though the command calls process.exit() %s', async (_, end) => {
    const { world, receiver } = await consentedUser()
    for (let run = 1; run <= 3; run++) {
      const { status, stdout } = await world.script(script(`trackCommand('build')\n${end}`, inline))
      expect({ status: status === 0, stdout }).toEqual({ status: false, stdout: '' })
      // There may be more requests than commands: one that was under way is sent once more, with the same totals.
      await expect.poll(() => counts(receiver.requests)).toEqual({ build: run })
    }
    await helpersEnded(world)
    // Each claim is settled, so no later command waits for one to expire.
    const sent = records(world).filter(line => line.startsWith('!send ')).length
    expect(records(world).filter(line => /^!(taken|refused|unknown) /.test(line))).toHaveLength(sent)
  })

  test.each([
    ['it is refused if no byte has left', 'refused'],
    ['it is unknown if it may have arrived', 'unknown'],
  ])('a request that is given up at exit: %s', async (_, word) => {
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
  /** Does this, and then waits for the end of its input. */
  const idle = (act: string) => script(`${act}\nprocess.stdin.on('end', () => {}).resume()`)

  test('delivers while it waits for its input, and only once', async () => {
    const { world, receiver } = await consentedUser()
    const running = world.start(idle("trackCommand('build')"))
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    await running.end()
    await helpersEnded(world)
    expect(receiver.requests).toHaveLength(1)
  })

  test('is not kept alive: it ends with its input, and its count arrives', async () => {
    const { world, receiver } = await consentedUser()
    await world.start(idle("trackCommand('build')")).end()
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test.each(['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)(
    'that is ended by %s: the next command sends its count',
    async signal => {
      const { world, receiver } = await consentedUser()
      const running = world.start(idle("trackCommand('build'); console.log(process.pid)"))
      await running.printed('\n')
      running.kill(signal)
      await running.end()
      await world.script(script("trackCommand('build')"))
      await expect.poll(() => counts(receiver.requests)).toEqual({ build: 2 })
    },
  )
})

describe('the helper', () => {
  test.each(['SIGTERM', 'SIGHUP'] as const)('ends before its timeout after %s', async signal => {
    const { endpoint, connected } = await startHanging()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
    await world.script(script("trackCommand('build')", 'timeoutMs: 60000'))
    await once(await connected, 'data')
    const [pid] = helpers(world.home)
    process.kill(pid!, signal)
    process.kill(pid!, signal)
    await until(() => helpers(world.home).length === 0)
    expect(records(world).at(-1)).toMatch(/^!unknown \w+ ended \d{13}$/)
  })

  test('that got SIGTERM still takes the answer that comes in time', async () => {
    let answer = () => {}
    const receiver = await startReceiver(200, {}, response => (answer = () => response.end('{}')))
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await world.script(script("trackCommand('build')", 'timeoutMs: 60000'))
    await receiver.arrived(1)
    process.kill(helpers(world.home)[0]!, 'SIGTERM')
    answer()
    await helpersEnded(world)
    expect(records(world).at(-1)).toMatch(/^!taken /)
  })
})

describe('headers', () => {
  test('that fetch refuses: nothing is counted, and log mode names the option', async () => {
    const { world, receiver } = await consentedUser()
    const code = script("trackCommand('build')", "headers: { 'Transfer-Encoding': 'x' }")
    const { stderr } = await world.script(code, { TRIX_TELEMETRY: 'log' })
    expect(stderr).toBe(
      'trix telemetry: not counted (not valid: headers; "trix telemetry status" explains it)\n',
    )
    expect(await world.script(code)).toEqual(SILENT)
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('that fetch refuses, in the config: log mode names the file and the key', async () => {
    const { world } = await consentedUser()
    world.writeConfig('[telemetry]\nheaders = { upgrade = "h2c" }\n')
    const { stderr } = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    expect(stderr).toContain(`not valid: ${world.config}, headers; "trix telemetry status" explains it`)
  })

  test('that are valid are sent as they are', async () => {
    const { world, receiver } = await consentedUser()
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
