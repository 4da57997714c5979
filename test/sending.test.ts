import { appendFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Job } from '../src/core/deliver/job.ts'
import { ensureFingerprint } from '../src/core/log/fingerprint.ts'
import { mark } from '../src/core/log/mark.ts'
import { logName } from '../src/core/log/name.ts'
import { headRecord } from '../src/core/log/record.ts'
import { COMMAND_METRIC } from '../src/core/vocabulary.ts'
import { runDelivery, type Transport } from '../src/helper/drive.ts'
import { postByHttp } from '../src/helper/http.ts'
import { postByFetch } from '../src/helper/post.ts'
import { foldAt } from '../src/helper/preview.ts'
import { all, countedBy, resourceValues } from './consumers.ts'
import { startBackend } from './counting.ts'
import { startHanging } from './helper.ts'
import { closedEndpoint, listen } from './loopback.ts'
import { startReceiver } from './receiver.ts'
import { makeFolder } from './world.ts'

// A whole delivery in this process, with real sockets and a real log.

let state: string
let path: string

beforeEach(() => {
  state = makeFolder()
  path = pathOf('1.0.0')
})
afterEach(() => void vi.useRealTimers())

const draftOf = (version: string) => ({
  metric: COMMAND_METRIC,
  resource: { 'service.name': 'trix', 'service.version': version },
})
const pathOf = (version: string) =>
  join(state, 'v1', logName(version, 'the endpoint', COMMAND_METRIC, draftOf(version).resource))
const run = (name: string, version = '1.0.0', id: string = crypto.randomUUID()) =>
  mark(pathOf(version), `command_invocation,command_name=${name}`, Date.now(), 0, stamp =>
    headRecord(stamp, id, { fingerprint: ensureFingerprint(state, Date.now()), ...draftOf(version) }),
  )
const jobTo = (url: string, more: Partial<Job> = {}): Job => ({
  ...{ url, headers: {}, timeoutMs: 5000, intervalMs: 0, path, stateFolder: state },
  ...{ answers: [join(state, 'consent.json')], draft: draftOf('1.0.0') },
  ...more,
})
const sync = () => {}
const send = (job: Job, transport: Partial<Transport> = {}) =>
  runDelivery(job, { post: postByFetch, sync, ...transport }).done
const result = () => {
  const { what, why } = foldAt(path).result ?? {}
  return `${what} ${why}`
}

/** `{ build: '0,1' }`: what a body says of each command, in its first part. */
function values(body: string): Record<string, string> {
  const said: Record<string, string[]> = {}
  for (const { attributes, asInt } of JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics[0].sum
    .dataPoints)
    (said[attributes[0].value.stringValue] ??= []).push(asInt)
  return Object.fromEntries(Object.entries(said).map(([name, all]) => [name, all.join()]))
}

/** A TCP server that does this with each connection. */
const serverThat = async (act: (socket: Socket) => void) => `http://${await listen(createServer(act))}`

