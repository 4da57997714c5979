import { MONTHS } from './days.ts'

/** Round numbers from 0 to at least `most`, in at most five steps. Counts have no halves. */
export function ticksOf(most: number): number[] {
  const rough = Math.max(1, most / 5)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => step >= rough)!
  const ticks = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: ticks + 1 }, (_, index) => index * step)
}

/** A name below a chart, and where: 0 is its left edge, 1 the right one. */
export interface Mark {
  at: number
  name: string
}

/** Days, months, quarters or years, so that the names have room on a phone. */
export function marksOf(starts: readonly number[], daysEach: number): Mark[] {
  const days = starts.length * daysEach
  const marks: Mark[] = []
  for (const [index, start] of starts.entries()) {
    const day = new Date(start)
    const before = index ? new Date(starts[index - 1]!) : undefined
    const name = nameOf(day, before, days, starts.length - 1 - index)
    if (name) marks.push({ at: index / starts.length, name })
  }
  // Near the right edge a name would be cut.
  return marks.filter(({ at }) => at <= 0.92)
}

function nameOf(day: Date, before: Date | undefined, days: number, toEnd: number): string | undefined {
  const month = MONTHS[day.getMonth()]!.slice(0, 3)
  if (days <= 28) return toEnd % 7 === 6 || days <= 7 ? `${day.getDate()} ${month}` : undefined
  if (!before || day.getMonth() === before.getMonth()) return undefined
  if (days <= 200) return month
  if (days <= 750) return day.getMonth() % 3 === 0 ? `${month} ${day.getFullYear()}` : undefined
  return day.getFullYear() === before.getFullYear() ? undefined : String(day.getFullYear())
}
