import { Readable } from 'node:stream'
import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decide } from '../src/core/decide/decide.ts'
import { factsOf } from '../src/core/decide/facts.ts'
import { post } from '../src/core/deliver/post.ts'
import { openBatch } from '../src/core/encode/request.ts'
import type { TelemetryOptions } from '../src/core/options.ts'
import { version } from '../src/core/version.ts'
import { makeWorld } from './world.ts'

/** nock stands in for the network here, because these tests are about the request that our `fetch` makes. */
beforeEach(() => nock.disableNetConnect())
afterEach(() => {
  nock.cleanAll()
  nock.enableNetConnect()
})

/** The request that a tool with these options makes for one command. */
function requestOf(options: Partial<TelemetryOptions>, config = '', world = makeWorld()) {
  world.writeConfig(config)
  const env = { ...world.env, TRIX_TELEMETRY: 'on' }
  const all = { name: 'trix', version: '0.19.3', ...options }
  const facts = factsOf(all, { env, disabled: false, mayShow: true })
  const batch = openBatch(facts, decide(facts), 0)
  batch.count({ metric: 'command_invocation', attributes: { command_name: 'build' } }, Date.now())
  return batch.request(Date.now() + 1)!
}

describe('the request', () => {
  test.each([
    ['https://otel.example.com', 'https://otel.example.com', '/v1/metrics'],
    ['https://otel.example.com/', 'https://otel.example.com', '/v1/metrics'],
    ['https://otel.example.com/otlp/', 'https://otel.example.com', '/otlp/v1/metrics'],
    [
      'https://otel.example.com/i/v1/metrics?token=phc_1',
      'https://otel.example.com',
      '/i/v1/metrics?token=phc_1',
    ],
  ])('to %s is a POST of the body, with exactly our headers', async (endpoint, origin, path) => {
    const request = requestOf({ endpoint, headers: { authorization: 'Bearer x' } })
    const scope = nock(origin, {
      reqheaders: {
        'content-type': value => value === 'application/json',
        'user-agent': value => value === `otlp-tally/${version}`,
        'otlp-tally-shard': value => /^[0-9a-f]{4}$/.test(value),
        authorization: value => value === 'Bearer x',
      },
      badheaders: ['cookie', 'referer', 'origin'],
    })
      .post(path, body => JSON.stringify(body) === request.body)
      .reply(200, {})
    await post(request)
    expect(scope.isDone()).toBe(true)
  })

  describe('headers stay with the endpoint that they were set for', () => {
    const options = { endpoint: 'https://tool.example.com', headers: { authorization: 'tool' } }
    const elsewhere = 'endpoint = "https://user.example.com"'
    const theirs = 'headers = { authorization = "user" }'
    test.each([
      ["the tool's with the tool's", [], 'https://tool.example.com', 'tool'],
      ["the user's with the tool's endpoint", [theirs], 'https://tool.example.com', 'user'],
      ["none with the user's endpoint", [elsewhere], 'https://user.example.com', undefined],
      ["the user's with the user's", [elsewhere, theirs], 'https://user.example.com', 'user'],
    ])('%s', (_, config, endpoint, authorization) => {
      const request = requestOf(options, ['[telemetry]', ...config].join('\n'))
      expect(request.url).toBe(`${endpoint}/v1/metrics`)
      expect(request.headers.authorization).toBe(authorization)
    })

    test('none with an endpoint from the environment: a token never reaches a server that it was not made for', () => {
      const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://other.example.com' })
      const request = requestOf(options, `[telemetry]\n${elsewhere}\n${theirs}`, world)
      expect(request.url).toBe('http://other.example.com/v1/metrics')
      expect(Object.keys(request.headers).sort()).toEqual(['content-type', 'otlp-tally-shard', 'user-agent'])
    })
  })

  test("no header of anybody's takes the place of ours", () => {
    const headers = { 'Content-Type': 'text/plain', 'User-Agent': 'curl', 'OTLP-Tally-Shard': 'mine' }
    const config = '[telemetry]\nheaders = { CONTENT-TYPE = "text/plain", Otlp-Tally-Shard = "me" }'
    expect(requestOf({ endpoint: 'https://x.example.com', headers }, config).headers).toEqual({
      'content-type': 'application/json',
      'user-agent': `otlp-tally/${version}`,
      'otlp-tally-shard': expect.stringMatching(/^[0-9a-f]{4}$/),
    })
  })

  test('an installation is in one shard, whatever its version or temporality: its fingerprint begins with it', () => {
    const endpoint = 'https://x.example.com'
    const world = makeWorld()
    const variants = [{}, { version: '0.20.0' }, { temporality: 'delta' as const }]
    const requests = variants.map(options => requestOf({ endpoint, ...options }, '', world))
    const shards = requests.map(({ headers }) => headers['otlp-tally-shard'])
    const fingerprints = requests.map(({ body }) => body.match(/[0-9a-f]{64}/)![0])
    expect(new Set(shards)).toEqual(new Set([fingerprints[0]!.slice(0, 4)]))
    expect(new Set(fingerprints).size).toBe(1)
  })

  test("the timeout is the config's, or the tool's, or 2 s", () => {
    const endpoint = 'https://x.example.com'
    expect(requestOf({ endpoint }).timeoutMs).toBe(2000)
    expect(requestOf({ endpoint, timeoutMs: 700 }).timeoutMs).toBe(700)
    expect(requestOf({ endpoint, timeoutMs: 700 }, '[telemetry]\ntimeout_ms = 90').timeoutMs).toBe(90)
  })
})

describe('the answer', () => {
  const request = { url: 'https://x.example.com/v1/metrics', headers: {}, body: '{}', timeoutMs: 1000 }

  test.each([301, 302, 307, 308])('%i is not followed', async status => {
    const scope = nock('https://x.example.com')
      .post('/v1/metrics')
      .reply(status, '', { location: 'https://y.example.com/' })
    const elsewhere = nock('https://y.example.com').post('/').reply(200).get('/').reply(200)
    await post(request)
    expect([scope.isDone(), elsewhere.isDone()]).toEqual([true, false])
  })

  test.each([400, 401, 404, 429, 500, 502, 503, 504])(
    '%i is not retried, and nobody hears of it',
    async status => {
      const scope = nock('https://x.example.com')
        .post('/v1/metrics')
        .reply(status, 'no', { 'retry-after': '1' })
      const again = nock('https://x.example.com').post('/v1/metrics').reply(200)
      await expect(post(request)).resolves.toBeUndefined()
      expect([scope.isDone(), again.isDone()]).toEqual([true, false])
    },
  )

  test('an error of the network, and a URL that fetch refuses, resolve too', async () => {
    nock('https://x.example.com').post('/v1/metrics').replyWithError('ECONNRESET')
    await expect(post(request)).resolves.toBeUndefined()
    await expect(post({ ...request, url: 'https://a:b@x.example.com/' })).resolves.toBeUndefined()
  })

  test('a body without an end is not read', async () => {
    const endless = new Readable({ read() {} })
    nock('https://x.example.com').post('/v1/metrics').reply(200, endless)
    endless.push('x'.repeat(1 << 20))
    await expect(post(request)).resolves.toBeUndefined()
  })

  test('one that does not come is given up after the timeout', async () => {
    nock('https://x.example.com').post('/v1/metrics').delay(60_000).reply(200)
    await expect(post({ ...request, timeoutMs: 50 })).resolves.toBeUndefined()
  })
})