describe.each([
  ['fetch', postByFetch],
  ['node:http', postByHttp],
])('the log says what became of a request by %s:', (_, post) => {
  test('taken: the series have begun, and nothing more is sent until something is counted', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    await send(jobTo(endpoint), { post })
    await send(jobTo(endpoint), { post })
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '0,1' }])
    expect(result()).toBe('taken 200')
    run('build')
    await send(jobTo(endpoint), { post })
    expect(values(requests[1]!.body)).toEqual({ build: '2' })
  })

  test('redirected: it is not followed, and the series begins again', async () => {
    const elsewhere = await startReceiver()
    run('build')
    for (const status of [301, 302, 303, 307, 308]) {
      const { endpoint, requests } = await startReceiver(status, {
        ...{ location: `${elsewhere.endpoint}/v1/metrics`, 'content-type': 'text/html' },
      })
      await send(jobTo(endpoint), { post })
      expect(requests.map(({ body }) => values(body))).toEqual([{ build: '0,1' }])
      expect([result(), elsewhere.requests]).toEqual([`refused ${status}`, []])
    }
  })

  test.each([
    [401, 'text/plain', 'refused'],
    [404, 'text/html', 'refused'],
    [413, 'text/html', 'refused'],
    [401, 'application/json', 'unknown'],
    [400, 'text/plain', 'unknown'],
    [409, 'text/plain', 'unknown'],
    [429, 'text/plain', 'unknown'],
    [500, 'text/plain', 'unknown'],
    [503, 'text/plain', 'unknown'],
  ])('%i as %s: %s', async (status, type, what) => {
    const { endpoint } = await startReceiver(status, { 'content-type': type })
    run('build')
    await send(jobTo(endpoint), { post })
    expect(result()).toBe(`${what} ${status}`)
    // Refused: it has never begun. Unknown: it may have, and another zero would be a reset.
    const healthy = await startReceiver()
    await send(jobTo(healthy.endpoint), { post })
    expect(values(healthy.requests[0]!.body)).toEqual({ build: what === 'refused' ? '0,1' : '1' })
  })

  test.each<[what: string, url: () => Promise<string>, expected: RegExp]>([
    ['no connection', closedEndpoint, /^refused ECONNREFUSED$/],
    ['a port that fetch refuses', async () => 'http://127.0.0.1:6000/', /^refused (bad-port|ECONNREFUSED)$/],
    ['no such host', async () => 'http://otlp-tally.invalid/', /^refused (ENOTFOUND|EAI_AGAIN)$/],
    [
      'TLS with a server of plain HTTP',
      async () => (await startReceiver()).endpoint.replace('http:', 'https:'),
      /^refused /,
    ],
    [
      'a connection that ends',
      () => serverThat(socket => socket.once('data', () => socket.destroy())),
      /^unknown /,
    ],
    ['an answer that is not HTTP', () => serverThat(socket => socket.end('SSH-2.0-x\r\n')), /^unknown /],
    ['no answer in time', async () => (await startHanging()).endpoint, /^unknown timeout$/],
  ])('%s', async (_, url, expected) => {
    run('build')
    await send(jobTo(await url(), { timeoutMs: 700 }), { post })
    expect(result()).toMatch(expected)
  })
})

describe('nothing is sent', () => {
  test('before the log is on the disk, where a power cut cannot undo it', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    let synced = ''
    await send(jobTo(endpoint), {
      sync: () => void (synced = `${requests.length} ${readFileSync(path, 'utf8')}`),
    })
    expect(synced).toMatch(/^0 [\s\S]*\n!send \w+ 1 6000 \d{13}$/)
    expect(requests).toHaveLength(1)
  })

  test('where the disk fails at that, and the next delivery sends it', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    const fail = (code: string) => () => {
      throw Object.assign(new Error(), { code })
    }
    await send(jobTo(endpoint), { sync: fail('EIO') })
    expect([requests, result()]).toEqual([[], 'refused EIO'])
    // A file system that knows no such call cannot do better.
    await send(jobTo(endpoint), { sync: fail('EINVAL') })
    expect([requests.map(({ body }) => values(body)), result()]).toEqual([[{ build: '0,1' }], 'taken 200'])
  })

  test.each([
    ['fetch', postByFetch],
    ['node:http', postByHttp],
  ])('by %s after a sync that took all of the time, and the series begin later', async (_, post) => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    await send(jobTo(endpoint, { timeoutMs: 200 }), { post, sync: () => void block(300) })
    expect([requests, result()]).toEqual([[], 'refused timeout'])
    await send(jobTo(endpoint), { post })
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '0,1' }])
  })

  test.each<[string, () => void]>([
    ['has said no in the meantime', () => writeFileSync(join(state, 'consent.json'), '{"no":1795900000000}')],
    ['has an answer that cannot be read', () => writeFileSync(join(state, 'consent.json'), '')],
    ['has cleared the log in the meantime', () => rmSync(path)],
  ])('where the user %s', async (_, act) => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    await send(jobTo(endpoint), { sync: act })
    expect(requests).toEqual([])
    run('build')
    act()
    await send(jobTo(endpoint))
    expect(requests).toEqual([])
  })

  test('by a process that was suspended until another one has claimed the log', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    await send(jobTo(endpoint), {
      sync: () => appendFileSync(path, `\n!send other 1 3000 ${Date.now() + 7000}`),
    })
    expect(requests).toEqual([])
  })

  test('with a fingerprint that is gone, expired or replaced: the log is set aside, and a new one begins', async () => {
    const { endpoint, requests } = await startReceiver()
    for (const fault of ['removed', 'expired', 'replaced']) {
      run('build')
      const fingerprint = join(state, 'fingerprint')
      const [id, , ...stamp] = readFileSync(fingerprint, 'utf8').split(' ')
      rmSync(fingerprint)
      if (fault === 'expired')
        writeFileSync(fingerprint, [id, Date.now() - 400 * 86_400_000, ...stamp].join(' '))
      if (fault === 'replaced') ensureFingerprint(state, Date.now())
      await send(jobTo(endpoint))
    }
    expect(requests).toEqual([])
    run('check')
    await send(jobTo(endpoint))
    expect(requests.map(({ body }) => values(body))).toEqual([{ check: '0,1' }])
    expect(JSON.parse(requests[0]!.body).resourceMetrics).toHaveLength(1)
  })

  test('while the clock shows a time before this library was written', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    vi.useFakeTimers({ toFake: ['Date'], now: 86_400_000 })
    await send(jobTo(endpoint))
    expect(requests).toEqual([])
  })
})

