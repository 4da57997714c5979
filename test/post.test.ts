import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { counterFor } from '../src/core/counter.ts'
import { decide } from '../src/core/decide/decide.ts'
import type { Job, Outcome } from '../src/core/deliver/job.ts'
import { fs } from '../src/core/node.ts'
import type { TelemetryOptions } from '../src/core/options.ts'
import { version } from '../src/core/version.ts'
import { runDelivery } from '../src/helper/drive.ts'
import { postByHttp } from '../src/helper/http.ts'
import { postByFetch } from '../src/helper/post.ts'
import { closedEndpoint, listen } from './loopback.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld } from './world.ts'

/** The two ways to send. Both must say the same of everything that can happen to a request. */
const ways = { fetch: postByFetch, 'node:http': postByHttp }

/** The job that a tool with these options gives its helper for one command. */
function jobOf(options: Partial<TelemetryOptions>, config = '', world = makeWorld()): Job {
  world.writeConfig(config)
  const all: TelemetryOptions = { name: 'trix', version: '0.19.3', commands: ['build'], ...options }
  const env = { ...world.env, TRIX_TELEMETRY: 'on' }
  const counter = counterFor(all, decide({ options: all, env, disabled: false }))
  counter.count({ metric: 'command_invocation', attributes: { command_name: 'build' } }, Date.now())
  return counter.job()!
}

const serve = async (answer: RequestListener) => `http://${await listen(createServer(answer))}`

