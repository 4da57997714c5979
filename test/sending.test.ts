import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Body, Job } from '../src/core/deliver/job.ts'
import { seriesPath } from '../src/core/tally/series.ts'
import { count, ensureInstance, list } from '../src/core/tally/stream.ts'
import { bodyOf } from '../src/helper/body.ts'
import { send } from '../src/helper/send.ts'
import { startHanging } from './helper.ts'
import { startReceiver } from './receiver.ts'

// A whole delivery in this process, with real sockets: it is also what a command does by itself where no helper can work.

let folder: string

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'otlp-tally-sending-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  folder = join(root, 'stream')
  ensureInstance(folder, Date.now())
})

const run = (name: string) => {
  const path = seriesPath({ metric: 'command_invocation', attributes: { command_name: name } })
  count(folder, path, Date.now(), false)
}
const notes = () => readdirSync(folder).filter(name => name.startsWith('!'))
/** The commands whose series have begun. */
const begun = () => list(folder).flatMap(path => /=(.+)!\d+$/.exec(path)?.[1] ?? [])

const jobTo = (url: string, more: Partial<Job> = {}): Job => ({
  ...{ url, headers: {}, timeoutMs: 5000 },
  source: { resource: {}, options: { name: 'trix' }, counted: [], folder },
  ...more,
})

/** `{ build: '0,1' }`: what a body says of each command. */
function values(body: string): Record<string, string> {
  const said: Record<string, string[]> = {}
  for (const { attributes, asInt } of JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics[0].sum
    .dataPoints)
    (said[attributes[0].value.stringValue] ??= []).push(asInt)
  return Object.fromEntries(Object.entries(said).map(([name, all]) => [name, all.join()]))
}

async function receiver(status = 200, headers: Record<string, string> = {}) {
  const started = await startReceiver(status, headers)
  onTestFinished(() => started.close())
  return started
}

