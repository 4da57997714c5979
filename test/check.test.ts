import { createServer as createWebServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startProxy } from './proxy.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

const BIN = join(import.meta.dirname, '../dist/bin.js')
const check = (...args: string[]) => runProcess(process.execPath, [BIN, 'check', ...args], makeWorld())

test('an endpoint that takes the empty export is fine', async () => {
  const receiver = await startReceiver()
  const { status, stdout, stderr } = await check(
    receiver.endpoint,
    '--header',
    'authorization: Bearer x',
    '--header',
    'x-a: b',
  )
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toBe(`${receiver.endpoint}/v1/metrics\n200: it accepts OTLP/JSON metrics\n`)
  expect(receiver.requests).toMatchObject([
    {
      url: '/v1/metrics',
      body: '{"resourceMetrics":[]}',
      headers: { authorization: 'Bearer x', 'x-a': 'b' },
    },
  ])
})

test.each([
  [301, 'it redirects to https://elsewhere.example.com/, which telemetry does not follow'],
  [400, 'is it an OTLP receiver?'],
  [401, "--header 'authorization: Bearer …'"],
  [403, 'lacks the right'],
  [404, 'for Prometheus it ends in /api/v1/otlp'],
  [405, 'does not accept POST'],
  [415, 'does not accept JSON'],
  [418, 'it refuses the export'],
  [429, 'too much'],
  [503, 'look into its log'],
])('%i is explained, and is exit code 1', async (code, sentence) => {
  const receiver = await startReceiver(code, { location: 'https://elsewhere.example.com/' })
  const { status, stdout } = await check(receiver.endpoint)
  expect(status).toBe(1)
  expect(stdout).toContain(`${code}: `)
  expect(stdout).toContain(sentence)
  expect(receiver.requests).toHaveLength(1)
})

test('nobody there, no such name and no TLS are explained', async () => {
  expect(await check('http://127.0.0.1:65009')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('nothing listens there'),
  })
  expect(await check('http://nowhere.invalid')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('no such host name'),
  })
  expect(await check('http://127.0.0.1:6000')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('Use another port'),
  })
  const plain = createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void plain.close())
  const { port } = plain.address() as { port: number }
  expect(await check(`https://127.0.0.1:${port}`)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(
      /\nTLS fails: this port does not speak it\. Is it http:\/\/ instead of https:\/\/\?\n$/,
    ),
  })
})

test.each([
  ['localhost:4318', 'localhost:4318 is not a URL: put http:// or https:// in front of it'],
  ['otel.example.com', 'otel.example.com is not a URL: put http:// or https:// in front of it'],
  ['ftp://example.com', 'ftp://example.com is not an http(s) URL'],
  [
    'https://user:secret@example.com',
    'https://…@example.com: a user name or password in the URL is not sent; pass it in a header instead',
  ],
])('%s is no endpoint: exit code 2', async (url, sentence) => {
  expect(await check(url)).toMatchObject({ status: 2, stdout: '', stderr: `otlp-tally check: ${sentence}\n` })
})

