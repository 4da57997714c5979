import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../terminal/printable.ts'
import { explain, quote, unreachable } from './explain.ts'
import type { Answer } from './http.ts'
import type { Transport } from './transport.ts'

/** What became of one request. */
export type Outcome =
  | { accepted: true }
  /** In words; `all` where the next request would fare no better. */
  | { accepted: false; why: string; all: boolean }

const TIMEOUT_MS = 30_000
const ATTEMPTS = 4
/** A server that wants more patience than this is asked again by the person. */
const MAX_PAUSE_MS = 30_000
/** Source: OTLP specification, "Retryable Response Codes". */
const RETRYABLE = [429, 502, 503, 504]

/** Sends one body, again after a pause where the server asks for that. Rejects only when `stop` aborts. */
export async function attempt(
  transport: Transport,
  url: string,
  headers: Record<string, string>,
  body: string,
  stop: AbortSignal,
): Promise<Outcome> {
  for (let left = ATTEMPTS - 1; ; left--) {
    const answer = await transport.request({ url, headers, body, timeoutMs: TIMEOUT_MS })
    stop.throwIfAborted()
    if (!('status' in answer)) return { accepted: false, why: unreachable(answer, TIMEOUT_MS), all: true }
    const pause = RETRYABLE.includes(answer.status) ? retryAfter(answer) : undefined
    if (pause === undefined || !left || pause > MAX_PAUSE_MS) return outcomeOf(answer)
    await sleep(pause || 1000 * 2 ** (ATTEMPTS - 1 - left), undefined, { signal: stop })
  }
}

function outcomeOf(answer: Answer): Outcome {
  const { status, text } = answer
  if (status >= 200 && status < 300) return partial(text)
  const why =
    status === 400
      ? '400: it refuses this one'
      : explain(answer, "Pass one with --header 'authorization: Bearer …'")
  // Of all refusals these two are about the body; the others are about who sends it, and where.
  return { accepted: false, why: `${why}${quote(answer)}`, all: status !== 400 && status !== 413 }
}

/** Seconds, or a date (RFC 9110, section 10.2.3), as ms from now; 0 where the server names none. */
function retryAfter({ retryAfter = '' }: Answer): number {
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now()
  return Math.max(0, ms || 0)
}

/** A success may have refused a part (OTLP specification, "Partial Success"). */
function partial(text: string): Outcome {
  try {
    const { rejectedDataPoints = 0, errorMessage = '' } = JSON.parse(text).partialSuccess
    if (Number(rejectedDataPoints) > 0) {
      const why = `${printable(String(rejectedDataPoints))} data points were refused: ${printable(String(errorMessage), 300)}`
      return { accepted: false, why, all: false }
    }
  } catch {
    // Some answer with nothing, or with a page. The status has said it.
  }
  return { accepted: true }
}
