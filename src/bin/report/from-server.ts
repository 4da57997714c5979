import { hashOf } from '../../body/growth.ts'
import { unreachable } from '../../exchange/explain.ts'
import type { Use } from '../../report/use.ts'
import { printable } from '../../terminal/printable.ts'
import { seriesOf } from '../series-of.ts'
import { byReach, type FromFile } from './from-file.ts'

/** How far back it looks, as the rules of examples/collector do. */
const DAYS = 400
/** Days in one answer: a fleet's samples of more would not fit into memory at once. */
const DAYS_AT_ONCE = 10
const DAY = 86_400_000
/** As many uses as of a file. */
const MAX_USES = 2_000_000
const MAX_SERIES = 500_000
/** Tools, and what one may be called. A Prometheus may hold much else, but not this many command-line tools. */
const MAX_TOOLS = 100
/** Of one answer, as it is after decompression. */
const MAX_BYTES = 128 * 2 ** 20
const TIMEOUT_MS = 120_000
/** Of all answers together. */
const DEADLINE_MS = 15 * 60_000

/** Labels that say where a series comes from. Whatever else it has is an attribute of its own. */
const ORIGIN = new Set([
  ...['job', 'instance', 'service_version', 'user_fingerprint'],
  ...['os_type', 'host_arch', 'process_runtime_name', 'process_runtime_version'],
  ...['gateway', 'replica', 'prometheus_replica', 'prometheus', 'cluster', 'tenant_id', 'receive'],
])

interface Asking {
  headers: Record<string, string>
  /** What is counted as a command; undefined for the usual one. */
  metric?: string | undefined
  /** Receives the server's remarks beside its answer. */
  warn(sentence: string): void
}

type Labels = Record<string, string>

/**
 * Reads what a Prometheus, Cortex or Thanos has stored, by the API that they share. Every sample is one that a command
 * has sent, so what it adds to its series happened at its time: the same uses as of a file of the same bodies.
 * They do not store starts: a series that began anew with a higher count looks like one that went on. Rejects if
 * it cannot be asked.
 */
export async function usesFromServer(
  url: string,
  { headers, metric, warn }: Asking,
): Promise<Omit<FromFile, 'read' | 'lines'>> {
  const api = `${url.replace(/\/+$/, '').replace(/\/api\/v1$/, '')}/api/v1/query`
  const now = Date.now()
  const warned = new Set<string>()
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  const ask = async (query: string, time = now) => {
    const { result, warnings } = await answer(api, query, time, headers, deadline)
    for (const warning of warnings.slice(0, 10).map(warning => printable(warning, 500))) {
      if (!warned.has(warning)) warn(warning)
      warned.add(warning)
    }
    return result
  }

  const wanted = storedAs(metric ?? 'command_invocation')
  const jobs = await ask(`group by (job) (last_over_time(${selector({ __name__: wanted })}[${DAYS}d]))`)
  const tools = jobs.flatMap(({ metric: { job } }) => job ?? [])
  if (!tools.length) return { tools: [] }
  if (tools.length > MAX_TOOLS)
    throw new Error(`${api}: ${tools.length} tools have counted commands there: more than ${MAX_TOOLS}`)
  const ours = `{__name__=~".+_total", job=~${quoted(tools.map(escaped).join('|'))}}`
  const info = await resources(ask, tools)

  const before = new Map<string, number>()
  const byTool = new Map<string, Use[]>()
  const keys = new Set<string>()
  let kept = 0
  let full = false as boolean

  function add(labels: Labels, values: [number, string][]): void {
    const { __name__ = '', job = '', instance = '' } = labels
    const attributes = Object.entries(labels)
      .filter(([key]) => key !== '__name__' && !ORIGIN.has(key))
      .map(([key, stringValue]) => ({ key, value: { stringValue } }))
    const name = __name__ === wanted && metric !== undefined ? metric : __name__.replace(/_total$/, '')
    const series = seriesOf(name, attributes, metric)
    if (!series) return
    if (series.kind === 'run') for (const { key } of attributes) keys.add(key)
    const { service_version, user_fingerprint } = { ...info.get(`${job}\n${instance}`), ...labels }
    const tool = toolOf(job)
    const who = user_fingerprint ?? instance
    const key = hashOf(JSON.stringify(labels))
    if (before.size === MAX_SERIES && !before.has(key)) {
      full = true
      return
    }
    const use = {
      ...series,
      version: printable(service_version ?? 'unknown'),
      ...(who && { installation: /^[\w-]{1,64}$/.test(who) ? who : hashOf(who).slice(0, 16) }),
      ...environmentOf({ ...info.get(`${job}\n${instance}`), ...labels }),
    }
    let uses = byTool.get(tool)
    if (!uses) byTool.set(tool, (uses = []))
    for (const [time, text] of values) {
      const value = Number(text)
      if (!Number.isFinite(value)) continue
      const last = before.get(key) ?? 0
      before.set(key, value)
      const count = value < last ? value : value - last
      if (count <= 0) continue
      if (kept === MAX_USES) full = true
      else {
        uses.push({ time: Math.round(time * 1000), count, ...use })
        kept++
      }
    }
  }

  for (let past = DAYS; past > 0 && !full; past -= DAYS_AT_ONCE)
    for (const { metric, values } of await ask(
      `${ours}[${DAYS_AT_ONCE}d]`,
      now - (past - DAYS_AT_ONCE) * DAY,
    ))
      add(metric, values)

  const other = metric !== undefined && !keys.has('command_name')
  return {
    tools: byReach(
      [...byTool].map(([name, uses]) => ({
        name,
        uses: other ? uses.filter(({ kind }) => kind === 'run') : uses,
      })),
    ),
    ...(other && { keys: [...keys] }),
    ...(full && {
      full: `the server has more than ${MAX_USES} uses or ${MAX_SERIES} series: the rest is left out`,
    }),
  }
}

