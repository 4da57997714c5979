import type { Environment } from '../core/decide/folders.ts'
import { printable } from '../terminal/printable.ts'
import { openClient } from './client.ts'
import type { HttpResponse } from './http.ts'
import { proxySentence } from './proxy.ts'
import { bodyQuote, noResponseSentence, refusalSentence } from './sentences.ts'

const TIMEOUT_MS = 10_000
const EMPTY_EXPORT = '{"resourceMetrics":[]}'

/** The result of an empty export, which a receiver must accept (OTLP specification, "OTLP/HTTP Response"). */
export interface CheckResult {
  accepted: boolean
  /** For a person: the proxy, if there is one, and what the response means. */
  lines: string[]
}

/** Sends an empty export as a helper would, and explains the response. `token` says how to set a token. */
export async function checkUrl(
  url: string,
  headers: Readonly<Record<string, string>>,
  env: Environment,
  token: string,
): Promise<CheckResult> {
  const proxy = proxySentence(url, env)
  const client = openClient(url)
  try {
    const response = await client.post({ url, headers, body: EMPTY_EXPORT, timeoutMs: TIMEOUT_MS })
    const [accepted, sentence] =
      'status' in response ? judge(response, token) : [false, noResponseSentence(response, TIMEOUT_MS)]
    return { accepted, lines: [...(proxy ? [proxy] : []), sentence] }
  } finally {
    client.close()
  }
}

function judge(response: HttpResponse, token: string): [accepted: boolean, sentence: string] {
  const { status, text, contentType } = response
  if (status === 400)
    return [
      false,
      `400: it did not understand an empty export: is it an OTLP receiver?${bodyQuote(response)}`,
    ]
  if (status < 200 || status > 299)
    return [false, `${refusalSentence(response, token)}${bodyQuote(response)}`]
  // Prometheus responds with an empty body. The specification requires an object.
  if (text.trim() === '') return [true, `${status}: it accepts OTLP/JSON metrics, with an empty answer`]
  const remark = remarkOf(text)
  if (remark === undefined) return [false, `${status}, but it answers ${kindOf(contentType, text)}`]
  return [
    true,
    `${status}: it accepts OTLP/JSON metrics${remark && `, and remarks: ${printable(remark, 300)}`}`,
  ]
}

/** The remark in the response of an OTLP receiver, possibly empty; undefined for any other response. */
function remarkOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
    return `${body.partialSuccess?.errorMessage ?? ''}`
  } catch {
    return undefined // not JSON
  }
}

function kindOf(contentType: string, text: string): string {
  if (/html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(text)) return 'HTML: a web site?'
  const [type = ''] = contentType.split(';')
  return `${type ? printable(type) : 'something'} that is not OTLP/JSON: is it an OTLP receiver?`
}
