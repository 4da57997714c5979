import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBatch } from '../src/core/batch.ts'
import { decide } from '../src/core/decide/decide.ts'
import { factsOf } from '../src/core/decide/facts.ts'
import type { Body, Job } from '../src/core/deliver/job.ts'
import type { TelemetryOptions } from '../src/core/options.ts'
import { version, WRITTEN } from '../src/core/version.ts'
import { bodyOf } from '../src/helper/body.ts'
import { post } from '../src/helper/post.ts'
import { send } from '../src/helper/send.ts'
import { makeWorld } from './world.ts'

/** nock stands in for the network here, because these tests are about the request that our `fetch` makes. */
beforeEach(() => nock.disableNetConnect())
afterEach(() => {
  nock.cleanAll()
  nock.enableNetConnect()
})

/** The job that a tool with these options gives its helper for one command. */
function jobOf(options: Partial<TelemetryOptions>, config = '', world = makeWorld()) {
  world.writeConfig(config)
  const env = { ...world.env, TRIX_TELEMETRY: 'on' }
  const all = { name: 'trix', version: '0.19.3', ...options }
  const facts = factsOf(all, { env, disabled: false, mayShow: true })
  const batch = openBatch(facts, decide(facts), 0)
  batch.count({ metric: 'command_invocation', attributes: { command_name: 'build' } }, Date.now())
  return batch.job(Date.now() + 1)!
}

const textOf = (job: Job, now = Date.now()) => (bodyOf(job, now, false) as Body).text

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
    const job = jobOf({ endpoint, headers: { authorization: 'Bearer x' } })
    const bodies: object[] = []
    const scope = nock(origin, {
      reqheaders: {
        'content-type': value => value === 'application/json',
        'user-agent': value => value === `otlp-tally/${version}`,
        'otlp-tally-shard': value => /^[0-9a-f]{4}$/.test(value),
        authorization: value => value === 'Bearer x',
      },
      badheaders: ['cookie', 'referer', 'origin'],
    })
      .post(path, body => bodies.push(body) > 0)
      .reply(200, {})
    await send(job)
    expect(scope.isDone()).toBe(true)
    expect(bodies.map(body => JSON.stringify(body))).toEqual([job.body!.text])
    expect(job.body!.text).toMatch(/"build".*"asInt":"0".*"build".*"asInt":"1"/)
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
      const job = jobOf(options, ['[telemetry]', ...config].join('\n'))
      expect(job.url).toBe(`${endpoint}/v1/metrics`)
      expect(job.headers.authorization).toBe(authorization)
    })

    test('none with an endpoint from the environment: a token never reaches a server that it was not made for', () => {
      const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://other.example.com' })
      const job = jobOf(options, `[telemetry]\n${elsewhere}\n${theirs}`, world)
      expect(job.url).toBe('http://other.example.com/v1/metrics')
      expect(Object.keys(job.headers).sort()).toEqual(['content-type', 'otlp-tally-shard', 'user-agent'])
    })
  })

  test("no header of anybody's takes the place of ours", () => {
    const headers = { 'Content-Type': 'text/plain', 'User-Agent': 'curl', 'OTLP-Tally-Shard': 'mine' }
    const config = '[telemetry]\nheaders = { CONTENT-TYPE = "text/plain", Otlp-Tally-Shard = "me" }'
    expect(jobOf({ endpoint: 'https://x.example.com', headers }, config).headers).toEqual({
      'content-type': 'application/json',
      'user-agent': `otlp-tally/${version}`,
      'otlp-tally-shard': expect.stringMatching(/^[0-9a-f]{4}$/),
    })
  })

  test('an installation is in one shard, whatever its version or temporality: its fingerprint begins with it', () => {
    const endpoint = 'https://x.example.com'
    const world = makeWorld()
    const variants = [{}, { version: '0.20.0' }, { temporality: 'delta' as const }]
    const jobs = variants.map(options => jobOf({ endpoint, ...options }, '', world))
    const shards = jobs.map(({ headers }) => headers['otlp-tally-shard'])
    const fingerprints = jobs.map(job => textOf(job).match(/[0-9a-f]{64}/)![0])
    expect(new Set(shards)).toEqual(new Set([fingerprints[0]!.slice(0, 4)]))
    expect(new Set(fingerprints).size).toBe(1)
  })

  test('there is none while the clock is wrong: whatever it dates, a backend refuses', () => {
    const world = makeWorld()
    for (const temporality of ['cumulative', 'delta'] as const) {
      const env = { ...world.env, TRIX_TELEMETRY: 'on' }
      const options = { name: 'trix', version: '1.0.0', endpoint: 'https://x.example.com', temporality }
      const facts = factsOf(options, { env, disabled: false, mayShow: true })
      const batch = openBatch(facts, decide(facts), 0)
      for (const now of [5000, WRITTEN - 86_400_000, WRITTEN - 1]) {
        batch.count({ metric: 'command_invocation', attributes: {} }, now)
        expect([batch.job(now), batch.job(now, true)]).toEqual([undefined, undefined])
      }
      const [now, sum] = [WRITTEN + 1, temporality === 'delta' ? ['3'] : ['0', '3']]
      const values = [...textOf(batch.job(now)!, now).matchAll(/"asInt":"(\d+)"/g)]
      expect(values.map(([, value]) => value)).toEqual(sum)
    }
  })

  test.each([
    ['cumulative', { build: 1 }],
    ['delta', { check: 1, build: 3 }],
  ] as const)('where the disk fails, what it has taken is left to a later one (%s)', (temporality, told) => {
    const world = makeWorld()
    const env = { ...world.env, TRIX_TELEMETRY: 'on' }
    const options = { name: 'trix', version: '1.0.0', endpoint: 'https://x.example.com', temporality }
    const facts = factsOf(options, { env, disabled: false, mayShow: true })
    const batch = openBatch(facts, decide(facts), 0)
    const run = (name: string) =>
      batch.count({ metric: 'command_invocation', attributes: { command_name: name } }, Date.now())
    for (const name of ['check', 'build', 'build']) run(name)
    const stored = textOf(batch.job(Date.now())!)
    const tally = join(world.home, world.files().find(path => path.endsWith('=build'))!)
    rmSync(tally)
    mkdirSync(tally)
    run('build')
    const job = batch.job(Date.now())!
    expect(job.source.folder).toBeUndefined()
    expect(
      Object.fromEntries(job.source.own!.map(one => [one.series.attributes.command_name, one.count])),
    ).toEqual(told)
    // As an installation that lives for this process alone: what others have sent is not continued.
    const idsOf = (text: string) => [
      /[0-9a-f]{64}/.exec(text)![0],
      /service\.instance\.id.*?([0-9a-f-]{36})/.exec(text)![1],
    ]
    const [before, after] = [idsOf(stored), idsOf(textOf(job))]
    expect(after[0]).toBe(before[0])
    expect(after[1]).not.toBe(before[1])
  })

  test("the timeout is the config's, or the tool's, or 2 s", () => {
    const endpoint = 'https://x.example.com'
    expect(jobOf({ endpoint }).timeoutMs).toBe(2000)
    expect(jobOf({ endpoint, timeoutMs: 700 }).timeoutMs).toBe(700)
    expect(jobOf({ endpoint, timeoutMs: 700 }, '[telemetry]\ntimeout_ms = 90').timeoutMs).toBe(90)
  })
})

