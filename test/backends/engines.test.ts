import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Counts } from '../collector/counts.ts'
import { randomOf } from '../fuzz/random.ts'
import { startCortex } from './cortex.ts'
import { accepted, type Member, makeCrowd } from './crowd.ts'
import { configurationsOf, folder } from './examples.ts'
import { crowdOfForgers, forgedBody } from './forger.ts'
import { type Collector, startCollector, startGateway } from './gateways.ts'
import { builds } from './load.ts'
import { type Door, startDoor } from './nginx.ts'
import { counts, query } from './prometheus.ts'
import { startThanos } from './thanos.ts'

/**
 * The engines of a large fleet, with the files to copy: nginx, two Collectors, and behind them three nodes of Cortex or
 * two receivers of Thanos. A node is killed and all of them are restarted while requests go on.
 */

interface Engine {
  /** Base URLs of the API that Prometheus has too, each of which has to say the same. */
  urls: string[]
  nodes: { kill(): Promise<() => Promise<void>>; restart(): Promise<void> }[]
  /** A Collector before a node, with its file to copy. */
  collector: { files: string[]; env: Record<string, string> }[]
  /** Where it takes remote write. */
  write: string
  /** Labels that it adds. */
  adds: string[]
}

const ENGINES: Record<string, (dir: string) => Promise<Engine>> = {
  async Cortex(dir) {
    const { nodes } = await startCortex(dir, 3, 'rules.yml')
    onTestFinished(async () => void (await Promise.all(nodes.map(node => node.stop()))))
    const files = configurationsOf('collector.yaml')
    return {
      urls: nodes.map(({ url }) => url),
      nodes,
      collector: nodes.map(({ base }) => ({ files, env: { PROMETHEUS: new URL(base).host } })),
      write: `${nodes[1]!.base}/api/v1/push`,
      adds: [],
    }
  },
  async Thanos(dir) {
    const thanos = await startThanos(dir, 'rules.yml')
    onTestFinished(() => thanos.stop())
    const files = configurationsOf('../thanos/collector.yaml')
    return {
      urls: [thanos.url],
      nodes: thanos.receivers,
      collector: thanos.receivers.map(({ address }) => ({ files, env: { THANOS: address } })),
      write: `http://${thanos.receivers[1]!.address}/api/v1/receive`,
      adds: ['tenant_id'],
    }
  },
}

const SEED = Number(process.env.SEED ?? Math.floor(Date.now() / 86_400_000))

/** What the rules have made, as every node says it. */
const totals = (urls: readonly string[], promql: string): Promise<Counts[]> =>
  Promise.all(urls.map(url => counts({ url }, promql)))

const BY_COMMAND = 'sum by (job, service_version, command_name) (job_version_command:command_invocation:day)'
/** Without what strangers made up. */
const OURS = BY_COMMAND.replace('day)', 'day{service_version="1.0.0"})')
/** The totals of gateways. */
const LAST_BY_COMMAND =
  'sum by (job, service_version, command_name) (last_over_time(job_version_command:command_invocation:day{gateway!=""}[15m]))'

async function sendAll(members: readonly Member[], door: Door, n: number): Promise<void> {
  const statuses = await Promise.all(members.map(member => member.send(door, n)))
  expect(statuses.filter(status => status !== 200)).toEqual([])
}

