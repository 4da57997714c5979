import { hashOf } from '../../body/series-index.ts'
import type { Use } from '../../report/use.ts'
import { printable } from '../../terminal/printable.ts'
import { seriesOf } from '../series-of.ts'
import { isOneOf, type Labels, openQuery, type Query, type Sampled, selector } from './prometheus.ts'
import { type Counted, countedIn, environmentOf, isShownId } from './tools.ts'

/** As far back as the rules of examples/collector look. */
const DAYS = 400
/** Days per query: the samples of more would not fit into memory. */
const DAYS_AT_ONCE = 10
const DAY = 86_400_000
/** The limit of a file. */
const MAX_USES = 2_000_000
const MAX_SERIES = 500_000
/** A Prometheus may hold much else, but not this many command-line tools. */
const MAX_TOOLS = 100

/** Labels that say where a series comes from. The others are its attributes. */
const ORIGIN = new Set([
  ...['job', 'instance', 'service_version', 'user_fingerprint'],
  ...['os_type', 'host_arch', 'process_runtime_name', 'process_runtime_version'],
  ...['gateway', 'replica', 'prometheus_replica', 'prometheus', 'cluster', 'tenant_id', 'receive'],
])

interface Request {
  headers: Labels
  /** The metric to count in place of commands. */
  metric?: string | undefined
  /** Is called with each warning of the server. */
  warn(sentence: string): void
}

/**
 * Reads the uses that a Prometheus, Cortex or Thanos has stored. Each sample comes from one request of a command, so its
 * increase happened at its time, and the result equals that of a file with the same bodies, with one exception: the server
 * does not store starts, so a series that began anew with a higher count looks continuous. Rejects with a sentence.
 */
export async function usesFromServer(url: string, { headers, metric, warn }: Request): Promise<Counted> {
  const now = Date.now()
  const query = openQuery(url, { headers, warn })
  const wanted = storedName(metric ?? 'command_invocation')
  const found = await query(
    `group by (job) (last_over_time(${selector({ __name__: wanted })}[${DAYS}d]))`,
    now,
  )
  const jobs = found.flatMap(({ metric: { job } }) => job ?? [])
  if (!jobs.length) return { tools: [] }
  if (jobs.length > MAX_TOOLS)
    throw new Error(`${url}: ${jobs.length} tools have counted commands there: more than ${MAX_TOOLS}`)
  const resources = await resourcesOf(jobs, query, now)

  const last = new Map<string, number>()
  const byTool = new Map<string, Use[]>()
  const keys = new Set<string>()
  let kept = 0
  let full = false as boolean

  function add({ metric: labels, values }: Sampled): void {
    const { __name__ = '', job = '', instance = '' } = labels
    const attributes = Object.entries(labels)
      .filter(([key]) => key !== '__name__' && !ORIGIN.has(key))
      .map(([key, stringValue]) => ({ key, value: { stringValue } }))
    const name = __name__ === wanted && metric !== undefined ? metric : __name__.replace(/_total$/, '')
    const series = seriesOf(name, attributes, metric)
    if (!series) return
    if (series.kind === 'run') for (const { key } of attributes) keys.add(key)
    const key = hashOf(JSON.stringify(labels))
    if (last.size === MAX_SERIES && !last.has(key)) {
      full = true
      return
    }
    const use = { ...series, ...originOf({ ...resources.get(`${job}\n${instance}`), ...labels }) }
    const tool = printable(job.slice(job.lastIndexOf('/') + 1)) // without service.namespace
    let uses = byTool.get(tool)
    if (!uses) byTool.set(tool, (uses = []))
    for (const [seconds, text] of values) {
      const value = Number(text)
      if (!Number.isFinite(value)) continue
      const before = last.get(key) ?? 0
      last.set(key, value)
      const count = value < before ? value : value - before
      if (count <= 0) continue
      if (kept === MAX_USES) full = true
      else {
        uses.push({ time: Math.round(seconds * 1000), count, ...use })
        kept++
      }
    }
  }

  const samples = `{__name__=~".+_total", ${isOneOf('job', jobs)}}[${DAYS_AT_ONCE}d]`
  for (let past = DAYS; past > 0 && !full; past -= DAYS_AT_ONCE)
    for (const series of await query(samples, now - (past - DAYS_AT_ONCE) * DAY)) add(series)
  return countedIn({
    ...{ uses: byTool, metric, keys },
    full: full
      ? `the server has more than ${MAX_USES} uses or ${MAX_SERIES} series: the rest is left out`
      : undefined,
  })
}

/** Version, installation and environment of a series. */
function originOf(labels: Labels): Pick<Use, 'version' | 'installation' | 'os' | 'arch' | 'runtime'> {
  const { service_version = 'unknown', instance = '', user_fingerprint: id = instance } = labels
  return {
    version: printable(service_version),
    ...(id && { installation: isShownId(id) ? id : hashOf(id).slice(0, 16) }),
    ...environmentOf(key => printable(labels[key.replaceAll('.', '_')] ?? '')),
  }
}

/** Resource attributes by job and instance. A Prometheus that does not add them to every series has `target_info`. */
async function resourcesOf(jobs: readonly string[], query: Query, now: number): Promise<Map<string, Labels>> {
  const found = await query(`last_over_time(target_info{${isOneOf('job', jobs)}}[${DAYS}d])`, now)
  return new Map(found.map(({ metric }) => [`${metric.job}\n${metric.instance}`, metric]))
}

/** The name that Prometheus gives to a counter that arrives by OTLP. */
function storedName(metric: string): string {
  const name = metric.replace(/[^A-Za-z0-9_:]+/g, '_')
  return name.endsWith('_total') ? name : `${name}_total`
}
