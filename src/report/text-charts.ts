import { columnsOf, cut, pad } from '../terminal/columns.ts'
import { weekdayOf } from './installations.ts'
import type { Day, Share } from './usage.ts'

/** What a chart is made of. */
export interface Glyphs {
  /** A full column, then what is left of one in eighths. */
  bar: readonly string[]
  /** From none to most. */
  shades: readonly string[]
  minus: string
}

export const unicodeGlyphs: Glyphs = { bar: [...'█▏▎▍▌▋▊▉'], shades: [...'·░▒▓█'], minus: '−' }
export const asciiGlyphs: Glyphs = { bar: ['#'], shades: [...'.-+*#'], minus: '-' }

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** More bars than a screen has lines are no picture, and a stranger can send as many names as he likes. */
const MAX_BARS = 60
/** Of the names beside the weeks. */
const MAX_COLUMN = 20

/** What a picture is drawn on and with, and what its numbers are of. */
export interface Drawing {
  width: number
  glyphs: Glyphs
  /** Of a grid: what its numbers are. */
  unit: string
}

/** A row a name, most first. */
export function bars(all: readonly Share[], { width, glyphs }: Omit<Drawing, 'unit'>): string {
  const shares = all.slice(0, MAX_BARS)
  const more = all.length - shares.length
  const names = Math.min(Math.max(...shares.map(({ name }) => columnsOf(name))), Math.floor(width / 2))
  const digits = String(shares[0]!.count).length
  const room = width - names - digits - 14
  const rows = shares.map(({ name, count, share }) => {
    const length = (count / shares[0]!.count) * room
    const percent = `${Math.round(100 * share)}`.padStart(3)
    return `  ${pad(cut(name, names), names)}  ${String(count).padStart(digits)} ${percent} %  ${bar(length, glyphs)}`
  })
  return [...rows, ...(more ? [`  and ${more} more`] : [])].join('\n')
}

function bar(length: number, { bar: [full = '', ...parts] }: Glyphs): string {
  const whole = Math.floor(length)
  const rest = parts[Math.floor((length - whole) * (parts.length + 1)) - 1] ?? ''
  // What was used at all is to be seen.
  return full.repeat(whole) + rest || (parts[0] ?? full)
}

/** A row a weekday, a column a week. */
export function calendar(days: readonly Day[], drawing: Drawing): string {
  return grid(WEEKDAYS, inWeeks(days), drawing)
}

/** A row a name, a column a week, as many of the last weeks as there is room for. */
export function grid(
  names: readonly string[],
  weeks: readonly (Day | undefined)[][],
  { width, glyphs, unit }: Drawing,
): string {
  const most = weeks.flat().reduce((most, day) => Math.max(most, day?.count ?? 0), 1)
  const column = Math.min(Math.max(...names.map(columnsOf)), MAX_COLUMN)
  const room = width - column - 5
  const step = weeks.length * 2 <= room ? 2 : 1
  const shown = weeks.slice(-Math.floor(room / step))
  const shade = (day: Day | undefined) =>
    day ? glyphs.shades[Math.ceil((day.count / most) * (glyphs.shades.length - 1))]! : ' '
  const rows = names.map((name, index) => {
    const cells = shown.map(week => shade(week[index]).padEnd(step)).join('')
    return `  ${pad(cut(name, column), column)}  ${cells}`.trimEnd()
  })
  const indent = ' '.repeat(column + 4)
  const legend = `${glyphs.shades[0]} none, ${glyphs.shades.at(-1)} ${most} ${unit}`
  return [`${indent}${months(shown, step)}`.trimEnd(), ...rows, `${indent}${legend}`].join('\n')
}

function inWeeks(days: readonly Day[]): (Day | undefined)[][] {
  const weeks: (Day | undefined)[][] = []
  for (const day of days) {
    const weekday = weekdayOf(day)
    if (!weeks.length || weekday === 0) weeks.push([])
    weeks.at(-1)![weekday] = day
  }
  return weeks
}

/** The name of a month above the first week that begins in it, where it does not touch the one before. */
function months(weeks: readonly (Day | undefined)[][], step: number): string {
  let line = ''
  let known = -1
  for (const [index, week] of weeks.entries()) {
    const first = week.find(day => day)
    const month = first ? new Date(first.start).getMonth() : known
    if (month !== known && line.length <= index * step) line = `${line.padEnd(index * step)}${MONTHS[month]} `
    known = month
  }
  return line
}
