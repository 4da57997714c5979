import type { Outcome } from '../core/deliver/job.ts'
import { type Request, unanswered } from './step.ts'

/**
 * The one POST by `fetch`, which goes through the user's proxy. Never rejects. Retries nothing, because the next
 * command's body carries the total. Follows no redirect, because it could carry the headers to another server. Reads no
 * answer.
 */
export async function postByFetch(request: Request, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, body } = request
  if (signal.aborted) return { what: 'refused', why: 'timeout' }
  // Until a channel says otherwise, it may be sent: if this process is ended now, that is what it records.
  request.sent = true
  const isWatched = watchSending(request)
  try {
    const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body, signal })
    // An answer that is left unread keeps its connection, and with it the process.
    await response.body?.cancel().catch(() => {})
    return judge(response.status, response.headers.get('content-type') ?? '')
  } catch (error) {
    const code = codeOf(error)
    if (code === BAD_PORT || (!isWatched && NO_CONNECTION.test(code))) request.sent = false
    return unanswered(request, signal.aborted ? 'timeout' : code)
  }
}

/**
 * Keeps `sent` up to date by the channels on which Node's `fetch` (undici) reports: before there is a connection,
 * nobody has received anything. Returns false in runtimes without such channels. If some version of undici reports
 * nothing on them, `sent` stays true.
 */
function watchSending(request: Request): boolean {
  if (process.versions.bun || process.versions.deno || !process.versions.undici) return false
  const { subscribe } = process.getBuiltinModule('node:diagnostics_channel')
  subscribe('undici:request:create', () => (request.sent = false))
  for (const name of ['connected', 'sendHeaders'])
    subscribe(`undici:client:${name}`, () => (request.sent = true))
  return true
}

/** Error codes that mean "no connection". */
const NO_CONNECTION =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket)$/
/** A port that `fetch` refuses to use (Fetch standard, "port blocking"). */
const BAD_PORT = 'bad-port'

function codeOf(error: unknown): string {
  const { code, name, cause } = error as {
    code?: unknown
    name?: string
    cause?: { code?: string; message?: string }
  }
  if (cause?.message === 'bad port') return BAD_PORT
  return `${cause?.code ?? (typeof code === 'string' ? code : name)}`
}

/**
 * What an answer says of the request. 2xx: all of it was taken. It is certain that nothing was stored only if the
 * request was redirected, or refused before it was read. That is not certain after 400, 408, 409, 422 and 429, with
 * which Prometheus, Cortex and Thanos refuse one point and store the others, nor after 5xx, with which a proxy also
 * answers for a server that is too slow. A Collector without queues passes on the 401, 403 or 404 of one backend
 * although another has stored everything, but it does so in JSON. docs/exactness.md has them all.
 */
export function judge(status: number, contentType: string): Outcome {
  const why = `${status}`
  if (status >= 200 && status < 300) return { what: 'taken', why }
  const isDefinite = (status >= 300 && status < 400) || /^(40[1-6]|41[01345]|421|431|451)$/.test(why)
  return { what: isDefinite && !contentType.includes('json') ? 'refused' : 'unknown', why }
}
