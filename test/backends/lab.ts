import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { configuration, runCollector } from '../collector/collector.ts'
import { type Counts, deltaCounts, fileCounts, fileLines, prometheusCounts } from '../collector/counts.ts'
import { freePorts, type Server } from '../server.ts'
import { startCortex } from './cortex.ts'
import { EXAMPLES, TOKEN } from './examples.ts'
import { type Prometheus, query, startPrometheus } from './prometheus.ts'
import { startThanos } from './thanos.ts'

/** Of the fleet's `interval` processor, here. Long enough for what has to fall into one. */
const FLEET_INTERVAL_S = 4

/** Features that the queries of the tests need. They change nothing in what is stored. */
const QUERIES = 'promql-extended-range-selectors'

/** Backends side by side. What is sent goes to all of them. */
export interface Lab {
  /** One request of the tool to every backend, each answered before this resolves. Whether the default Prometheus took it. */
  send(request: { body: string }): Promise<boolean>
  /** Resolves when whatever was sent before has come to the end of every queue, and an interval of the fleet has just begun. */
  settle(): Promise<void>
  restartCollectors(): Promise<void>
  restartStores(): Promise<void>
  /** What a backend says now: invocations by version and command of the streams (instance id → version) that are asked for. */
  counts(column: Column, streams: ReadonlyMap<string, string>): Promise<Counts>
  fleet: { page: string; file: string; log: string; url: string }
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
  'fleet',
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

/** Of a file of examples/collector, what its first rule adds up. */
function rule(file: string): string {
  const text = readFileSync(join(EXAMPLES, file), 'utf8')
  return `(${text.match(/sum by \(.*\) \(\n([\s\S]*?)\n +\)\n/)![1]})`
}

/** Starts all of them on free ports, in a folder that `stop` removes. */
export async function startLab(): Promise<Lab> {
  const root = mkdtempSync(join(tmpdir(), 'otlp-tally-backends-'))
  const dir = (name: string) => {
    const path = join(root, name)
    mkdirSync(path)
    return path
  }
  const [plainPort, pagePort, onePort, fleetPort, fleetPagePort] = await freePorts(5)
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
  const delta = join(root, 'plain/delta.jsonl')
  const plainConfiguration = [
    configuration(plain),
    {
      processors: { cumulativetodelta: {} },
      exporters: {
        file: { append: true },
        'file/delta': { path: delta, flush_interval: '100ms', append: true },
      },
      service: {
        pipelines: {
          'metrics/delta': {
            receivers: ['otlp'],
            processors: ['cumulativetodelta'],
            exporters: ['file/delta'],
          },
        },
      },
    },
  ]

  // The files to copy, and what differs here: ports, and for the fleet a shorter interval and a file of all that leaves it.
  const receiver = (port: number | undefined) => ({
    otlp: { protocols: { http: { endpoint: local(port) } } },
  })
  const one = { dir: dir('one'), endpoint: http(onePort) }
  const oneConfiguration = [
    join(EXAMPLES, 'collector.yaml'),
    {
      receivers: receiver(onePort),
      exporters: { 'otlp_http/prometheus': { endpoint: `${recommended.url}/api/v1/otlp` } },
    },
  ]
  const fleet = {
    dir: dir('fleet'),
    endpoint: http(fleetPort),
    prometheus: `${http(fleetPagePort)}/metrics`,
    headers: { authorization: `Bearer ${TOKEN}` },
  }
  const fleetFile = join(root, 'fleet/metrics.jsonl')
  const fleetConfiguration = [
    join(EXAMPLES, 'fleet.yaml'),
    {
      receivers: receiver(fleetPort),
      processors: { interval: { interval: `${FLEET_INTERVAL_S}s` } },
      exporters: {
        file: { path: fleetFile, flush_interval: '100ms', append: true },
        prometheus: { endpoint: local(fleetPagePort) },
      },
      service: { pipelines: { metrics: { exporters: ['prometheus', 'file'] } } },
    },
  ]

  const startCollectors = () =>
    Promise.all([
      runCollector(plain.dir, plainConfiguration, plain),
      runCollector(one.dir, oneConfiguration, one),
      runCollector(fleet.dir, fleetConfiguration, fleet),
    ])
  let collectors: Server[] = await startCollectors()
  // Their totals go with a Collector. A Prometheus that scrapes it adds the totals from before (a counter reset).
  let fleetBefore: Counts = {}

  const post = (endpoint: string, body: string, headers?: Record<string, string>) =>
    otlp(`${endpoint}/v1/metrics`, body, headers)

  async function otlp(url: string, body: string, headers: Record<string, string> = {}): Promise<number> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    await response.text()
    return response.status
  }

  async function send({ body }: { body: string }): Promise<boolean> {
    const [status, ...collected] = await Promise.all([
      post(`${byDefault.url}/api/v1/otlp`, body),
      post(plain.endpoint, body),
      post(one.endpoint, body),
      post(fleet.endpoint, body, fleet.headers),
    ])
    // What they refuse is their own affair: it shows in the numbers.
    await otlp(`${cortex!.base}/api/v1/otlp/v1/metrics`, body)
    await otlp(`http://${thanos.receivers[0]!.address}/api/v1/otlp`, body)
    if (collected.some(status => status !== 200)) throw new Error(`The Collectors answer ${collected}`)
    return status === 200
  }

  let markers = 0
  async function settle(): Promise<void> {
    const name = `marker-${++markers}`
    await send({ body: marker(name) })
    const [fleetCell, label] = [`${name} marker`, `${X}{service_version="${name}"}`]
    for (const store of [recommended, cortex!, thanos])
      await until(async () => (await query(store, label)).length > 0)
    await until(async () => JSON.stringify(await fileLines(plain.file)).includes(name))
    await until(async () => JSON.stringify(await fileLines(delta)).includes(name))
    // The fleet last: this ends with an interval, so that the next one has just begun.
    await until(async () => (await prometheusCounts(fleet.prometheus))[fleetCell] !== undefined)
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
        return only(await deltaCounts(delta))
      case 'fleet':
        return only(add(fleetBefore, await prometheusCounts(fleet.prometheus)))
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
      fleetBefore = add(fleetBefore, await prometheusCounts(fleet.prometheus))
      await Promise.all(collectors.map(collector => collector.stop()))
      collectors = await startCollectors()
    },
    async restartStores() {
      await Promise.all([byDefault, recommended, cortex!].map(store => store.restart()))
      for (const receiver of thanos.receivers) await receiver.restart()
    },
    fleet: {
      page: fleet.prometheus,
      file: fleetFile,
      log: join(fleet.dir, 'otelcol.log'),
      url: fleet.endpoint,
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

/** A request of a tool of its own, with one series of one invocation. */
function marker(name: string): string {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const now = Date.now()
  const point = {
    attributes: [attribute('command_name', 'marker')],
    startTimeUnixNano: `${now - 1}000000`,
    timeUnixNano: `${now}000000`,
    asInt: '1',
  }
  const resource = {
    attributes: [
      attribute('service.name', 'trix'),
      attribute('service.version', name),
      attribute('service.instance.id', name),
    ],
  }
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] }
  const metrics = [{ name: 'command_invocation', unit: '{invocation}', sum }]
  return JSON.stringify({
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'otlp-tally' }, metrics }] }],
  })
}
