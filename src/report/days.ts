export interface Day {
  /** Its first moment, local time, in ms since 1970. */
  start: number
  count: number
}

/** The local days of a period that ends with the day of `now`. */
export function lastDays(now: number, days: number): Day[] {
  const today = new Date(now)
  // By the calendar, not by 24 hours: two days of a year have 23 and 25.
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - index))
    return { start: day.getTime(), count: 0 }
  })
}

/** When the last `days` days began, and the days before them. */
export function startsOf(now: number, days: number): [start: number, earlier: number] {
  return [lastDays(now, days)[0]!.start, lastDays(now, 2 * days)[0]!.start]
}

/** Which of the days a time is in. The time must not be outside of them. */
export function dayIndex(calendar: readonly Day[], time: number): number {
  // A day has about 24 hours, so this is at most one off.
  const guess = Math.min(Math.floor((time - calendar[0]!.start) / 86_400_000), calendar.length - 1)
  if (time < calendar[guess]!.start) return guess - 1
  return guess + 1 < calendar.length && time >= calendar[guess + 1]!.start ? guess + 1 : guess
}

/** How many local days before the day of `now` a time is: 0 for the same day. */
export function daysAgo(time: number, now: number): number {
  const noon = (time: number) => new Date(time).setHours(12, 0, 0, 0)
  return Math.round((noon(now) - noon(time)) / 86_400_000)
}

/** 0 is Monday. */
export function weekdayOf({ start }: Day): number {
  return (new Date(start).getDay() + 6) % 7
}

/** `2026-11-21` in local time. */
export function isoDay(time: number): string {
  const day = new Date(time)
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map(part => String(part).padStart(2, '0'))
    .join('-')
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
export const MONTHS: readonly string[] = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
]

/** `12 November`, with the year where it is not that of `now`. */
export function longDay(time: number, now: number): string {
  const day = new Date(time)
  const year = day.getFullYear()
  return `${day.getDate()} ${MONTHS[day.getMonth()]}${year === new Date(now).getFullYear() ? '' : ` ${year}`}`
}

/** As people say it: `Friday` within a week, else the date. */
export function spokenDay(time: number, now: number): string {
  const ago = daysAgo(time, now)
  if (ago === 0) return 'today'
  if (ago === 1) return 'yesterday'
  return ago > 0 && ago < 7 ? WEEKDAYS[new Date(time).getDay()]! : longDay(time, now)
}

/**
 * Groups the days of a period into weeks that end with its last day, or into single days where there are few. A first
 * week that is not whole is left out: it would look like a rise.
 */
export function stepsOf(calendar: readonly Day[], few = 28): { days: number; starts: number[] } {
  const days = calendar.length <= few ? 1 : 7
  const starts: number[] = []
  for (let index = calendar.length - days; index >= 0; index -= days) starts.unshift(calendar[index]!.start)
  return { days, starts }
}

/** Which of the steps a time is in, -1 before the first. */
export function stepIndex(starts: readonly number[], time: number): number {
  let [low, high] = [0, starts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= time) low = middle + 1
    else high = middle
  }
  return low - 1
}