function environmentOf(labels: Labels): Pick<Use, 'os' | 'arch' | 'runtime'> {
  const of = (label: string) => printable(labels[label] ?? '', 40)
  const [os, arch, runtime] = [of('os_type'), of('host_arch'), of('process_runtime_name')]
  const [major = ''] = of('process_runtime_version').split('.')
  return {
    ...(os && { os }),
    ...(arch && { arch }),
    ...(runtime && { runtime: `${runtime} ${major}`.trim() }),
  }
}

interface Answer {
  result: { metric: Labels; values: [number, string][] }[]
  warnings: string[]
}

async function answer(
  api: string,
  query: string,
  time: number,
  headers: Labels,
  deadline: AbortSignal,
): Promise<Answer> {
  // partial_response: a Thanos of which a part is away says so instead of too little. The others do not mind it.
  const body = new URLSearchParams({ query, time: `${time / 1000}`, partial_response: 'false' })
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(TIMEOUT_MS)])
  const { status, text } = await fetch(api, { method: 'POST', headers, body, signal, redirect: 'error' })
    .then(async response => ({ status: response.status, text: await textOf(response) }))
    .catch(error => {
      throw new Error(`${api}: ${unreachable(noAnswerOf(error), TIMEOUT_MS)}`)
    })
  try {
    const reply = JSON.parse(text)
    if (reply?.status === 'success') return checked(reply)
    throw new Error(`${reply?.error}`)
  } catch (error) {
    const said = error instanceof SyntaxError ? text.slice(0, 200) : (error as Error).message
    throw new Error(
      `${api} answers ${status}: ${printable(said.trim(), 200)}\n` +
        'expected the base URL of a Prometheus, Thanos or Cortex: what comes before /api/v1/query',
    )
  }
}

/** All of a body, which may have no end. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    // To leave the loop is to cancel the rest.
    if (bytes > MAX_BYTES) throw new Error(`an answer of more than ${MAX_BYTES / 2 ** 20} MiB`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

/** What is in an answer, if it has the form of one. */
function checked({ data, warnings }: { data?: { result?: unknown }; warnings?: unknown }): Answer {
  const result = data?.result
  const fits =
    Array.isArray(result) &&
    result.every(one => {
      const { metric, values = [] } = one ?? {}
      return metric && Object.values(metric).every(isText) && Array.isArray(values)
    })
  if (!fits) throw new Error('something that is no list of series')
  return {
    result: result.map(({ metric, values = [] }) => ({ metric, values: values.filter(Array.isArray) })),
    warnings: Array.isArray(warnings) ? warnings.filter(isText) : [],
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'

function noAnswerOf({ name, message, cause }: Error): { code: string; message: string } {
  const { code = '', message: reason = message } = (cause ?? {}) as { code?: string; message?: string }
  return { code: name === 'TimeoutError' ? 'TIMEOUT' : code, message: reason }
}

/** What a tool says of itself is on `target_info` where it was not made labels of every series. */
async function resources(
  ask: (query: string) => Promise<Answer['result']>,
  tools: readonly string[],
): Promise<Map<string, Labels>> {
  const job = `job=~${quoted(tools.map(escaped).join('|'))}`
  const found = await ask(`last_over_time(target_info{${job}}[${DAYS}d])`)
  return new Map(found.map(({ metric }) => [`${metric.job}\n${metric.instance}`, metric]))
}

/** `service.namespace/service.name`, or the name alone. */
function toolOf(job: string): string {
  return printable(job.slice(job.lastIndexOf('/') + 1))
}

/** A metric as Prometheus names a counter that came by OTLP. */
function storedAs(metric: string): string {
  const name = metric.replace(/[^A-Za-z0-9_:]+/g, '_')
  return name.endsWith('_total') ? name : `${name}_total`
}

function selector(labels: Labels): string {
  return `{${Object.entries(labels).map(([key, value]) => `${key}=${quoted(value)}`)}}`
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`
}
