// What a POST, an installation and a series cost a backend: its own CPU time and memory, so other work on the machine does
// not matter much. `npx vitest run --config bench/backends/vitest.config.ts`
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished, test } from 'vitest'
import { configuration } from '../../src/bin/collector/configuration.ts'
import { startCortex } from '../../test/backends/cortex.ts'
import { EXAMPLES, intoFile } from '../../test/backends/examples.ts'
import { startCollector } from '../../test/backends/gateways.ts'
import { programOf } from '../../test/backends/kill.ts'
import { query, startPrometheus } from '../../test/backends/prometheus.ts'
import { deltaCounts } from '../../test/collector/counts.ts'

const SIZES: [installations: number, series: number][] = [
  [10_000, 1],
  [10_000, 10],
  [2_000, 100],
  [100_000, 1],
]
const ROUNDS = 2
const AT_ONCE = 32

interface Target {
  url: string
  pid: number
}

const rows: Record<string, string | number>[] = []
let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'otlp-tally-scale-'))
})
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
  console.log(table())
})

for (const [installations, series] of SIZES) {
  test(`delta.yaml: ${installations} installations of ${series} series`, async () => {
    const dir = mkdtempSync(join(root, 'delta-'))
    const file = join(dir, 'deltas.jsonl')
    const tool = join(dir, 'tool.yaml')
    writeFileSync(tool, toolOf(series))
    const faster = { processors: { interval: { interval: '5s' } } }
    const files = [join(EXAMPLES, 'delta.yaml'), tool, faster, intoFile(file)]
    const collector = await startCollector(dir, files, { BACKEND: 'http://127.0.0.1:1', API_KEY: 'key' })
    const target = { url: `${collector.endpoint}/v1/metrics`, pid: collector.pid }
    await measure('Collector, delta.yaml', target, installations, series)
    const counts = Object.values(await deltaCounts(file))
    check(
      counts.reduce((sum, count) => sum + count, 0),
      installations * series * ROUNDS,
    )
  })

  test(`prometheus.yml: ${installations} installations of ${series} series`, async () => {
    const dir = mkdtempSync(join(root, 'prometheus-'))
    // Without the rules: each is evaluated once, by `ask`.
    const config = join(dir, 'prometheus.yml')
    writeFileSync(
      config,
      readFileSync(join(EXAMPLES, 'prometheus.yml'), 'utf8').replace(/^rule_files.*$/m, ''),
    )
    const prometheus = await startPrometheus(dir, config, [
      '--web.enable-otlp-receiver',
      '--enable-feature=created-timestamp-zero-ingestion,promql-extended-range-selectors',
    ])
    onTestFinished(() => prometheus.stop())
    const pid = programOf(prometheus.pid)
    const row = await measure(
      'Prometheus, prometheus.yml',
      { url: `${prometheus.url}/api/v1/otlp/v1/metrics`, pid },
      installations,
      series,
    )
    await ask(prometheus, pid, row, installations * series * ROUNDS)
  })

  test(`cortex.yaml, one node: ${installations} installations of ${series} series`, async () => {
    const dir = mkdtempSync(join(root, 'cortex-'))
    const [node] = (await startCortex(dir, 1)).nodes
    onTestFinished(() => node!.stop())
    const pid = programOf(node!.pid)
    const url = `${node!.base}/api/v1/otlp/v1/metrics`
    const row = await measure('Cortex, cortex.yaml, one node', { url, pid }, installations, series)
    await ask(node!, pid, row, installations * series * ROUNDS)
  })
}

/** tool.yaml of a tool that has these commands. */
function toolOf(series: number): string {
  const command_name = Array.from({ length: series }, (_, i) => `command-${i}`)
  return configuration({
    name: 'trix',
    version: '1.0.0',
    resource: { 'service.name': ['trix'] },
    metrics: { command_invocation: { unit: '{invocation}', attributes: { command_name } } },
  })
}