describe('while another process sends', () => {
  const other = (ms: number) => appendFileSync(path, `\n!send other 1 20000 ${ms}`)

  test('it waits for half of its time, and leaves the rest to the next one', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    other(Date.now())
    await send(jobTo(endpoint, { timeoutMs: 400 }))
    expect(requests).toEqual([])
  })

  test('it sends what the other one has not sent, as soon as that is done', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    other(Date.now())
    run('check')
    const sent = send(jobTo(endpoint, { timeoutMs: 30_000 }))
    await sleep(100)
    expect(requests).toEqual([])
    appendFileSync(path, `\n!taken other 200 ${Date.now()}`)
    await sent
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '1', check: '0,1' }])
  })

  test('it sends nothing where the other one has sent all', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    other(Date.now())
    const sent = send(jobTo(endpoint, { timeoutMs: 30_000 }))
    await sleep(100)
    appendFileSync(path, `\n!taken other 200 ${Date.now()}`)
    await sent
    expect(requests).toEqual([])
  })

  test('and was killed, it sends when the claim of that has expired', async () => {
    const { endpoint, requests } = await startReceiver()
    run('build')
    other(Date.now() - 20_001)
    await send(jobTo(endpoint))
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '1' }])
  })
})

test('thirty deliveries at once begin each series once, and together they have sent all that was counted', async () => {
  const { endpoint, bodies } = await startBackend()
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      await sleep(index * 3)
      run(index % 3 ? 'build' : `c${index}`)
      await send(jobTo(endpoint))
    }),
  )
  run('build')
  await send(jobTo(endpoint, { ignoreHold: true }))
  expect(countedBy(bodies)).toEqual(all(31))
  const zeros = bodies.flatMap(body => Object.values(values(body)).filter(said => said.startsWith('0,')))
  expect(zeros).toHaveLength(11)
  expect(bodies.length).toBeLessThan(31)
})

describe('logs of earlier versions', () => {
  test('are sent with the current one, eight in one body, each until it is taken', async () => {
    const { endpoint, bodies } = await startBackend()
    for (let i = 0; i < 10; i++) run('build', `0.${i}.0`)
    const parts = () => JSON.parse(bodies.at(-1)!).resourceMetrics.length
    run('build')
    await send(jobTo(endpoint))
    expect(parts()).toBe(9)
    run('build')
    await send(jobTo(endpoint))
    expect(parts()).toBe(3)
    run('build')
    await send(jobTo(endpoint))
    expect(parts()).toBe(1)
    expect(countedBy(bodies)).toEqual(all(13))
  })

  test('do not stop the current one where a server refuses them, and each of them is tried', async () => {
    // Refuses what has more than one part, and one version for ever.
    const { endpoint, bodies } = await startBackend(({ body, store, answer }) => {
      const isRefused = JSON.parse(body).resourceMetrics.length > 1 || body.includes('"0.1.0"')
      if (!isRefused) store()
      answer(isRefused ? 413 : 200, 'text/plain')
    })
    for (const version of ['0.1.0', '0.2.0']) run('build', version)
    for (let i = 0; i < 8; i++) {
      run('build')
      await send(jobTo(endpoint))
    }
    expect(resourceValues(bodies, 'service.version')).toEqual(new Set(['0.2.0', '1.0.0']))
    expect(countedBy(bodies)).toEqual(all(9))
  })

  test('and logs that were set aside are not changed any more after they are taken', async () => {
    const { endpoint, bodies } = await startBackend()
    run('build')
    const aside = `${path}~abcdefgh`
    renameSync(path, aside)
    run('check')
    await send(jobTo(endpoint))
    const { size } = statSync(aside)
    run('check')
    await send(jobTo(endpoint))
    expect(JSON.parse(bodies[1]!).resourceMetrics).toHaveLength(1)
    expect(statSync(aside).size).toBe(size)
    expect(countedBy(bodies)).toEqual(all(3))
  })
})