test.each(Object.keys(ENGINES))(
  '%s: totals and installations are exact though requests are lost, a node is killed, all are restarted, and strangers make up thousands',
  async name => {
    const dir = folder()
    const engine = await ENGINES[name]!(join(dir, name))
    const collectors: Collector[] = []
    for (const [i, { files, env }] of engine.collector.slice(0, 2).entries())
      collectors.push(await startCollector(join(dir, `${i}`), files, env))
    const door = await startDoor(join(dir, 'door'), [collectors[0]!.address, collectors[1]!.address])
    const crowd = makeCrowd(await builds(6), 60)
    const mostSeen = watchFor(engine.urls)
    const soon = () =>
      expect
        .poll(() => totals(engine.urls, OURS))
        .toEqual(engine.urls.map(() => ({ '1.0.0 build': accepted(crowd) })))

    // Each has a version of its own, while all that follows goes on.
    const FORGED = 2400
    const flood = async () => {
      for (let from = 0; from < FORGED; from += 80) {
        const body = forgedBody(crowdOfForgers(from, 80, i => ({ version: `6.${i % 1000}.${i}` })))
        const headers = { 'content-type': 'application/json' }
        const url = `${collectors[0]!.endpoint}/v1/metrics`
        expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200)
      }
    }

    // 30 % of them get no further than the network, each time others.
    const next = randomOf(SEED)
    for (const n of [1, 2])
      await sendAll(
        crowd.filter(() => next() >= 0.3),
        door,
        n,
      )
    await sendAll(crowd, door, 3)
    expect(accepted(crowd)).toBe(60 * 3)
    await soon()

    // A node is killed while requests go on. All of them are taken; what was to go to it waits in its Collector.
    const [start] = await Promise.all([engine.nodes[0]!.kill(), sendAll(crowd, door, 4), flood()])
    await start()
    await soon()

    // A rolling restart, while requests go on.
    await Promise.all([
      (async () => {
        for (const node of engine.nodes) await node.restart()
      })(),
      sendAll(crowd.slice(0, 30), door, 5).then(() => sendAll(crowd.slice(30), door, 5)),
    ])
    await soon()

    await sendAll(crowd, door, 6)
    await soon()
    expect(accepted(crowd)).toBe(60 * 6)
    for (const span of ['day', 'week', 'month'])
      await expect
        .poll(() => totals(engine.urls, `job:installations:${span}`))
        .toEqual(engine.urls.map(() => ({ '': 60 + FORGED })))
    // Each of theirs counts as one, and 49 versions of theirs have a name.
    const versions = `count(${BY_COMMAND})`
    await expect.poll(() => totals(engine.urls, versions)).toEqual(engine.urls.map(() => ({ '': 51 })))
    const sum = `sum(${BY_COMMAND})`
    await expect
      .poll(() => totals(engine.urls, sum))
      .toEqual(engine.urls.map(() => ({ '': 60 * 6 + FORGED })))
    // Too much is never seen, not for a moment.
    expect(await mostSeen()).toBe(60 * 6)
  },
)

test.each(Object.keys(ENGINES))(
  '%s as the store behind gateways: their totals are exact though one of its nodes is killed, and nobody is in them',
  async name => {
    const dir = folder()
    const engine = await ENGINES[name]!(join(dir, name))
    const gateways = [
      await startGateway(join(dir, 'a'), 'a', engine.write),
      await startGateway(join(dir, 'b'), 'b', engine.write),
    ] as const
    const door = await startDoor(join(dir, 'door'), [gateways[0].address, gateways[1].address])
    const crowd = makeCrowd(await builds(3), 40)
    // Not the one that is killed.
    const behind = engine.urls.length > 1 ? engine.urls.slice(1) : engine.urls
    const expected = (promql: string, value: Counts) =>
      expect.poll(() => totals(behind, promql)).toEqual(behind.map(() => value))

    await sendAll(crowd, door, 1)
    await expected(LAST_BY_COMMAND, { '1.0.0 build': 40 })
    const start = await engine.nodes[0]!.kill()
    await sendAll(crowd, door, 2)
    await expected(LAST_BY_COMMAND, { '1.0.0 build': 80 })
    await start()
    await sendAll(crowd, door, 3)
    await expected(LAST_BY_COMMAND, { '1.0.0 build': 120 })
    await expected('sum by (job) (last_over_time(job:installations:week[15m]))', { '': 40 })
    const series = await query({ url: behind[0]! }, 'last_over_time({job="trix"}[1h])')
    expect(new Set(series.flatMap(({ labels }) => Object.keys(labels)))).toEqual(
      new Set(['__name__', 'command_name', 'gateway', 'job', 'service_version', ...engine.adds]),
    )
  },
)

/** Watches all nodes until it is called: the highest total that one of them has answered. */
function watchFor(urls: readonly string[]): () => Promise<number> {
  let [most, over] = [0, false]
  const watching = (async () => {
    for (let last = false; !last; await sleep(100)) {
      last = over
      // A node that is down answers nothing.
      const seen = await Promise.allSettled(urls.map(url => query({ url }, `sum(${OURS})`)))
      for (const one of seen) if (one.status === 'fulfilled') most = Math.max(most, one.value[0]?.value ?? 0)
      await sleep(100)
    }
  })()
  onTestFinished(() => void (over = true))
  return async () => {
    over = true
    await watching
    return most
  }
}
