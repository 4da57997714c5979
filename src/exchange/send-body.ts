import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../terminal/printable.ts'
import type { Client } from './client.ts'
import type { HttpResponse } from './http.ts'
import { bodyQuote, noResponseSentence, refusalSentence } from './sentences.ts'

/** What became of one body. */
export type SendResult =
  | { accepted: true }
  /** `why` is a sentence. `all`: the next body would fail for the same reason. */
  | { accepted: false; why: string; all: boolean }

const TIMEOUT_MS = 30_000
const ATTEMPTS = 4
/** If the server asks for a longer pause, the user decides. */
const MAX_PAUSE_MS = 30_000
/** Source: OTLP specification, "Retryable Response Codes". */
const RETRYABLE = [429, 502, 503, 504]

/** Sends a body, and again after a pause if the response allows that. Rejects only when `stop` aborts. */
export async function sendBody(
  client: Client,
  url: string,
  headers: Record<string, string>,
  body: string,
  stop: AbortSignal,
): Promise<SendResult> {
  for (let left = ATTEMPTS - 1; ; left--) {
    const response = await client.post({ url, headers, body, timeoutMs: TIMEOUT_MS })
    stop.throwIfAborted()
    if (!('status' in response))
      return { accepted: false, why: noResponseSentence(response, TIMEOUT_MS), all: true }
    const pause = RETRYABLE.includes(response.status) ? retryAfter(response) : undefined
    if (pause === undefined || !left || pause > MAX_PAUSE_MS) return resultOf(response)
    await sleep(pause || 1000 * 2 ** (ATTEMPTS - 1 - left), undefined, { signal: stop })
  }
}

function resultOf(response: HttpResponse): SendResult {
  const { status, text } = response
  if (status >= 200 && status < 300) return partialSuccess(text)
  const why =
    status === 400
      ? '400: it refuses this one'
      : refusalSentence(response, "Pass one with --header 'authorization: Bearer …'")
  // These two statuses are about the body. The others are about the sender or the endpoint.
  return { accepted: false, why: `${why}${bodyQuote(response)}`, all: status !== 400 && status !== 413 }
}

/** Seconds or a date (RFC 9110, section 10.2.3) as ms from now; 0 if there is none. */
function retryAfter({ retryAfter = '' }: HttpResponse): number {
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now()
  return Math.max(0, ms || 0)
}

/** A success may refuse some points (OTLP specification, "Partial Success"). */
function partialSuccess(text: string): SendResult {
  try {
    const { rejectedDataPoints = 0, errorMessage = '' } = JSON.parse(text).partialSuccess
    if (Number(rejectedDataPoints) > 0) {
      const why = `${printable(String(rejectedDataPoints))} data points were refused: ${printable(String(errorMessage), 300)}`
      return { accepted: false, why, all: false }
    }
  } catch {
    // Some servers respond with nothing, or with a page: the status is enough.
  }
  return { accepted: true }
}
