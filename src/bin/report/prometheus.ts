import { noResponseSentence } from '../../exchange/sentences.ts'
import { printable } from '../../terminal/printable.ts'

/** Of one response, decompressed. */
const MAX_BYTES = 128 * 2 ** 20
const TIMEOUT_MS = 120_000
/** Of all queries together. */
const DEADLINE_MS = 15 * 60_000
const MAX_WARNINGS = 10

export type Labels = Record<string, string>

/** A series of a result: an instant or a range of samples. */
export interface Sampled {
  metric: Labels
  values: [seconds: number, value: string][]
}

/** Evaluates a query at a time in ms. Rejects with a sentence. */
export type Query = (query: string, time: number) => Promise<Sampled[]>

interface Access {
  headers: Labels
  /** Is called once for each warning of the server. */
  warn(sentence: string): void
}

/** Queries the server at a base URL, by the HTTP API that Prometheus, Cortex and Thanos share. */
export function openQuery(url: string, { headers, warn }: Access): Query {
  const api = `${url.replace(/\/+$/, '').replace(/\/api\/v1$/, '')}/api/v1/query`
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  const warned = new Set<string>()
  return async (query, time) => {
    const { status, text } = await post(api, headers, query, time, deadline)
    const { result, warnings } = resultIn(text, `${api} answers ${status}`)
    for (const warning of warnings.slice(0, MAX_WARNINGS).map(warning => printable(warning, 500))) {
      if (!warned.has(warning)) warn(warning)
      warned.add(warning)
    }
    return result
  }
}

async function post(
  api: string,
  headers: Labels,
  query: string,
  time: number,
  deadline: AbortSignal,
): Promise<{ status: number; text: string }> {
  // With partial_response=false a Thanos that misses a part of its data fails. The other servers ignore it.
  const body = new URLSearchParams({ query, time: `${time / 1000}`, partial_response: 'false' })
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(TIMEOUT_MS)])
  try {
    const response = await fetch(api, { method: 'POST', headers, body, signal, redirect: 'error' })
    return { status: response.status, text: await textOf(response) }
  } catch (error) {
    const { name, message, cause = {} } = error as Error
    const { code = '', message: reason = message } = cause as { code?: string; message?: string }
    const noResponse = { code: name === 'TimeoutError' ? 'TIMEOUT' : code, message: reason }
    throw new Error(`${api}: ${noResponseSentence(noResponse, TIMEOUT_MS)}`)
  }
}

/** The whole body, which may be endless. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > MAX_BYTES) throw new Error(`an answer of more than ${MAX_BYTES / 2 ** 20} MiB`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

interface Result {
  result: Sampled[]
  warnings: string[]
}

function resultIn(text: string, source: string): Result {
  try {
    const reply = JSON.parse(text)
    if (reply?.status === 'success') return checked(reply)
    throw new Error(`${reply?.error}`)
  } catch (error) {
    const reason = error instanceof SyntaxError ? text.slice(0, 200) : (error as Error).message
    throw new Error(
      `${source}: ${printable(reason.trim(), 200)}\n` +
        'expected the base URL of a Prometheus, Thanos or Cortex: what comes before /api/v1/query',
    )
  }
}

/** The result of a reply. Throws if the reply has another form. */
function checked({ data, warnings }: { data?: { result?: unknown }; warnings?: unknown }): Result {
  const result = data?.result
  const fits =
    Array.isArray(result) &&
    result.every(one => {
      const { metric, values = [] } = one ?? {}
      return metric && Object.values(metric).every(isText) && Array.isArray(values)
    })
  if (!fits) throw new Error('something that is not a list of series')
  return {
    result: result.map(({ metric, values = [] }) => ({ metric, values: values.filter(Array.isArray) })),
    warnings: Array.isArray(warnings) ? warnings.filter(isText) : [],
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** `{name="value"}` */
export function selector(labels: Labels): string {
  return `{${Object.entries(labels).map(([key, value]) => `${key}=${quoted(value)}`)}}`
}

/** A matcher for one of these values: `job=~"a|b"`. */
export function isOneOf(label: string, values: readonly string[]): string {
  return `${label}=~${quoted(values.map(value => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'))}`
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`
}
