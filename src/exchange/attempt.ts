import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../terminal/printable.ts'
import { exchange } from './exchange.ts'
import { explain, quote, unreachable } from './explain.ts'

/** What became of one request. */
export type Outcome =
  | { taken: true }
  /** In words; `all` where the next request would fare no better. */
  | { taken: false; why: string; all: boolean }

const TIMEOUT_MS = 30_000
const ATTEMPTS = 4
/** A server that wants more patience than this is asked again by the person. */
const MAX_PAUSE_MS = 30_000
/** Source: OTLP specification, "Retryable Response Codes". */
const RETRYABLE = [429, 502, 503, 504]

/** Sends one body, again after a pause where the server asks for that. Rejects only when `stop` aborts. */
export async function attempt(
  url: string,
  headers: Record<string, string>,
  body: string,
  stop: AbortSignal,
): Promise<Outcome> {
  for (let left = ATTEMPTS - 1; ; left--) {
    const { outcome, pause } = await once(url, headers, body, stop)
    if (pause === undefined || !left || pause > MAX_PAUSE_MS) return outcome
    await sleep(pause || 1000 * 2 ** (ATTEMPTS - 1 - left), undefined, { signal: stop })
  }
}

/** `pause` in ms, 0 where the server named none; undefined where another attempt is of no use. */
async function once(
  url: string,
  headers: Record<string, string>,
  body: string,
  stop: AbortSignal,
): Promise<{ outcome: Outcome; pause?: number }> {
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)])
    const { response, text } = await exchange(url, headers, body, signal)
    if (response.ok) return { outcome: partial(text) }
    // Of all refusals these two are about the body; the others are about who sends it, and where.
    const ofThisBody = response.status === 400 || response.status === 413
    const sentence = response.status === 400 ? '400: it refuses this one' : explain(response)
    const outcome = { taken: false as const, why: `${sentence}${quote(text)}`, all: !ofThisBody }
    return RETRYABLE.includes(response.status) ? { outcome, pause: retryAfter(response) } : { outcome }
  } catch (error) {
    stop.throwIfAborted()
    return { outcome: { taken: false, why: unreachable(error as Error, TIMEOUT_MS), all: true } }
  }
}

/** Seconds, or a date (RFC 9110, section 10.2.3), as ms from now. */
function retryAfter({ headers }: Response): number {
  const value = headers.get('retry-after') ?? ''
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Math.max(0, ms || 0)
}

/** A success may have refused a part (OTLP specification, "Partial Success"). */
function partial(text: string): Outcome {
  try {
    const { rejectedDataPoints = 0, errorMessage = '' } = JSON.parse(text).partialSuccess
    if (Number(rejectedDataPoints) > 0)
      return {
        taken: false,
        why: `${printable(String(rejectedDataPoints))} data points were refused: ${printable(String(errorMessage), 300)}`,
        all: false,
      }
  } catch {
    // Some answer with nothing, or with a page. The status has said it.
  }
  return { taken: true }
}