/** A server that answers everything with one text. */
async function answering(text: string, contentType = 'application/json', status = 200): Promise<string> {
  const server = createWebServer((request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': contentType }).end(text)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  ['<!doctype html><p>hello', 'text/html', 1, '200, but it answers HTML: a web site?'],
  ['hello', 'text/plain; charset=utf-8', 1, '200, but it answers text/plain that is not OTLP/JSON'],
  ['"hello"', 'application/json', 1, '200, but it answers application/json that is not OTLP/JSON'],
  ['{}', 'application/json', 0, '200: it accepts OTLP/JSON metrics'],
  ['', 'text/plain', 0, '200: it accepts OTLP/JSON metrics, with an empty answer'],
  [
    '{"partialSuccess":{"errorMessage":"old client"}}',
    'application/json',
    0,
    '200: it accepts OTLP/JSON metrics, and remarks: old client',
  ],
])('only an answer of OTLP is a yes: %j', async (text, type, code, sentence) => {
  const { status, stdout } = await check(await answering(text, type))
  expect(status).toBe(code)
  expect(stdout).toContain(`\n${sentence}`)
})

describe('through a proxy', () => {
  /** Another address of this machine, which does not look like it. */
  const elsewhere = (endpoint: string) => endpoint.replace('127.0.0.1', '0.0.0.0')

  test('it never goes where the endpoint is on this machine', async () => {
    const receiver = await startReceiver()
    const { status, stdout } = await runProcess(process.execPath, [BIN, 'check', receiver.endpoint], {
      ...makeWorld({
        HTTP_PROXY: 'http://127.0.0.1:10',
        http_proxy: '127.0.0.1:10',
        ALL_PROXY: 'socks5://127.0.0.1:10',
      }),
    })
    expect([status, stdout]).toEqual([
      0,
      `${receiver.endpoint}/v1/metrics\n200: it accepts OTLP/JSON metrics\n`,
    ])
  })

  const supported = process.allowedNodeEnvironmentFlags.has('--use-env-proxy')

  test.runIf(supported)('it goes, as the helper does, and says so without the password', async () => {
    const { proxy, asked, receiver } = await startProxy()
    const { status, stdout } = await runProcess(process.execPath, [BIN, 'check', 'http://otel.invalid'], {
      ...makeWorld({ http_proxy: proxy.replace('//', '//me:secret@') }),
    })
    expect([status, stdout]).toEqual([
      0,
      `http://otel.invalid/v1/metrics\nthrough the proxy ${proxy} (http_proxy)\n200: it accepts OTLP/JSON metrics\n`,
    ])
    expect(asked).toEqual(['otel.invalid:80'])
    expect(receiver.requests).toMatchObject([{ body: '{"resourceMetrics":[]}' }])
  })

  test.runIf(!supported)(
    'it says that this Node cannot use it, and goes directly, as the helper does',
    async () => {
      const receiver = await startReceiver()
      const { status, stdout } = await runProcess(
        process.execPath,
        [BIN, 'check', elsewhere(receiver.endpoint)],
        {
          ...makeWorld({ HTTP_PROXY: 'http://127.0.0.1:65009' }),
        },
      )
      expect([status, stdout]).toEqual([
        0,
        expect.stringContaining('directly: HTTP_PROXY names a proxy, which takes Node 22.21 or 24.5 to use'),
      ])
    },
  )

  test.each([
    ['0.0.0.0', true],
    ['*', true],
    ['.0.0', true],
    ['example.com, 0.0.0.0:1', false],
  ])('NO_PROXY=%s', async (list, excepted) => {
    const { stdout } = await runProcess(process.execPath, [BIN, 'check', 'http://0.0.0.0:65009'], {
      ...makeWorld({ HTTP_PROXY: 'http://127.0.0.1:10', NO_PROXY: list }),
    })
    expect(stdout.includes('HTTP_PROXY')).toBe(!excepted)
  })
})

describe("a tool's own", () => {
  const script = (endpoint: string) => `
    import { initTelemetry } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    const headers = { 'x-token': 'secret' }
    initTelemetry({ name: 'trix', version: '1.0.0', endpoint: '${endpoint}', headers, commands: [] })
    process.exitCode = await runTelemetryCommand(['check'])`

  test('endpoint and headers are used, and named', async () => {
    const receiver = await startReceiver()
    const world = makeWorld()
    const { status, stdout } = await world.script(script(receiver.endpoint))
    expect([status, stdout]).toEqual([
      0,
      `${receiver.endpoint}/v1/metrics (from the tool)\nwith the headers x-token\n200: it accepts OTLP/JSON metrics\n` +
        'trix telemetry is off: the notice for this was not shown yet\n',
    ])
    expect(receiver.requests).toMatchObject([{ headers: { 'x-token': 'secret' } }])
    expect(world.files()).toEqual([])
  })

  test('headers do not go to an endpoint from the environment', async () => {
    const receiver = await startReceiver(401)
    const { status, stdout } = await makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }).script(
      script('http://127.0.0.1:65009'),
    )
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining('No header goes to an endpoint from the environment'),
    ])
    expect(receiver.requests[0]!.headers).not.toHaveProperty('x-token')
  })

  test('an endpoint that is none is named', async () => {
    expect(await makeWorld().script(script('localhost:4318'))).toMatchObject({
      status: 1,
      stderr:
        'trix telemetry check: localhost:4318 is not a URL: put http:// or https:// in front of it (from the tool)\n',
    })
  })
})

describe('otlp-tally', () => {
  const tally = (...args: string[]) => runProcess(process.execPath, [BIN, ...args], makeWorld())

  test.each([
    [['lisen'], 'lisen: there is no such command; did you mean listen?'],
    [['help', 'nonsense'], 'nonsense: there is no such command'],
    [['check'], 'check: expected a URL'],
    [
      ['check', 'http://127.0.0.1:65009', '--heder', 'a: b'],
      'check: there is no option --heder; did you mean --header?',
    ],
    [['check', 'http://127.0.0.1:65009', '--header'], 'check: --header: expected a value after it'],
    [['check', 'http://127.0.0.1:65009', '--header', 'x'], "check: --header: expected 'name: value'"],
    [['check', 'http://127.0.0.1:65009', 'now'], 'check: now: expected nothing after a URL'],
    [['listen', '--port', '70000'], 'listen: --port 70000: expected 0 to 65535'],
  ])('%j is one line, and exit code 2', async (args, sentence) => {
    expect(await tally(...args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `otlp-tally: ${sentence} ("otlp-tally help" lists the commands)\n`,
    })
  })

  test.each([
    ['help', 'send'],
    ['send', '--help'],
  ])('%s %s shows one command', async (...args) => {
    const { status, stdout } = await tally(...args)
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^usage: otlp-tally send FILE --endpoint URL/),
    ])
    expect(stdout).not.toContain('otlp-tally listen')
  })
})