describe('the answer', () => {
  const { signal } = new AbortController()
  const request = { url: 'https://x.example.com/v1/metrics', headers: {}, body: '{}', signal }
  const answered = (status: number, headers: Record<string, string> = {}, text: string | Readable = 'no') =>
    nock('https://x.example.com').post('/v1/metrics').reply(status, text, headers)

  test.each([400, 401, 404, 429, 500, 502, 503, 504])('%i is not retried', async status => {
    const scope = answered(status, { 'retry-after': '1' })
    const again = nock('https://x.example.com').post('/v1/metrics').reply(200)
    await post(request, false)
    expect([scope.isDone(), again.isDone()]).toEqual([true, false])
  })

  /** By docs/exactness.md: the answers that prove that nothing was taken, and those that do not. */
  const rows = readFileSync(join(import.meta.dirname, '../docs/exactness.md'), 'utf8')
    .split('\n')
    .flatMap(line => [...(/^\| ([345]\d\d[\d, ]*) \| (yes|no)\b/g.exec(line)?.slice(1, 3) ?? [])])
  const said = new Map<number, boolean>([
    ...[200, 202, 204].map((status): [number, boolean] => [status, false]),
    ...[300, 301, 302, 303, 304, 307, 308].map((status): [number, boolean] => [status, true]),
  ])
  for (let at = 0; at < rows.length; at += 2)
    for (const status of rows[at]!.split(', ')) said.set(Number(status), rows[at + 1] === 'yes')

  test('of every kind is in docs/exactness.md', () => {
    expect(said.size).toBeGreaterThan(30)
    expect([...said.values()].filter(Boolean).length).toBeGreaterThan(20)
  })

  test.each([...said])('%i proves that nothing was taken: %s, and never in JSON', async (status, proof) => {
    for (const watched of [true, false]) {
      answered(status)
      expect(await post(request, watched)).toBe(proof)
      answered(status, { 'content-type': 'text/html; charset=utf-8' })
      expect(await post(request, watched)).toBe(proof)
      answered(status, { 'content-type': 'application/json' })
      expect(await post(request, watched)).toBe(false)
    }
  })

  test('an error of the network, and a URL that fetch refuses, resolve too', async () => {
    for (const watched of [true, false]) {
      nock('https://x.example.com').post('/v1/metrics').replyWithError('ECONNRESET')
      await expect(post(request, watched)).resolves.toBe(false)
      await expect(post({ ...request, url: 'https://a:b@x.example.com/' }, watched)).resolves.toBe(false)
    }
  })

  test('a body without an end is not read', async () => {
    const endless = new Readable({ read() {} })
    answered(200, {}, endless)
    endless.push('x'.repeat(1 << 20))
    await expect(post(request, false)).resolves.toBe(false)
  })

  test('one that does not come is given up after the timeout', async () => {
    nock('https://x.example.com').post('/v1/metrics').delay(60_000).reply(200)
    const source = { resource: {}, options: { name: 'trix' }, counted: [] }
    const started = performance.now()
    const job = { ...request, timeoutMs: 50, source, body: { text: '{}' } }
    await expect(send(job)).resolves.toBeUndefined()
    expect(performance.now() - started).toBeGreaterThan(45)
  })
})