/** A server of TCP that does this with each connection. */
async function serverThat(act: (socket: Socket) => void): Promise<string> {
  const server = createServer(socket => act(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`
}

describe('what becomes of a delivery is written down', () => {
  test('accepted: the series has begun', async () => {
    const { endpoint, requests } = await receiver()
    run('build')
    await send(jobTo(endpoint))
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '0,1' }])
    expect([begun(), notes()]).toEqual([['build'], []])
  })

  test('redirected: it is not followed, and the series begins again', async () => {
    const elsewhere = await receiver()
    for (const status of [301, 302, 303, 307, 308]) {
      const { endpoint, requests } = await receiver(status, {
        ...{ location: `${elsewhere.endpoint}/v1/metrics`, 'content-type': 'text/html' },
      })
      run('build')
      await send(jobTo(endpoint))
      expect(requests).toHaveLength(1)
      expect([begun(), notes(), elsewhere.requests]).toEqual([[], [], []])
    }
  })

  test('refused before it was read: the series begins again, and in JSON it has begun', async () => {
    run('build')
    await send(jobTo((await receiver(401, { 'content-type': 'text/plain' })).endpoint))
    expect([begun(), notes()]).toEqual([[], []])
    await send(jobTo((await receiver(401)).endpoint))
    expect([begun(), notes()]).toEqual([['build'], []])
  })

  test.each<[what: string, url: () => Promise<string>, begins: boolean]>([
    ['no connection', async () => 'http://127.0.0.1:65009/', false],
    ['no such host', async () => 'http://otlp-tally.invalid/', false],
    ['no TLS', async () => (await receiver()).endpoint.replace('http:', 'https:'), false],
    ['a URL that fetch refuses', async () => 'http://a:b@127.0.0.1:9/', true],
    ['a connection that ends', () => serverThat(socket => socket.once('data', () => socket.destroy())), true],
    ['an answer that is none', () => serverThat(socket => socket.end('SSH-2.0-x\r\n')), true],
    ['no answer in time', async () => (await startHanging()).endpoint, true],
  ])('%s', async (_, url, begins) => {
    run('build')
    await send(jobTo(await url(), { timeoutMs: 700 }))
    expect([begun(), notes()]).toEqual([begins ? ['build'] : [], []])
  })

  test('of what was begun already nothing has to be', async () => {
    run('build')
    await send(jobTo((await receiver()).endpoint))
    const before = list(folder)
    const { endpoint, connected } = await startHanging()
    const sent = send(jobTo(endpoint, { timeoutMs: 400 }))
    await connected
    expect(list(folder)).toEqual(before)
    await sent
    expect(list(folder)).toEqual(before)
  })

  test('a body that was sent before has begun its series, whatever the second answer proves', async () => {
    run('build')
    const job = jobTo('http://127.0.0.1:65009/')
    // As the command leaves it that ends while its own request is under way.
    const body = bodyOf(job, Date.now(), true) as Body
    expect(body.note?.series).toHaveLength(1)
    await send({ ...job, body })
    expect([begun(), notes()]).toEqual([['build'], []])
  })
})

describe('within its time', () => {
  const timed = async (act: Promise<unknown>) => {
    const started = performance.now()
    await act
    return performance.now() - started
  }

  test('it ends, though the server never answers', async () => {
    run('build')
    const ms = await timed(send(jobTo((await startHanging()).endpoint, { timeoutMs: 300 })))
    expect(ms).toBeGreaterThan(290)
    expect(ms).toBeLessThan(3000)
  })

  test('it waits for half of it while another one begins series, and then sends what has begun', async () => {
    const { endpoint, requests } = await receiver()
    run('build')
    await send(jobTo(endpoint))
    run('build')
    run('check')
    writeFileSync(join(folder, `!${Date.now() + 30_000}-other`), '')
    const ms = await timed(send(jobTo(endpoint, { timeoutMs: 1200 })))
    expect(ms).toBeGreaterThan(590)
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '0,1' }, { build: '2' }])
    expect([begun(), notes().length]).toEqual([['build'], 1])
  })

  test('it sends as soon as the other one is done', async () => {
    const { endpoint, requests } = await receiver()
    run('build')
    const other = join(folder, `!${Date.now() + 30_000}-other`)
    writeFileSync(other, '')
    const sent = timed(send(jobTo(endpoint, { timeoutMs: 20_000 })))
    await sleep(200)
    expect(requests).toEqual([])
    rmSync(other)
    expect(await sent).toBeLessThan(5000)
    expect(requests.map(({ body }) => values(body))).toEqual([{ build: '0,1' }])
  })

  test('it asks nobody where nothing has begun, nothing may be sent or nothing is there', async () => {
    const { endpoint, requests } = await receiver()
    const { source } = jobTo(endpoint)
    await send(jobTo(endpoint))
    run('build')
    await send(jobTo(endpoint, { source: { ...source, options: { name: 'trix', commands: ['check'] } } }))
    await send(jobTo(endpoint, { source: { ...source, only: [] } }))
    writeFileSync(join(folder, `!${Date.now() + 30_000}-other`), '')
    await send(jobTo(endpoint, { timeoutMs: 200 }))
    renameSync(folder, `${folder}-gone`)
    await send(jobTo(endpoint))
    expect(requests).toEqual([])
  })
})

test('thirty at once begin each series once, and the last of them has all that was counted', async () => {
  const { endpoint, requests } = await receiver()
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      await sleep(index * 3)
      run(index % 3 ? 'build' : `c${index}`)
      await send(jobTo(endpoint))
    }),
  )
  const all = requests.map(({ body }) => values(body))
  expect(all).toHaveLength(30)
  const zeros = all.flatMap(said => Object.keys(said).filter(name => said[name]!.startsWith('0,')))
  const names = ['build', ...Array.from({ length: 10 }, (_, index) => `c${index * 3}`)]
  expect(zeros.sort()).toEqual(names.sort())
  expect(Math.max(...all.map(said => Number(said.build?.split(',').at(-1) ?? 0)))).toBe(20)
  expect([begun().sort(), notes()]).toEqual([names.sort(), []])
  expect(readFileSync(join(folder, 'instance'), 'utf8')).toMatch(/^[0-9a-f-]{36}\n$/)
})
