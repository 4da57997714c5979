import { fs, SEP, WINDOWS } from '../node.ts'
import { announce, beginning, claim, commit, giveBack, settleDead } from '../tally/sending.ts'
import { list, readAll, type Tallied } from '../tally/stream.ts'
import { startOf, timeOf } from '../tally/tally.ts'
import { WRITTEN } from '../version.ts'
import type { Point } from './metrics.ts'

/** A body, and the note of it where it begins a series. */
export interface Body {
  text: string
  note?: string | undefined
}

/** A series with the points that the body carries for it. */
interface Item {
  points: Point[]
  /** Its beginning, where it has not begun: claimed by this body, or by another on which this one relies. */
  claimed?: string
  relied?: string
  /** Claimed with a zero just before its point. */
  late?: boolean
}

type Encode = (points: readonly Point[]) => string

/** The helper gets it in one environment variable: of at most 32,767 characters on Windows, of 128 KiB on Linux. */
const MAX_BODY = WINDOWS ? 20_000 : 60_000
/** A zero that is older would not be accepted: receivers have seen later times by then. */
const MAX_ZERO_AGE_MS = 5 * 60_000
/** How often another process may come in between, until this one sends only what has begun. */
const ROUNDS = 5

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
  // The clock is wrong: whatever it dates, a backend refuses, and the beginning of each series would be lost with it.
  if (now < WRITTEN) return undefined
  let note: string | undefined
  let claimed: string[] = []
  try {
    for (let round = 0; ; round++) {
      const listing = list(folder)
      const readings = readAll(folder, listing, now)
      // Also of what may not be sent any more, so that it never goes back.
      const { time, nanos } = timeOf(readings)
      const all = readings.filter(allowed)
      const open = readings.map(beginningOf).filter(series => !listing.files.has(series))
      if (round === ROUNDS) {
        leave(folder, note, claimed)
        note = undefined
      } else if (!note && all.some(one => open.includes(beginningOf(one)))) {
        note = announce(folder, now)
        continue
      }
      const others = note ? settleDead(folder, listing.notes, note, now, open) : []
      const items: Item[] = []
      let waiting = false
      for (const tallied of inTurn(all, own)) {
        const { series, count } = tallied
        const start = startOf(tallied)
        const begins = beginningOf(tallied)
        const item: Item = { points: [{ ...series, start, time, nanos, value: count }] }
        if (open.includes(begins)) {
          if (!note) continue
          const late = now - start >= MAX_ZERO_AGE_MS
          if (listing.files.has(`${begins}-`) && !claimed.includes(begins)) item.relied = begins
          else if (!late || !others.length) {
            Object.assign(item, { claimed: begins, late })
            item.points.unshift({ ...series, start, time: late ? time - 1 : start + 1, value: 0 })
          } else {
            waiting = true // a body that is under way may still be accepted: it is in the next one
            continue
          }
        }
        items.push(item)
      }
      // Of two that came at once, one lets the other pass.
      if (waiting && round + 1 < ROUNDS && others.every(other => note! < `${folder}${SEP}${other}`)) continue

      const text = encodeWhatFits(items, encode)
      if (!note) return text === undefined ? undefined : { text }
      const claims = items.flatMap(one => one.claimed ?? []).sort()
      const relied = items.flatMap(one => one.relied ?? [])
      const late = items.flatMap(one => (one.late ? one.claimed! : []))
      if (!claims.length && !relied.length) {
        leave(folder, note, claimed)
        return text === undefined ? undefined : { text }
      }
      // Only what is in the body stays claimed.
      giveBack(
        folder,
        claimed.filter(series => !claims.includes(series)),
      )
      claimed = claimed.filter(series => claims.includes(series))
      const sent =
        claims.every(series => claimed.includes(series) || (claim(folder, series) && claimed.push(series))) &&
        (!late.length || isAlone(folder, note, late))
      if (sent && commit(note, { claimed, relied })) return { text: text!, note }
      // The zero of another may be later than our point by now, or ours later than the point of another. A zero before
      // the first mark is never too late, so such a claim stays.
      if (sent) note = undefined
      giveBack(
        folder,
        claimed.filter(series => !note || late.includes(series)),
      )
      claimed = claimed.filter(series => note && !late.includes(series))
    }
  } catch (error) {
    leave(folder, note, claimed)
    throw error
  }
}

const beginningOf = (tallied: Tallied) => beginning(tallied.path, startOf(tallied))

/** Nothing that has not begun is sent. */
function leave(folder: string, note: string | undefined, claimed: string[]): void {
  giveBack(folder, claimed.splice(0))
  if (note) fs.rmSync(note, { force: true })
}

/**
 * Looks once more, after the claims: true where no other body may be under way, and none was that began these series.
 */
function isAlone(folder: string, note: string, series: readonly string[]): boolean {
  const { notes, files } = list(folder)
  return notes.every(name => `${folder}${SEP}${name}` === note) && !series.some(one => files.has(one))
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
