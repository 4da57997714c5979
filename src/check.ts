import { printable } from './listen/printable.ts'
import { metricsUrl } from './otlp/endpoint.ts'

const TIMEOUT_MS = 10_000

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
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"resourceMetrics":[]}',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = (await response.text()).slice(0, 65_536)
    return [response.ok, response.ok ? success(response.status, text) : `${explain(response)}${quote(text)}`]
  } catch (error) {
    return [false, unreachable(error as Error)]
  }
}

function success(status: number, text: string): string {
  const warning = /"errorMessage"\s*:\s*"((?:[^"\\]|\\.)+)"/.exec(text)?.[1]
  return `${status}: it takes OTLP/JSON metrics${warning ? `, and remarks: ${printable(warning, 300)}` : ''}`
}

/** What to do about a status. */
function explain({ status, headers }: Response): string {
  const advice: Record<number, string> = {
    400: 'it did not understand an empty export: is it an OTLP receiver?',
    401: "it wants to know who you are: pass its token with --header 'authorization: Bearer …'",
    403: 'it knows you and does not let you: the token lacks the right to write metrics',
    404: 'nothing is at this path. The endpoint is a base URL: for Prometheus it ends in /api/v1/otlp, for Grafana Cloud in /otlp',
    405: 'there is something else than an OTLP receiver at this path: it does not take POST',
    413: 'a proxy before it lets only smaller bodies through',
    415: 'it does not take JSON (VictoriaMetrics takes protobuf only): put a Collector before it',
    429: 'it is there, and you have sent too much to it: try again later',
  }
  if (status >= 300 && status < 400) {
    const target = headers.get('location')
    return `${status}: it redirects${target ? ` to ${printable(target, 200)}` : ''}, which telemetry does not follow: use the target as the endpoint`
  }
  if (status >= 500) return `${status}: it is there, and fails: look into its log`
  return `${status}: ${advice[status] ?? 'it refuses the export'}`
}

function quote(text: string): string {
  return text.trim() ? `\nIt says: ${printable(text.trim(), 300)}` : ''
}

/** What to do where there is no answer at all. */
function unreachable(error: Error): string {
  const { code = '', message } = (error.cause ?? error) as NodeJS.ErrnoException
  if (error.name === 'TimeoutError')
    return `no answer within ${TIMEOUT_MS / 1000} s: a firewall may drop the packets`
  if (code === 'ECONNREFUSED')
    return 'nobody listens there: is the Collector started, on this port, and not on its own loopback only?'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'there is no such host name (or no name server to ask)'
  if (/CERT|SSL|TLS|EPROTO|ERR_TLS|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(code))
    return `TLS fails: ${message} (${code})`
  return `it cannot be reached: ${message}${code ? ` (${code})` : ''}`
}
