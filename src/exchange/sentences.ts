import { printable } from '../terminal/printable.ts'
import type { HttpResponse, NoResponse } from './http.ts'

/** What the status of a refusal means, and what to do about it. */
const advice: Record<number, string> = {
  401: 'it wants to know who you are: a token is missing or wrong',
  403: 'it knows you and does not let you: the token lacks the right to write metrics',
  404: 'nothing is at this path. The endpoint is a base URL: for Prometheus it ends in /api/v1/otlp, for Grafana Cloud in /otlp',
  405: 'at this path is something other than an OTLP receiver: it does not accept POST',
  407: 'the proxy wants to know who you are: put user:password@ in front of its host',
  413: 'a proxy in front of it accepts only smaller bodies',
  415: 'it does not accept JSON (VictoriaMetrics accepts only protobuf): put a Collector in front of it',
  429: 'it is there, and you have sent too much to it: try again later',
}

/** What a refusal means. `token` says how to set a token. */
export function refusalSentence({ status, location }: HttpResponse, token: string): string {
  if (status >= 300 && status < 400)
    return `${status}: it redirects${location ? ` to ${printable(location, 200)}` : ''}, which telemetry does not follow: use the target as the endpoint`
  if (status >= 500) return `${status}: it is there, and fails: look into its log`
  const sentence = advice[status] ?? 'it refuses the export'
  return `${status}: ${sentence}${status === 401 ? `. ${token}` : ''}`
}

/** The body of the response, on a line of its own. */
export function bodyQuote({ text }: HttpResponse): string {
  return text.trim() ? `\nIt says: ${printable(text.trim(), 300)}` : ''
}

/** Why there was no response, and what to do. */
export function noResponseSentence({ code, message }: NoResponse, timeoutMs: number): string {
  if (code === 'TIMEOUT')
    return `no answer within ${timeoutMs / 1000} s: a firewall may drop the packets, or it accepts connections and does not answer`
  if (message === 'bad port')
    return 'no client may use this port: it is one of those that `fetch` blocks. Use another port'
  if (code === 'ECONNREFUSED')
    return 'nothing listens there: is it started, and on this port? In a container it must listen on 0.0.0.0, not on 127.0.0.1'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'there is no such host name (or no name server to ask)'
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO|HTTP_REQUEST/.test(`${code} ${message}`))
    return 'TLS fails: this port does not speak it. Is it http:// instead of https://?'
  if (/CERT|SSL|TLS|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(code))
    return `TLS fails: ${oneLine(message)} (${code})`
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET')
    return 'the connection was closed without an answer: is it an HTTP server, or one that wants https://?'
  return `it cannot be reached: ${oneLine(message)}${code ? ` (${code})` : ''}`
}

/** OpenSSL's messages have several lines, with the names of its source files. */
function oneLine(message: string): string {
  return printable((message.split('\n')[0] ?? '').replace(/^[0-9A-F]+:error:[^:]*:[^:]*:/, ''), 200)
}

/** Why a text is not an endpoint, and what to write instead. */
export function endpointSentence(endpoint: string): string {
  // JavaScript can pass anything as the option.
  if (typeof endpoint !== 'string') return 'the endpoint is not a text'
  // Up to the last `@`: a password may contain one, and any other character.
  const shown = printable(endpoint.replace(/^(\s*\w+:[\\/]*)?.*@/s, '$1…@'))
  if (/^\s*(https?:)?[\\/]*.*@/is.test(endpoint))
    return `${shown}: a user name or password in the URL is not sent; pass it in a header instead`
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint)) return `${shown} is not an http(s) URL`
  if (/^[\w.-]+(:\d+)?(\/|$)|^\[[0-9a-f:]+\]/i.test(endpoint))
    return `${shown} is not a URL: put http:// or https:// in front of it`
  return `${shown} is not an http(s) URL`
}
