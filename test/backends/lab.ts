import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { configuration, runCollector } from '../collector/collector.ts'
import { type Counts, deltaCounts, fileCounts, fileLines, prometheusCounts } from '../collector/counts.ts'
import { freePorts, type Server } from '../server.ts'
import { startCortex } from './cortex.ts'
import { configurationsOf, EXAMPLES, intoFile } from './examples.ts'
import { type Prometheus, query, startPrometheus } from './prometheus.ts'
import { startThanos } from './thanos.ts'

/** Of delta.yaml, here. Long enough for what has to fall into one. */
const INTERVAL_S = 4

/** Features that the queries of the tests need. They change nothing in what is stored. */
const QUERIES = 'promql-extended-range-selectors'

/** Backends side by side. What is sent goes to all of them. */
export interface Lab {
  /** One request of the tool to every backend, each answered before this resolves. Whether the default Prometheus took it. */
  send(request: { body: string }): Promise<boolean>
  /** Resolves when whatever was sent before has come to the end of every queue, and an interval of delta.yaml has just begun. */
  settle(): Promise<void>
  restartCollectors(): Promise<void>
  restartStores(): Promise<void>
  /** What a backend says now: invocations by version and command of the streams (instance id → version) that are asked for. */
  counts(column: Column, streams: ReadonlyMap<string, string>): Promise<Counts>
  recommended: Prometheus
  stop(): Promise<void>
}

export const COLUMNS = [
  'default: increase',
  'default: last',
  'default: day',
  'recommended: increase',
  'recommended: last',
  'recommended: day',
  'recommended: gateway',
  'cortex: last',
  'cortex: day',
  'thanos: last',
  'thanos: day',
  'file',
  'page',
  'delta',
] as const
export type Column = (typeof COLUMNS)[number]

const X = 'command_invocation_total'

/** By the second half of a column's name. */
const PROMQL: Record<string, (selector: string) => string> = {
  increase: series => `increase(${series}[3h] anchored)`,
  last: series => `last_over_time(${series}[3h])`,
  day: series => rule('rules.yml').replaceAll(X, series),
  gateway: series => rule('gateway-rules.yml').replaceAll(X, series),
}

/** Of a file of examples/collector, what the rule of all totals adds up. */
function rule(file: string): string {
  const text = readFileSync(join(EXAMPLES, file), 'utf8')
  return `(${text.match(/record: fine:command_invocation:day\n.*\n.*sum by \(.*\) \(\n([\s\S]*?)\n +\) > 0\n/)![1]})`
}