/** Evaluates the rules of a day once, measures what that costs, and checks that they count all that was sent. */
async function ask(
  store: { url: string },
  pid: number,
  row: Record<string, string | number>,
  sent: number,
): Promise<void> {
  for (const file of ['rules.yml', 'gateway-rules.yml']) {
    const rule = readFileSync(join(EXAMPLES, file), 'utf8').match(
      /fine:command_invocation:day\n\s+expr: \|\n([\s\S]*?)\n\s+- record/,
    )![1]!
    const before = cpu(pid)
    const [total] = await query(store, `sum(${rule})`)
    row[`${file}, ms of CPU`] = Math.round(cpu(pid) - before)
    check(total?.value, sent)
  }
}

/** The numbers behind docs/backends/sizes.md. */
function table(): string {
  const columns = [...new Set(rows.flatMap(Object.keys))]
  const lines = [
    columns,
    columns.map(() => '---'),
    ...rows.map(row => columns.map(column => row[column] ?? '')),
  ]
  return lines.map(line => `| ${line.join(' | ')} |`).join('\n')
}

function check(counted: number | undefined, sent: number): void {
  if (counted !== sent) throw new Error(`${counted} of ${sent} were counted`)
}

async function measure(what: string, target: Target, installations: number, series: number) {
  const empty = memory(target.pid)
  const started = cpu(target.pid)
  const begin = Date.now()
  for (let round = 1; round <= ROUNDS; round++)
    await sendAll(target, installations, i => body(i, series, round, begin))
  const seconds = (Date.now() - begin) / 1000
  // The work on what is still in a queue or an interval belongs to the POSTs too.
  await settled(target.pid)
  const posts = installations * ROUNDS
  const spent = cpu(target.pid) - started
  const grown = memory(target.pid) - empty
  const row: Record<string, string | number> = {
    what,
    installations,
    series,
    'POSTs/s here': Math.round(posts / seconds),
    'ms of CPU a POST': Number((spent / posts).toFixed(3)),
    'POSTs/s a core': Math.round(posts / (spent / 1000)),
    'MiB at rest': Math.round(empty / 2 ** 20),
    'MiB more': Math.round(grown / 2 ** 20),
    'kB an installation': Number((grown / installations / 1000).toFixed(2)),
    'kB a series': Number((grown / installations / series / 1000).toFixed(2)),
  }
  rows.push(row)
  console.log(JSON.stringify(row))
  return row
}

async function sendAll({ url }: Target, count: number, body: (i: number) => string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        const status = await post(url, agent, body(next++))
        if (status !== 200) throw new Error(`${url} answers ${status}`)
      }
    }),
  )
  agent.destroy()
}

function post(url: string, agent: Agent, body: string): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', headers, agent }, response => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
      .on('error', reject)
      .end(body)
  })
}

/** As otlp-tally sends it: cumulative, a zero with the first. */
function body(installation: number, series: number, round: number, start: number): string {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const now = Date.now()
  const points = Array.from({ length: series }, (_, i) => {
    const attributes = [attribute('command_name', `command-${i}`)]
    const point = {
      attributes,
      startTimeUnixNano: `${start}000000`,
      timeUnixNano: `${now}000000`,
      asInt: `${round}`,
    }
    return round === 1 ? [{ ...point, timeUnixNano: `${start + 1}000000`, asInt: '0' }, point] : [point]
  }).flat()
  const id = String(installation).padStart(12, '0')
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            attribute('service.name', 'trix'),
            attribute('service.version', '1.0.0'),
            attribute('service.instance.id', `3e6ed7c5-f988-4dde-9dab-${id}`),
            attribute('user.fingerprint', id.padStart(64, '0')),
          ],
        },
        scopeMetrics: [
          {
            scope: { name: 'otlp-tally' },
            metrics: [
              {
                name: 'command_invocation',
                description: 'Invocations of trix by command.',
                unit: '{invocation}',
                sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: points },
              },
            ],
          },
        ],
      },
    ],
  })
}

/** ms of CPU time that a process has used. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Bytes of memory that a process holds. */
function memory(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)![1]) * 1024
}

/** Waits until a process has done next to nothing for six seconds. */
async function settled(pid: number): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const before = cpu(pid)
    await new Promise(resolve => setTimeout(resolve, 6000))
    if (cpu(pid) - before < 60) return
  }
}
