// A day is a number, counted from 1970 in UTC. So each has 24 hours, and all readers of a report see the same days.

const MS = 86_400_000

export function dayOf(time: number): number {
  return Math.floor(time / MS)
}

/** `2026-11-21` */
export function isoDay(day: number): string {
  return new Date(day * MS).toISOString().slice(0, 10)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** `21 Nov`, with the year if it is not that of `today`. */
export function shortDay(day: number, today: number): string {
  const date = new Date(day * MS)
  const year = date.getUTCFullYear()
  const named = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
  return year === new Date(today * MS).getUTCFullYear() ? named : `${named} ${year}`
}

/** After `last` or `since`: `Friday` within a week, else the date. */
export function spokenDay(day: number, today: number): string {
  if (day === today) return 'today'
  if (day === today - 1) return 'yesterday'
  return today - day < 7 ? WEEKDAYS[new Date(day * MS).getUTCDay()]! : shortDay(day, today)
}
