import type { Outcome } from '../core/deliver/job.ts'
import type { Request } from './step.ts'

/**
 * The one POST by `fetch`, which goes through the user's proxy. Never rejects. Nothing is retried, because the next
 * command's body carries the total; no redirect is followed, because it would carry the headers to where nobody
 * configured them; no answer is read.
 */
export async function postByFetch(request: Request, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, body } = request
  if (signal.aborted) return { what: 'refused', why: 'timeout' }
  // Until a channel says otherwise, it may have left: this process can be ended at any time.
  request.mayHaveLeft = true
  const isWatched = watchSending(request)
  try {
    const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body, signal })
    // An answer that is left unread keeps its connection, and with it the process.
    await response.body?.cancel().catch(() => {})
    return judge(response.status, response.headers.get('content-type') ?? '')
  } catch (error) {
    const code = codeOf(error)
    if (code === BAD_PORT || (!isWatched && NO_CONNECTION.test(code))) request.mayHaveLeft = false
    return { what: request.mayHaveLeft ? 'unknown' : 'refused', why: signal.aborted ? 'timeout' : code }
  }
}

/**
 * Keeps `left` true to what is known, by the channels on which Node's `fetch` (undici) reports: as long as there is no
 * connection, nobody has received anything. False in runtimes that have no such channels; where a version of undici no
 * longer says anything on them, a request counts as one that has left.
 */
function watchSending(request: Request): boolean {
  if (process.versions.bun || process.versions.deno || !process.versions.undici) return false
  const { subscribe } = process.getBuiltinModule('node:diagnostics_channel')
  subscribe('undici:request:create', () => (request.mayHaveLeft = false))
  for (const name of ['connected', 'sendHeaders'])
    subscribe(`undici:client:${name}`, () => (request.mayHaveLeft = true))
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
 * What an answer says of the request. 2xx: all of it was taken. It is certain that nothing was stored only where the
 * request was redirected, or refused before it was read. Not so 400, 408, 409, 422 and 429, with which Prometheus, Cortex
 * and Thanos refuse one point and store the others, and no 5xx, since a proxy gives them also for a server that has
 * answered too late. A Collector without queues hands on the 401, 403 or 404 of one backend although another has stored
 * everything, but it does so in JSON. docs/exactness.md has them all.
 */
export function judge(status: number, contentType: string): Outcome {
  const why = `${status}`
  if (status >= 200 && status < 300) return { what: 'taken', why }
  const isDefinite = (status >= 300 && status < 400) || /^(40[1-6]|41[01345]|421|431|451)$/.test(why)
  return { what: isDefinite && !contentType.includes('json') ? 'refused' : 'unknown', why }
}
