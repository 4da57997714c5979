import { TAIL_BYTES } from './record.ts'

/**
 * Every command starts a helper, except in two cases. With `intervalMs`, there is at most one request in this time. In
 * a burst, when the whole tail of a log is younger than 15 s, there is one request per second, which carries all that
 * was counted: only the first command after a claim starts a helper, and that helper waits until the second is over.
 */
const BURST_MS = 15_000
export const BURST_PAUSE_MS = 1000

/**
 * The time, in ms since 1970, before which no request is due; 0 where one is due now. `tail` is what `readTail`
 * returns. `claimed` is the time of the last claim; by default the one that the tail shows.
 */
export function heldUntil(
  tail: string,
  now: number,
  intervalMs: number,
  claimed: number = lastClaim(tail),
): number {
  // A claim in the future: a clock was wrong, so its time says nothing.
  if (!tail || claimed > now) return 0
  const pause = Math.max(intervalMs, isBurst(tail, now) ? BURST_PAUSE_MS : 0)
  return claimed + pause > now ? claimed + pause : 0
}

/** True if this record is the first mark after the last claim in the tail. Marks begin with a letter. */
export function isFirstAfterClaim(tail: string, record: string): boolean {
  const claim = tail.lastIndexOf('\n!send ')
  const [first] = /\n[A-Za-z].*/.exec(tail.slice(claim + 1)) ?? []
  return claim >= 0 && first === `\n${record}`
}

/** The time of the last claim in the tail; 0 where there is none. */
function lastClaim(tail: string): number {
  const at = Math.max(tail.lastIndexOf('\n!send '), tail.lastIndexOf('\n!last '))
  const end = tail.indexOf('\n', at + 1)
  return at < 0 ? 0 : timeAt(tail, end < 0 ? tail.length : end)
}

function isBurst(tail: string, now: number): boolean {
  // The tail may begin inside a record, so the oldest whole one stands between its first two newlines.
  const start = tail.indexOf('\n')
  const end = tail.indexOf('\n', start + 1)
  const oldest = timeAt(tail, end < 0 ? tail.length : end)
  return tail.length >= TAIL_BYTES && oldest > now - BURST_MS && oldest <= now
}

/** The time with which a record ends at this place; 0 where there is none. */
function timeAt(text: string, end: number): number {
  return Number(text.slice(Math.max(0, end - 13), end)) || 0
}
