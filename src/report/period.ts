import type { History } from './history.ts'

/** Which days the numbers are of. All days are whole, but where there is only the day that is not over. */
export interface Period {
  days: number
  /** The first day, and the one after the last. */
  from: number
  to: number
  /** The first of as many days before them; undefined where counting does not go back before that day. */
  before: number | undefined
  /** The first of up to 84 days before `from`: what was usual. */
  past: number
  /** It is the day that is not over. */
  unfinished: boolean
  steps: Steps
}

/** What trends are drawn in, the first day of each: whole weeks that end with the last whole day, or days. */
export interface Steps {
  days: 1 | 7
  starts: readonly number[]
}

/** What a report's numbers are of, if nobody asks for more or fewer. */
export const DEFAULT_DAYS = 30
/** What is usual shows in so many days, and trends in as many, but where all is asked for. */
const PAST = 84
/** Nobody compares more weeks than two years have. */
const MAX_WEEKS = 104
/** Less than these is drawn as days. */
const MIN_WEEKS = 4

/** The last `days` whole days of a history, or all. */
export function periodOf({ today, since }: History, days: number | 'all'): Period {
  const unfinished = since === today
  const to = unfinished ? today + 1 : today
  const length = unfinished ? 1 : days === 'all' ? to - since : days
  const from = to - length
  return {
    ...{ days: length, from, to, unfinished },
    // The first day of all may have begun uncounted, so it is not compared with.
    before: days !== 'all' && since < from - length ? from - length : undefined,
    past: Math.max(since, from - PAST),
    steps: stepsOf(since, to, days === 'all' ? MAX_WEEKS : PAST / 7),
  }
}

function stepsOf(since: number, to: number, most: number): Steps {
  // The first day may have begun uncounted: a week with it would look like a rise.
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
