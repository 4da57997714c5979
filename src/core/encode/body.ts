import { WINDOWS } from '../node.ts'
import { alive, announce, beginning, claim, commit, type Sending, settleQuietly } from '../tally/sending.ts'
import { list, readAll, type Tallied } from '../tally/stream.ts'
import { startOf, timeOf } from '../tally/tally.ts'
import type { Point } from './metrics.ts'

/** A body, and the note of it where it begins a series. */
export interface Body {
  text: string
  note?: string | undefined
}

/** What becomes of a series in a body. */
interface Item {
  tallied: Tallied
  points: Point[]
  /** Its beginning, where it has not begun: claimed by this body, or by another on which this one relies. */
  claimed?: string
  relied?: string
}

type Encode = (points: readonly Point[]) => string

/** The helper gets it in one environment variable: of at most 32,767 characters on Windows, of 128 KiB on Linux. */
const MAX_BODY = WINDOWS ? 20_000 : 60_000
/** A zero that is older would not be accepted: receivers have seen later times by then. */
const MAX_ZERO_AGE_MS = 5 * 60_000
/** How often another process may be faster in claiming, until this one sends only what has begun. */
const ROUNDS = 4

/**
 * The body with every series of a stream, all at one time; undefined where there are none that may be sent. A series
 * that has not begun gets its point of zero: before its first mark, or where that is long ago, just before its point.
 * `tally/sending.ts` says when that is safe; the order of the steps here is that of its argument.
 */
export function bodyOf(
  folder: string,
  now: number,
  own: ReadonlyMap<string, unknown>,
  allowed: (tallied: Tallied) => boolean,
  encode: Encode,
): Body | undefined {
  let sending: Sending | undefined
  for (let round = 0; ; round++) {
    const listing = list(folder)
    const all = readAll(folder, listing, now).filter(allowed)
    const { time, nanos } = timeOf(all)
    const open = all.some(one => !listing.files.has(beginning(one.path, startOf(one))))
    if (open && !sending && round < ROUNDS) {
      sending = announce(folder, now)
      continue
    }
    const others = sending ? alive(folder, listing.notes, sending.note, now) : []
    if (others.length + 1 < listing.notes.length) continue // one was settled: its series have begun now

    const items: Item[] = []
    for (const tallied of inTurn(all, own)) {
      const start = startOf(tallied)
      const beginningOf = beginning(tallied.path, start)
      const item: Item = {
        tallied,
        points: [{ ...tallied.series, start, time, nanos, value: tallied.count }],
      }
      if (!listing.files.has(beginningOf)) {
        const young = now - start < MAX_ZERO_AGE_MS
        if (!sending || round >= ROUNDS) continue
        if (listing.files.has(`${beginningOf}-`) && !sending.claimed.includes(beginningOf))
          item.relied = beginningOf
        else if (young || !others.length) {
          item.claimed = beginningOf
          item.points.unshift({ ...tallied.series, start, time: young ? start + 1 : time - 1, value: 0 })
        } else continue // a body that is under way may still be accepted: it is in the next one
      }
      items.push(item)
    }
    const text = encodeWhatFits(items, encode)
    if (!sending) return text === undefined ? undefined : { text }
    if (!claimAll(folder, items, sending)) continue
    sending.relied = items.flatMap(({ relied }) => relied ?? [])
    commit(sending)
    if (text !== undefined) return { text, note: sending.note }
    settleQuietly(sending.note, true)
    return undefined
  }
}

/** Only what is in the body is claimed. False where another process was faster: its zero may be later than our point. */
function claimAll(folder: string, items: readonly Item[], sending: Sending): boolean {
  let all = true
  for (const { claimed } of items) {
    if (!claimed || sending.claimed.includes(claimed)) continue
    if (claim(folder, claimed)) sending.claimed.push(claimed)
    else all = false
  }
  return all
}

/**
 * This process's own series first, then the others from another one each time: where not everything fits into a body,
 * all are carried in turn. A step of the golden ratio spreads the beginnings evenly, so that a few bodies carry all.
 */
function inTurn(all: readonly Tallied[], own: ReadonlyMap<string, unknown>): Tallied[] {
  const others = all.filter(({ path }) => !own.has(path))
  const total = all.reduce((sum, { count }) => sum + count, 0)
  const turn = Math.floor(((total * 0.618034) % 1) * others.length)
  return [...all.filter(({ path }) => own.has(path)), ...others.slice(turn), ...others.slice(0, turn)]
}

/** Removes from the end what does not fit, and encodes the rest; undefined where there is nothing. */
function encodeWhatFits(items: Item[], encode: Encode): string | undefined {
  while (items.length) {
    const text = encode(items.flatMap(({ points }) => points))
    if (text.length <= MAX_BODY || items.length === 1) return text
    items.length = Math.max(1, Math.floor((items.length * MAX_BODY) / (text.length + 1)))
  }
  return undefined
}
