import type { Environment } from '../core/decide/folders.ts'
import { printable } from '../terminal/printable.ts'
import { explain, quote, unreachable } from './explain.ts'
import type { Answer } from './http.ts'
import { wayTo } from './proxy.ts'
import { openTransport } from './transport.ts'

const TIMEOUT_MS = 10_000
const EMPTY_EXPORT = '{"resourceMetrics":[]}'

/** What became of an empty export, which a receiver must accept (OTLP specification, "OTLP/HTTP Response"). */
export interface Check {
  accepted: boolean
  /** Lines for a person: the way, where it is not the direct one, and what the answer means. */
  lines: string[]
}

/** Sends one empty export as a helper sends, and explains the answer. `token` says how one is passed. */
export async function checkUrl(
  url: string,
  headers: Readonly<Record<string, string>>,
  env: Environment,
  token: string,
): Promise<Check> {
  const way = wayTo(url, env)
  const transport = openTransport(url)
  try {
    const answer = await transport.request({ url, headers, body: EMPTY_EXPORT, timeoutMs: TIMEOUT_MS })
    const [accepted, sentence] =
      'status' in answer ? judge(answer, token) : [false, unreachable(answer, TIMEOUT_MS)]
    return { accepted, lines: [...(way ? [way] : []), sentence] }
  } finally {
    transport.close()
  }
}

function judge(answer: Answer, token: string): [accepted: boolean, sentence: string] {
  const { status, text, contentType } = answer
  if (status === 400)
    return [false, `400: it did not understand an empty export: is it an OTLP receiver?${quote(answer)}`]
  if (status < 200 || status > 299) return [false, `${explain(answer, token)}${quote(answer)}`]
  // Prometheus accepts with an answer that is empty. The specification wants an object.
  if (text.trim() === '') return [true, `${status}: it accepts OTLP/JSON metrics, with an empty answer`]
  const remark = remarkOf(text)
  if (remark === undefined) return [false, `${status}, but it answers ${kindOf(contentType, text)}`]
  return [
    true,
    `${status}: it accepts OTLP/JSON metrics${remark && `, and remarks: ${printable(remark, 300)}`}`,
  ]
}

/** The remark in an answer that an OTLP receiver gives; undefined where it is something else. */
function remarkOf(text: string): string | undefined {
  try {
    const answer = JSON.parse(text)
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined
    return `${answer.partialSuccess?.errorMessage ?? ''}`
  } catch {
    return undefined // no JSON
  }
}

function kindOf(contentType: string, text: string): string {
  if (/html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(text)) return 'HTML: a web site?'
  const [type = ''] = contentType.split(';')
  return `${type ? printable(type) : 'something'} that is not OTLP/JSON: is it an OTLP receiver?`
}
