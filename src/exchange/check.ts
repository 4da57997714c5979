import { metricsUrl } from '../core/encode/endpoint.ts'
import { printable } from '../terminal/printable.ts'
import { exchange } from './exchange.ts'
import { explain, quote, unreachable } from './explain.ts'

const TIMEOUT_MS = 10_000
const EMPTY_EXPORT = '{"resourceMetrics":[]}'

/**
 * `otlp-tally check URL`: sends one empty export, which a receiver must take as a success (OTLP specification, "OTLP/HTTP
 * Response"), and explains the answer. Returns the exit code: 0 where it was taken, 1 where not, 2 for no URL.
 */
export async function check(endpoint: string, headers: Record<string, string>): Promise<number> {
  const url = metricsUrl(endpoint)
  if (!url) {
    process.stderr.write(
      `otlp-tally check: ${printable(endpoint)} is not an http(s) URL without user name and password\n`,
    )
    return 2
  }
  const [taken, sentence] = await ask(url, headers)
  process.stdout.write(`${url}\n${sentence}\n`)
  return taken ? 0 : 1
}

async function ask(
  url: string,
  headers: Record<string, string>,
): Promise<[taken: boolean, sentence: string]> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const { response, text } = await exchange(url, headers, EMPTY_EXPORT, signal)
    if (response.ok) return [true, success(response.status, text)]
    if (response.status === 400)
      return [false, `400: it did not understand an empty export: is it an OTLP receiver?${quote(text)}`]
    return [false, `${explain(response)}${quote(text)}`]
  } catch (error) {
    return [false, unreachable(error as Error, TIMEOUT_MS)]
  }
}

function success(status: number, text: string): string {
  const warning = /"errorMessage"\s*:\s*"((?:[^"\\]|\\.)+)"/.exec(text)?.[1]
  return `${status}: it takes OTLP/JSON metrics${warning ? `, and remarks: ${printable(warning, 300)}` : ''}`
}