describe.each(Object.keys(ways) as (keyof typeof ways)[])('by %s: the request', way => {
  const post = ways[way]

  test.each([
    ['', '/v1/metrics'],
    ['/', '/v1/metrics'],
    ['/otlp/', '/otlp/v1/metrics'],
    ['/i/v1/metrics?token=phc_1', '/i/v1/metrics?token=phc_1'],
  ])(
    'to an endpoint that ends in "%s" is a POST of the body, with exactly our headers',
    async (end, path) => {
      const receiver = await startReceiver()
      const job = jobOf({ endpoint: receiver.endpoint + end, headers: { authorization: 'Bearer x' } })
      await runDelivery(job, { post, sync: fs.fdatasyncSync }).done
      expect(receiver.requests).toHaveLength(1)
      const [{ method, url, headers, body }] = receiver.requests as [(typeof receiver.requests)[0]]
      expect({ method, url }).toEqual({ method: 'POST', url: path })
      const { 'content-length': length, 'otlp-tally-shard': shard, ...rest } = headers
      expect(Number(length)).toBe(Buffer.byteLength(body))
      expect(JSON.parse(body).resourceMetrics).toHaveLength(1)
      expect(body).toMatch(/"build".*"asInt":"0".*"build".*"asInt":"1"/)
      // An installation is in one shard: its fingerprint begins with it.
      expect(/"user.fingerprint","value":\{"stringValue":"(.{4})/.exec(body)?.[1]).toBe(shard)
      const { host } = new URL(receiver.endpoint)
      expect(rest).toMatchObject({ host, 'content-type': 'application/json', authorization: 'Bearer x' })
      expect(rest['user-agent']).toBe(`otlp-tally/${version}`)
      const theirs = ['accept', 'accept-encoding', 'accept-language', 'sec-fetch-mode']
      expect(Object.keys(rest).sort()).toEqual(
        [
          ...['authorization', 'connection', 'content-type', 'host', 'user-agent'],
          ...(way === 'fetch' ? theirs : []),
        ].sort(),
      )
    },
  )

  test('to this machine by IPv6', async () => {
    let asked = ''
    const server = createServer((request, response) => {
      asked = request.url!
      response.end()
    })
    const port = (await listen(server, '::1')).split(':').at(-1)
    expect(await send(way, `http://[::1]:${port}/v1/metrics`)).toEqual({
      what: 'taken',
      why: '200',
      left: true,
    })
    expect(asked).toBe('/v1/metrics')
  })

  test('is given up when its time is over', async () => {
    const job = jobOf({ endpoint: await serve(() => {}), timeoutMs: 1500 })
    await runDelivery(job, { post, sync: fs.fdatasyncSync }).done
    expect(readFileSync(job.path, 'utf8')).toMatch(/\n!unknown \w+ timeout \d{13}$/)
  })
})

describe('the job that a command hands to its helper', () => {
  describe('has headers only for the endpoint that they were set for:', () => {
    const options = { endpoint: 'https://tool.example.com', headers: { authorization: 'tool' } }
    const elsewhere = 'endpoint = "https://user.example.com"'
    const theirs = 'headers = { authorization = "user" }'
    test.each([
      ["the tool's with the tool's", [], 'https://tool.example.com', 'tool'],
      ["none with the user's endpoint", [elsewhere], 'https://user.example.com', undefined],
      ["the user's with the user's", [elsewhere, theirs], 'https://user.example.com', 'user'],
    ])('%s', (_, config, endpoint, authorization) => {
      const job = jobOf(options, ['[telemetry]', ...config].join('\n'))
      expect(job.url).toBe(`${endpoint}/v1/metrics`)
      expect(job.headers.authorization).toBe(authorization)
    })
  })

  test('has the headers of this library in any case', () => {
    const headers = { 'Content-Type': 'text/plain', 'User-Agent': 'curl' }
    expect(jobOf({ endpoint: 'https://x.example.com', headers }).headers).toEqual({
      'content-type': 'application/json',
      'user-agent': `otlp-tally/${version}`,
    })
  })

  test('has the timeout of the config, or else of the tool, or else 2 s', () => {
    const endpoint = 'https://x.example.com'
    expect(jobOf({ endpoint }).timeoutMs).toBe(2000)
    expect(jobOf({ endpoint, timeoutMs: 700 }).timeoutMs).toBe(700)
    expect(jobOf({ endpoint, timeoutMs: 700 }, '[telemetry]\ntimeout_ms = 90').timeoutMs).toBe(90)
  })
})

/** Sends one request. Returns what became of it, and whether it has left this machine. */
async function send(
  way: keyof typeof ways,
  url: string,
  signal: AbortSignal = AbortSignal.timeout(20_000),
): Promise<Outcome & { left: boolean }> {
  const request = { url, headers: { 'content-type': 'application/json' }, body: '{}', sent: false }
  return { ...(await ways[way](request, signal)), left: request.sent }
}

describe.each(Object.keys(ways) as (keyof typeof ways)[])('by %s: the answer', way => {
  /** By docs/exactness.md: the answers that prove that nothing was taken, and those that do not. */
  const rows = readFileSync(join(import.meta.dirname, '../docs/exactness.md'), 'utf8')
    .split('\n')
    .flatMap(line => [...(/^\| ([345]\d\d[\d, ]*) +\| (yes|no)\b/.exec(line)?.slice(1, 3) ?? [])])
  const said = new Map<number, Outcome['what']>([
    ...[200, 202, 204].map((status): [number, Outcome['what']] => [status, 'taken']),
    ...[300, 301, 302, 303, 304, 307, 308].map((status): [number, Outcome['what']] => [status, 'refused']),
  ])
  for (let at = 0; at < rows.length; at += 2)
    for (const status of rows[at]!.trim().split(', '))
      said.set(Number(status), rows[at + 1] === 'yes' ? 'refused' : 'unknown')

  test('of each status is in docs/exactness.md', () => {
    expect(said.size).toBeGreaterThan(30)
    expect([...said.values()].filter(what => what === 'refused').length).toBeGreaterThan(20)
  })

  test('proves by its status whether the request was refused, but never in JSON; nothing is repeated', async () => {
    let requests = 0
    const server = await serve((request, response) => {
      const [, status, type] = request.url!.split('/')
      // The Fetch standard repeats that one, by another connection.
      if (status !== '421') requests++
      response.writeHead(Number(status), {
        ...{ 'retry-after': '0', location: '/200/html', 'www-authenticate': 'Basic' },
        'content-type': type === 'json' ? 'application/json' : 'text/html; charset=utf-8',
      })
      response.end()
    })
    for (const [status, what] of said) {
      expect(await send(way, `${server}/${status}/html`)).toMatchObject({ what, left: true })
      const inJson = what === 'refused' ? 'unknown' : what
      expect(await send(way, `${server}/${status}/json`)).toMatchObject({ what: inJson })
    }
    expect(requests).toBe(2 * (said.size - 1))
  })

  test('that has no end is not read', async () => {
    let closed = false
    const server = await serve((_, response) => {
      response.writeHead(200)
      const more = () => response.write(Buffer.alloc(65_536))
      response.on('drain', more).on('close', () => (closed = true))
      more()
    })
    expect(await send(way, server)).toMatchObject({ what: 'taken' })
    await expect.poll(() => closed).toBe(true)
  })

  test('that is cut off, or not HTTP: unknown', async () => {
    for (const answer of ['', 'SSH-2.0-OpenSSH_9.9\r\n', 'HTTP/1.1 2']) {
      const server = createTcpServer(socket => socket.once('data', () => socket.end(answer)))
      const url = `http://${await listen(server)}`
      expect(await send(way, url)).toMatchObject({ what: 'unknown', left: true })
    }
  })

  test('that does not come because no server is there: refused', async () => {
    const refused = { what: 'refused', why: 'ECONNREFUSED', left: false }
    expect(await send(way, await closedEndpoint())).toEqual(refused)
    expect(await send(way, 'http://nobody.invalid/')).toMatchObject({ what: 'refused', left: false })
  })

  test('that does not come because fetch refuses the port: refused', async () => {
    expect(await send(way, 'http://127.0.0.1:6000/v1/metrics')).toEqual({
      ...{ what: 'refused', left: false },
      why: way === 'fetch' ? 'bad-port' : 'ECONNREFUSED',
    })
  })

  test('that is not waited for any longer: unknown', async () => {
    const controller = new AbortController()
    const server = await serve(() => controller.abort())
    expect(await send(way, server, controller.signal)).toEqual({
      what: 'unknown',
      why: 'timeout',
      left: true,
    })
  })
})
