import { printable } from '../terminal/printable.ts'

/** What an answer that is no success means, and what to do about it. */
export function explain({ status, headers }: Response): string {
  const advice: Record<number, string> = {
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

/** The receiver's own words, below ours. */
export function quote(text: string): string {
  return text.trim() ? `\nIt says: ${printable(text.trim(), 300)}` : ''
}

/** What to do where there is no answer at all, after `timeoutMs` at the latest. */
export function unreachable(error: Error, timeoutMs: number): string {
  const { code = '', message } = (error.cause ?? error) as NodeJS.ErrnoException
  if (error.name === 'TimeoutError')
    return `no answer within ${timeoutMs / 1000} s: a firewall may drop the packets`
  if (code === 'ECONNREFUSED')
    return 'nobody listens there: is the Collector started, on this port, and not on its own loopback only?'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'there is no such host name (or no name server to ask)'
  if (/CERT|SSL|TLS|EPROTO|ERR_TLS|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(code))
    return `TLS fails: ${message} (${code})`
  return `it cannot be reached: ${message}${code ? ` (${code})` : ''}`
}
