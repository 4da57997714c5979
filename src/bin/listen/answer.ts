import type { IncomingHttpHeaders } from 'node:http'
import { printable } from '../../terminal/printable.ts'

const PATH = '/v1/metrics'

/** An HTTP answer, and the sentence for the terminal where there is something to say. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  body: string
  /** One line, safe to print. */
  remark?: string
}

/** A refusal in plain text: for what is not an OTLP request at all. */
export function plain(status: number, sentence: string, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: `${sentence}\n`,
    remark: `${status}: ${sentence}`,
  }
}

/**
 * A refusal as a `google.rpc.Status` in JSON, 400 unless said otherwise. Code 3 is INVALID_ARGUMENT. `short` is for the
 * person who watches.
 *
 * Source: OTLP specification, "Failures" of OTLP/HTTP.
 */
export function refusal(
  sentence: string,
  { status = 400, short = sentence }: { status?: number; short?: string } = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: 3, message: sentence }),
    remark: `${status}: ${short}`,
  }
}

/**
 * An ExportMetricsServiceResponse. `partialSuccess` with nothing rejected is how a server warns.
 *
 * Source: OTLP specification, "Partial Success" of OTLP/HTTP.
 */
export function success(warning?: string, short: string | undefined = warning): Answer {
  const partialSuccess = warning ? { rejectedDataPoints: '0', errorMessage: warning } : {}
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ partialSuccess }),
    ...(warning && { remark: `warning: ${short}` }),
  }
}

/** What is wrong with a request's head; undefined if its body should be read. */
export function refuseHead(method = '', url = '', headers: IncomingHttpHeaders = {}): Answer | undefined {
  const path = url.replace(/\?.*/, '')
  if (path !== PATH) {
    const other = /^\/v1\/(traces|logs)$/.exec(path)?.[1]
    if (other) return plain(404, `${other} are not received here, only metrics at ${PATH}`)
    return plain(404, `nothing is at ${printable(path)}: OTLP metrics go to ${PATH}`)
  }
  if (method !== 'POST')
    return plain(405, `${printable(method)} is not POST: OTLP metrics are sent by POST`, { allow: 'POST' })
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return undefined
  if (type === 'application/x-protobuf') {
    return plain(
      415,
      "this receiver speaks OTLP/JSON only: use the SDK's http/json exporter (OTEL_EXPORTER_OTLP_PROTOCOL=http/json)",
    )
  }
  return plain(415, `expected content-type application/json, got ${type ? printable(type) : 'none'}`)
}
