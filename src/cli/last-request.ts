import { isBusy } from '../helper/fold.ts'
import type { StoredLog } from './logs.ts'

/** What became of the last request. */
export interface LastRequest {
  /** `unknown`: it may have been stored. */
  result: 'taken' | 'refused' | 'unknown' | 'sending'
  /** The status, or the code of an error. */
  why: string
  /** In ms since 1970. */
  time: number
}

/** The last request of these logs; undefined if there was none. */
export function lastRequest(logs: readonly StoredLog[], now: number): LastRequest | undefined {
  const requests = logs.flatMap(({ fold }): LastRequest[] => {
    const { open, result } = fold
    // If nothing was recorded after a claim, its process is still running or was killed.
    if (open) return [{ result: isBusy(fold, now) ? 'sending' : 'unknown', why: 'ended', time: open.ms }]
    return result ? [{ result: result.what, why: result.why, time: result.ms }] : []
  })
  return requests.sort((a, b) => b.time - a.time)[0]
}

/** `taken 2 minutes ago (200)`, `refused: 404, 3 hours ago`, `not known: no answer in time, 1 minute ago`. */
export function requestText(request: LastRequest | undefined, now: number): string {
  if (!request) return 'none yet'
  const { result, why, time } = request
  const when = ago(time, now)
  if (result === 'sending') return 'on its way'
  if (result === 'taken') return `taken ${when} (${why})`
  const reason = reasons[why] ?? why
  return result === 'refused' ? `refused: ${reason}, ${when}` : `not known: ${reason}, ${when}`
}

/** Codes in words. The others are a status, or a code of the system. */
const reasons: Readonly<Record<string, string>> = {
  ended: 'the process that sent it was ended',
  'given-up': 'it was given up before it was sent',
  'bad-port': 'no client may use this port',
  timeout: 'no answer in time',
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'there is no such host (ENOTFOUND)',
  EAI_AGAIN: 'there is no such host, or no name server (EAI_AGAIN)',
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** `3 hours ago`. A time in the future is shown as it is. */
export function ago(time: number, now: number): string {
  const passed = now - time
  if (passed < -60_000) return `at ${new Date(time).toISOString()} (this clock is behind)`
  const [unit, ms] = UNITS.find(([, ms]) => passed >= ms) ?? ['', 0]
  if (!ms) return 'just now'
  const number = Math.floor(passed / ms)
  return `${number} ${unit}${number === 1 ? '' : 's'} ago`
}
