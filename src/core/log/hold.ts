/**
 * Every command starts a helper, but for two cases: the tool asked for at most one request in `intervalMs`, or commands
 * follow each other so fast that the whole tail of the log is younger than 15 s. Then one request a second is enough:
 * each carries the totals. The first command after a claim starts a helper that waits for that second, so the last
 * command of a burst needs no successor.
 */
const BURST_MS = 15_000
export const BURST_PAUSE_MS = 1000

/**
 * Until when, in ms since 1970, nothing need be sent; 0 for now. `tail` is the end of a log: the last 4 KiB, or less
 * where the log is shorter. `last` is the time of the last claim; by default the one that the tail shows.
 */
export function heldUntil(
  tail: string,
  now: number,
  intervalMs: number,
  last: number = lastClaim(tail),
): number {
  // A time in the future is no time: a clock was wrong.
  if (!tail || last > now) return 0
  const pause = Math.max(intervalMs, isBurst(tail, now) ? BURST_PAUSE_MS : 0)
  return last + pause > now ? last + pause : 0
}

/** True if this record is the first mark behind the last claim that a tail shows. */
export function isFirstAfterClaim(tail: string, record: string): boolean {
  const claim = tail.lastIndexOf('\n!send ')
  const [first] = /\n[A-Za-z].*/.exec(tail.slice(claim + 1)) ?? []
  return claim >= 0 && first === `\n${record}`
}

/** The time of the last claim that a tail shows; 0 where it shows none. */
function lastClaim(tail: string): number {
  const at = Math.max(tail.lastIndexOf('\n!send '), tail.lastIndexOf('\n!last '))
  const end = tail.indexOf('\n', at + 1)
  return at < 0 ? 0 : timeAt(tail, end < 0 ? tail.length : end)
}

function isBurst(tail: string, now: number): boolean {
  // Its first line may be cut off; the one after it is the oldest that is whole.
  const first = tail.indexOf('\n')
  const second = tail.indexOf('\n', first + 1)
  const oldest = timeAt(tail, second < 0 ? tail.length : second)
  return tail.length >= 4000 && oldest > now - BURST_MS && oldest <= now
}

/** The time with which a record ends at this place; 0 where there is none. */
function timeAt(text: string, end: number): number {
  return Number(text.slice(Math.max(0, end - 13), end)) || 0
}
