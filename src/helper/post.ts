import type { Outcome } from '../core/deliver/job.ts'
import type { Request } from './sender.ts'

/**
 * The one POST by `fetch`, which goes through the user's proxy. Never rejects. Nothing is retried, because the next
 * command's body carries the total; no redirect is followed, because it would carry the headers to where nobody
 * configured them; no answer is read.
 */
export async function postByFetch(request: Request, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, body } = request
  const mayHaveLeft = watchSending()
  try {
    const response = await fetch(url, { method: 'POST', redirect: 'manual', headers, body, signal })
    // An answer that is left unread keeps its connection, and with it the process.
    await response.body?.cancel().catch(() => {})
    return judge(response.status, response.headers.get('content-type') ?? '')
  } catch (error) {
    const code = codeOf(error)
    request.left = mayHaveLeft ? mayHaveLeft() && code !== BAD_PORT : !NO_CONNECTION.test(code)
    return { what: request.left ? 'unknown' : 'refused', why: signal.aborted ? 'timeout' : code }
  }
}

/**
 * Answers whether anything may have left this process since, by the channels on which Node's `fetch` (undici) reports
 * it: if the request failed before there was a connection, nobody has received anything. Undefined in runtimes that have
 * no such channels; true where a version of undici no longer says anything on them.
 */
function watchSending(): (() => boolean) | undefined {
  if (process.versions.bun || process.versions.deno || !process.versions.undici) return undefined
  const { subscribe } = process.getBuiltinModule('node:diagnostics_channel')
  let created = false
  let left = false
  subscribe('undici:request:create', () => (created = true))
  for (const name of ['connected', 'sendHeaders']) subscribe(`undici:client:${name}`, () => (left = true))
  return () => left || !created
}

/** Error codes that mean "no connection". */
export const NO_CONNECTION: RegExp =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket|bad-port)$/
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
  const isDefinite = (status >= 300 && status < 400) || /^(40[1-7]|41[01345]|421|431|451)$/.test(why)
  return { what: isDefinite && !contentType.includes('json') ? 'refused' : 'unknown', why }
}
