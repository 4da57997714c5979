import { createServer as createWebServer } from 'node:http'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { closedEndpoint, listen } from './loopback.ts'
import { hasProxies } from './machine.ts'
import { BIN } from './paths.ts'
import { startProxy } from './proxy.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld, type Result, runProcess } from './world.ts'

/** Runs `otlp-tally check` with this environment. */
const checkWith = (env: Record<string, string>, ...args: string[]): Promise<Result> =>
  runProcess(process.execPath, [BIN, 'check', ...args], makeWorld(env))
const check = (...args: string[]) => checkWith({}, ...args)

test('check sends an empty request with the headers, and says that it was accepted', async () => {
  const receiver = await startReceiver()
  const headers = ['--header', 'authorization: Bearer x', '--header', 'x-a: b']
  const { status, stdout, stderr } = await check(receiver.endpoint, ...headers)
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
])('the answer %i is explained, and the exit code is 1', async (code, sentence) => {
  const receiver = await startReceiver(code, { location: 'https://elsewhere.example.com/' })
  const { status, stdout } = await check(receiver.endpoint)
  expect(status).toBe(1)
  expect(stdout).toContain(`${code}: `)
  expect(stdout).toContain(sentence)
  expect(receiver.requests).toHaveLength(1)
})

test('a closed port, an unknown host, a port that fetch refuses and a server without TLS are explained', async () => {
  expect(await check(await closedEndpoint())).toMatchObject({
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
  const plain = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  expect(await check(`https://${await listen(plain)}`)).toMatchObject({
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
])('%s is not an endpoint, and the exit code is 2', async (url, sentence) => {
  expect(await check(url)).toMatchObject({ status: 2, stdout: '', stderr: `otlp-tally check: ${sentence}\n` })
})

/** A server that answers each request with this text. */
async function answering(text: string, contentType = 'application/json', status = 200): Promise<string> {
  const server = createWebServer((request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': contentType }).end(text)
  })
  return `http://${await listen(server)}`
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
])(
  'an answer of 200 with the body %j is accepted only if it is one of OTLP',
  async (text, type, code, sentence) => {
    const { status, stdout } = await check(await answering(text, type))
    expect(status).toBe(code)
    expect(stdout).toContain(`\n${sentence}`)
  },
)

describe('where the environment names a proxy', () => {
  /** Another address of this machine, which does not look like one. */
  const elsewhere = (endpoint: string) => endpoint.replace('127.0.0.1', '0.0.0.0')

  test('a request to this machine does not go through it', async () => {
    const receiver = await startReceiver()
    const proxy = '127.0.0.1:10'
    const env = { HTTP_PROXY: `http://${proxy}`, http_proxy: proxy, ALL_PROXY: `socks5://${proxy}` }
    const { status, stdout } = await checkWith(env, receiver.endpoint)
    expect([status, stdout]).toEqual([
      0,
      `${receiver.endpoint}/v1/metrics\n200: it accepts OTLP/JSON metrics\n`,
    ])
  })

  test.runIf(hasProxies)(
    'other requests go through it, and its name is shown without the password',
    async () => {
      const { proxy, asked, receiver } = await startProxy()
      const env = { http_proxy: proxy.replace('//', '//me:secret@') }
      const { status, stdout } = await checkWith(env, 'http://otel.invalid')
      expect([status, stdout]).toEqual([
        0,
        `http://otel.invalid/v1/metrics\nthrough the proxy ${proxy} (http_proxy)\n200: it accepts OTLP/JSON metrics\n`,
      ])
      expect(asked).toEqual(['otel.invalid:80'])
      expect(receiver.requests).toMatchObject([{ body: '{"resourceMetrics":[]}' }])
    },
  )

  test.runIf(!hasProxies)(
    'other requests do not go through it under this Node, and check says so',
    async () => {
      const receiver = await startReceiver()
      const env = { HTTP_PROXY: await closedEndpoint() }
      const { status, stdout } = await checkWith(env, elsewhere(receiver.endpoint))
      expect([status, stdout]).toEqual([
        0,
        expect.stringContaining('directly: HTTP_PROXY names a proxy, which needs Node 22.21 or 24.5'),
      ])
    },
  )

  test.each([
    ['0.0.0.0', true],
    ['*', true],
    ['.0.0', true],
    ['example.com, 0.0.0.0:1', false],
  ])('NO_PROXY=%s excepts 0.0.0.0: %s', async (NO_PROXY, excepted) => {
    const env = { HTTP_PROXY: 'http://127.0.0.1:10', NO_PROXY }
    const { stdout } = await checkWith(env, elsewhere(await closedEndpoint()))
    expect(stdout.includes('HTTP_PROXY')).toBe(!excepted)
  })
})

describe("a tool's `telemetry check`", () => {
  const script = (endpoint: string) => `
    import { initTelemetry } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    const headers = { 'x-token': 'secret' }
    initTelemetry({ name: 'trix', version: '1.0.0', endpoint: '${endpoint}', headers, commands: [] })
    process.exitCode = await runTelemetryCommand(['check'])`

  test('uses its endpoint and headers, and names them', async () => {
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

  test('sends no header to an endpoint of the environment', async () => {
    const receiver = await startReceiver(401)
    const { status, stdout } = await makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }).script(
      script(await closedEndpoint()),
    )
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining('No header goes to an endpoint from the environment'),
    ])
    expect(receiver.requests[0]!.headers).not.toHaveProperty('x-token')
  })

  test('says that its endpoint is not a URL', async () => {
    expect(await makeWorld().script(script('localhost:4318'))).toMatchObject({
      status: 1,
      stderr:
        'trix telemetry check: localhost:4318 is not a URL: put http:// or https:// in front of it (from the tool)\n',
    })
  })
})

describe('the command otlp-tally', () => {
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
  ])('explains %j in one line, and ends with 2', async (args, sentence) => {
    expect(await tally(...args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `otlp-tally: ${sentence} ("otlp-tally help" lists the commands)\n`,
    })
  })

  test.each([
    ['help', 'send'],
    ['send', '--help'],
  ])('shows the help of one command with %s %s', async (...args) => {
    const { status, stdout } = await tally(...args)
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^usage: otlp-tally send FILE --endpoint URL/),
    ])
    expect(stdout).not.toContain('otlp-tally listen')
  })
})
