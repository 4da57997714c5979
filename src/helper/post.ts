/** One request, as it goes out. */
export interface Request {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  signal: AbortSignal
}

/**
 * The one POST. Resolves when it was answered or given up, with true where it is certain that nothing was taken; never
 * rejects. Nothing is retried, because the next command's body carries the total; no redirect is followed, because it
 * would carry the headers to where nobody configured them; no answer is read.
 *
 * `watched`: finds out whether the request may have left this machine. Only a body that begins series needs that.
 */
export async function post({ url, ...request }: Request, watched: boolean): Promise<boolean> {
  const left = watched ? watchSending() : undefined
  try {
    const response = await fetch(url, { method: 'POST', redirect: 'manual', ...request })
    // An answer that is left unread keeps its connection, and with it the process.
    await response.body?.cancel().catch(() => {})
    return takesNothing(response.status, response.headers.get('content-type') ?? '')
  } catch (error) {
    // Whatever it was, the person who ran a command is not the one to mend it. `otlp-tally check` explains.
    return left ? !left() : NO_CONNECTION.test(codeOf(error))
  }
}

/**
 * Answers whether anything may have left this process since, by the channels on which Node's `fetch` (undici) tells it:
 * if the request failed before there was a connection, nobody has received anything. Undefined in runtimes that have no such
 * channels, and true where a version of undici no longer says anything on them.
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

/** Error codes that mean "no connection" in other runtimes. */
const NO_CONNECTION =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket)$/

function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return `${cause?.code ?? code}`
}

/**
 * True for an answer that is only given where nothing of the request was stored: it was redirected, or refused before
 * it was read. Not so 400, 408, 409, 422 and 429, with which Prometheus, Cortex and Thanos refuse one point and store
 * the others, and no 5xx, since a proxy gives them also for a server that has answered too late. A Collector without
 * queues hands on the 401, 403 or 404 of one backend although another has stored everything, but it does so in JSON.
 * docs/exactness.md has them all.
 */
function takesNothing(status: number, contentType: string): boolean {
  if (contentType.includes('json')) return false
  return (status >= 300 && status < 400) || /^(40[1-7]|41[01345]|421|431|451)$/.test(`${status}`)
}
