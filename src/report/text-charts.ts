import { columnsOf, cut, pad } from '../terminal/columns.ts'
import { thousands } from '../terminal/number.ts'
import { type Day, weekdayOf } from './days.ts'

/** What a chart is made of. */
export interface Glyphs {
  /** A full column, then what is left of one in eighths. */
  bar: readonly string[]
  /** From none to most. */
  shades: readonly string[]
  /** Of a trend, from none to most. */
  heights: readonly string[]
  minus: string
}

export const unicodeGlyphs: Glyphs = {
  bar: [...'█▏▎▍▌▋▊▉'],
  shades: [...'·░▒▓█'],
  heights: [...' ▁▂▃▄▅▆▇█'],
  minus: '−',
}
export const asciiGlyphs: Glyphs = { bar: ['#'], shades: [...'.-+*#'], heights: [...' .:-=+*#'], minus: '-' }

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Of the names beside the weeks. */
const MAX_COLUMN = 20

/** What a picture is drawn on and with, and what its numbers are of. */
export interface Drawing {
  width: number
  glyphs: Glyphs
  /** Of a grid: what its numbers are. */
  unit: string
}

/** A row per weekday, a column per week. */
export function calendar(days: readonly Day[], drawing: Drawing): string {
  return grid(WEEKDAYS, inWeeks(days), drawing)
}

/** A row per name, a column per week, as many of the last weeks as there is room for. */
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
  const legend = `${glyphs.shades[0]} none, ${glyphs.shades.at(-1)} ${thousands(most)} ${unit}`
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
