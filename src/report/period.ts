import { shortDay } from './days.ts'
import type { History } from './history.ts'

/** The days of the numbers. All are whole days, unless only today was counted. */
export interface Period {
  days: number
  /** The first day, and the one after the last. */
  from: number
  to: number
  /** The first of as many days before; undefined if counting began on that day or later. */
  before: number | undefined
  /** The first of up to 84 days before `from`, which show what is usual. */
  usualFrom: number
  /** The only day is today, which is not over. */
  unfinished: boolean
  steps: Steps
}

/** The steps of a trend: weeks that end with the last whole day, or days. */
export interface Steps {
  days: 1 | 7
  /** The first day of each. */
  starts: readonly number[]
}

export const DEFAULT_DAYS = 30
/** Of what is usual, and of trends, except in a report of all days. */
const USUAL_DAYS = 84
/** Two years. */
const MAX_WEEKS = 104
/** A shorter history is drawn in days. */
const MIN_WEEKS = 4

/** The last `days` whole days of a history, or all. */
export function periodOf({ today, since }: History, days: number | 'all'): Period {
  const unfinished = since === today
  const to = unfinished ? today + 1 : today
  const length = unfinished ? 1 : days === 'all' ? to - since : days
  const from = to - length
  return {
    ...{ days: length, from, to, unfinished },
    // Counting may have begun in the middle of its first day, so that day is not compared with.
    before: days !== 'all' && since < from - length ? from - length : undefined,
    usualFrom: Math.max(since, from - USUAL_DAYS),
    steps: stepsOf(since, to, days === 'all' ? MAX_WEEKS : USUAL_DAYS / 7),
  }
}

function stepsOf(since: number, to: number, most: number): Steps {
  // For the same reason no week includes the first day: its low count would look like a rise.
  const weeks = Math.min(most, Math.floor((to - since - 1) / 7))
  const days = weeks < MIN_WEEKS ? 1 : 7
  const length = days === 1 ? to - since : weeks
  return { days, starts: Array.from({ length }, (_, index) => to - days * (length - index)) }
}

/** Which of the steps a day is in; -1 before the first and after the last. */
export function stepOf({ days, starts }: Steps, day: number): number {
  const step = Math.floor((day - starts[0]!) / days)
  return step >= 0 && step < starts.length ? step : -1
}

/** `28 Oct – 26 Nov`, or the one day. */
export function daysText({ from, to, unfinished }: Period): string {
  if (unfinished) return shortDay(from, from)
  return to - from === 1 ? shortDay(from, to) : `${shortDay(from, to)} – ${shortDay(to - 1, to)}`
}
