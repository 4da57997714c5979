import type { IncomingHttpHeaders } from 'node:http'
import { printable } from '../../terminal/printable.ts'

const PATH = '/v1/metrics'

/** An HTTP response, and a line for the terminal if there is something to say. */
export interface HttpResponse {
  status: number
  headers?: Record<string, string>
  body: string
  /** One line, safe to print. */
  remark?: string
}

/** A refusal in plain text, for what is not an OTLP request at all. */
export function plain(status: number, sentence: string, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: `${sentence}\n`,
    remark: `${status}: ${sentence}`,
  }
}

/**
 * A refusal as a `google.rpc.Status` in JSON, with status 400 by default. Code 3 is INVALID_ARGUMENT. `short` is for the
 * terminal.
 *
 * Source: OTLP specification, "Failures" of OTLP/HTTP.
 */
export function refusal(
  sentence: string,
  { status = 400, short = sentence }: { status?: number; short?: string } = {},
): HttpResponse {
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
export function success(warning?: string, short: string | undefined = warning): HttpResponse {
  const partialSuccess = warning ? { rejectedDataPoints: '0', errorMessage: warning } : {}
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ partialSuccess }),
    ...(warning && { remark: `warning: ${short}` }),
  }
}

/** What is wrong with a request's head; undefined if its body should be read. */
export function refuseHead(
  method = '',
  url = '',
  headers: IncomingHttpHeaders = {},
): HttpResponse | undefined {
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