/** Starts all of them on free ports, in a folder that `stop` removes. */
export async function startLab(): Promise<Lab> {
  const root = mkdtempSync(join(tmpdir(), 'otlp-tally-backends-'))
  const dir = (name: string) => {
    const path = join(root, name)
    mkdirSync(path)
    return path
  }
  const [plainPort, pagePort, onePort, deltaPort] = await freePorts(4)
  const local = (port: number | undefined) => `127.0.0.1:${port}`
  const http = (port: number | undefined) => `http://${local(port)}`

  const byDefault = await startPrometheus(dir('default'), join(import.meta.dirname, 'default.yml'), [
    '--web.enable-otlp-receiver',
    `--enable-feature=${QUERIES}`,
  ])
  const recommended = await startPrometheus(dir('recommended'), join(EXAMPLES, 'prometheus.yml'), [
    '--web.enable-otlp-receiver',
    `--enable-feature=created-timestamp-zero-ingestion,${QUERIES}`,
  ])

  const [cortex] = (await startCortex(dir('cortex'), 1)).nodes
  const thanos = await startThanos(dir('thanos'))
  const stores: Record<string, { url: string }> = { default: byDefault, recommended, cortex: cortex!, thanos }

  const plain = {
    dir: dir('plain'),
    endpoint: http(plainPort),
    prometheus: `${http(pagePort)}/metrics`,
    file: join(root, 'plain/metrics.jsonl'),
  }
  const plainConfiguration = [configuration(plain), { exporters: { file: { append: true } } }]

  // The files to copy. What differs here: ports, a shorter interval, and a file in the place of a backend.
  const one = {
    dir: dir('one'),
    endpoint: http(onePort),
    env: { LISTEN: local(onePort), PROMETHEUS: new URL(recommended.url).host },
  }
  const delta = {
    dir: dir('delta'),
    endpoint: http(deltaPort),
    env: { LISTEN: local(deltaPort), BACKEND: 'http://127.0.0.1:1' },
  }
  const deltaFile = join(root, 'delta/metrics.jsonl')
  const deltaConfiguration = [
    ...configurationsOf('delta.yaml'),
    { processors: { interval: { interval: `${INTERVAL_S}s` } } },
    intoFile(deltaFile),
  ]

  const startCollectors = () =>
    Promise.all([
      runCollector(plain.dir, plainConfiguration, plain),
      runCollector(one.dir, configurationsOf('collector.yaml'), one),
      runCollector(delta.dir, deltaConfiguration, delta),
    ])
  let collectors: Server[] = await startCollectors()

  const post = (endpoint: string, body: string) => otlp(`${endpoint}/v1/metrics`, body)

  async function otlp(url: string, body: string): Promise<number> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body })
    await response.text()
    return response.status
  }

  async function send({ body }: { body: string }): Promise<boolean> {
    const [status, ...collected] = await Promise.all([
      post(`${byDefault.url}/api/v1/otlp`, body),
      post(plain.endpoint, body),
      post(one.endpoint, body),
      post(delta.endpoint, body),
    ])
    // What they refuse is their own affair: it shows in the numbers.
    await otlp(`${cortex!.base}/api/v1/otlp/v1/metrics`, body)
    await otlp(`http://${thanos.receivers[0]!.address}/api/v1/otlp`, body)
    if (collected.some(status => status !== 200)) throw new Error(`The Collectors answer ${collected}`)
    return status === 200
  }

  let markers = 0
  async function settle(): Promise<void> {
    const version = `99.0.${++markers}`
    await send({ body: marker(version) })
    const label = `${X}{service_version="${version}"}`
    for (const store of [recommended, cortex!, thanos])
      await until(async () => (await query(store, label)).length > 0)
    await until(async () => JSON.stringify(await fileLines(plain.file)).includes(`"${version}"`))
    // Last: this ends with an interval, so the next one has just begun.
    await until(async () =>
      JSON.stringify(await fileLines(deltaFile).catch(() => [])).includes(`"${version}"`),
    )
  }

  async function counts(column: Column, streams: ReadonlyMap<string, string>): Promise<Counts> {
    const versions = new Set(streams.values())
    const only = (all: Counts) => pick(all, cell => versions.has(cell.split(' ')[0]!))
    switch (column) {
      case 'file':
        return only(await fileCounts(plain.file))
      case 'page':
        return only(await prometheusCounts(plain.prometheus))
      case 'delta':
        return only(await deltaCounts(deltaFile))
      default: {
        const [backend, how] = column.split(': ') as [string, string]
        const selector = `${X}{instance=~"${[...streams.keys()].join('|')}"}`
        const samples = await query(
          stores[backend]!,
          `sum by (instance, command_name) (${PROMQL[how]!(selector)})`,
          // A series that begins anew starts some seconds ahead of the clock, to be later than all of the old one.
          Date.now() / 1000 + 10,
        )
        return samples.reduce<Counts>(
          (sum, { labels, value }) =>
            add(sum, { [`${streams.get(labels.instance!)} ${labels.command_name}`]: value }),
          {},
        )
      }
    }
  }

  return {
    send,
    settle,
    counts,
    async restartCollectors() {
      await settle()
      await Promise.all(collectors.map(collector => collector.stop()))
      collectors = await startCollectors()
    },
    async restartStores() {
      await Promise.all([byDefault, recommended, cortex!].map(store => store.restart()))
      for (const receiver of thanos.receivers) await receiver.restart()
    },
    recommended,
    async stop() {
      await Promise.all([...collectors, byDefault, recommended, cortex!, thanos].map(server => server.stop()))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Waits for a condition, not for a time. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`This never came true: ${condition}`)
    await sleep(50)
  }
}

export function pick(counts: Counts, keep: (cell: string) => boolean): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([cell]) => keep(cell)))
}

export function add(a: Counts, b: Counts): Counts {
  const sum = { ...a }
  for (const [cell, count] of Object.entries(b)) sum[cell] = (sum[cell] ?? 0) + count
  return sum
}

/** A request of an installation that nobody asks about, with one invocation in a version of its own. */
function marker(version: string): string {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const now = Date.now()
  const point = {
    attributes: [attribute('command_name', 'build')],
    startTimeUnixNano: `${now - 1}000000`,
    timeUnixNano: `${now}000000`,
    asInt: '1',
  }
  const resource = {
    attributes: [
      attribute('service.name', 'trix'),
      attribute('service.version', version),
      attribute('service.instance.id', randomUUID()),
      attribute('user.fingerprint', 'f'.repeat(64)),
    ],
  }
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] }
  const metrics = [{ name: 'command_invocation', unit: '{invocation}', sum }]
  return JSON.stringify({
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'otlp-tally' }, metrics }] }],
  })
}
