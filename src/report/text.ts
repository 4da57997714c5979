import { rowsText } from '../rows.ts'
import { type Comparison, change, type Day, isoDay, type Share, type Summary } from './usage.ts'

/** What a terminal can show. Without colours, so that it reads the same on light, dark and `NO_COLOR`. */
export interface Canvas {
  columns: number
  /** False where the locale is not UTF-8. */
  unicode: boolean
}

interface Glyphs {
  /** A full column, then what is left of one in eighths. */
  bar: readonly string[]
  /** From none to most. */
  shades: readonly string[]
  minus: string
}

const unicodeGlyphs: Glyphs = { bar: [...'█▏▎▍▌▋▊▉'], shades: [...'·░▒▓█'], minus: '−' }
const asciiGlyphs: Glyphs = { bar: ['#'], shades: [...'.-+*#'], minus: '-' }

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MIN_COLUMNS = 60

/** A period of use for a person at a terminal: what is used most, when, and whether that is less than before. */
export function usageText(title: string, summary: Summary, { columns, unicode }: Canvas): string {
  const glyphs = unicode ? unicodeGlyphs : asciiGlyphs
  const width = Math.max(columns, MIN_COLUMNS)
  const { commands, versions, events, comparisons, first, last } = summary
  const listed = (shares: readonly Share[]) =>
    shares.map(({ name, count }) => `${name} (${count})`).join(', ')
  const facts: [string, string][] = [
    ...comparisons.map((one): [string, string] => [`last ${one.days} days`, compared(one, glyphs)]),
    ['versions', listed(versions) || 'none'],
    ...(events.length ? [['also counted', listed(events)] as [string, string]] : []),
    ['first use', first === undefined ? 'never' : isoDay(first)],
    ['last use', last === undefined ? 'never' : isoDay(last)],
  ]
  const parts = [
    title,
    ...(commands.length ? [bars(commands, width, glyphs), calendar(summary.days, width, glyphs)] : []),
  ]
  return `${[...parts, rowsText(facts, width)].join('\n\n')}\n`
}

function bars(shares: readonly Share[], width: number, glyphs: Glyphs): string {
  const names = Math.min(Math.max(...shares.map(({ name }) => name.length)), Math.floor(width / 2))
  const digits = String(shares[0]!.count).length
  const room = width - names - digits - 14
  return shares
    .map(({ name, count, share }) => {
      const shown = name.length > names ? `${name.slice(0, names - 1)}~` : name
      const length = (count / shares[0]!.count) * room
      const percent = `${Math.round(100 * share)}`.padStart(3)
      return `  ${shown.padEnd(names)}  ${String(count).padStart(digits)} ${percent} %  ${bar(length, glyphs)}`
    })
    .join('\n')
}

function bar(length: number, { bar: [full = '', ...parts] }: Glyphs): string {
  const whole = Math.floor(length)
  const rest = parts[Math.floor((length - whole) * (parts.length + 1)) - 1] ?? ''
  // What was used at all is to be seen.
  return full.repeat(whole) + rest || (parts[0] ?? full)
}

/** A row a weekday, a column a week, as many of the last weeks as there is room for. */
function calendar(days: readonly Day[], width: number, glyphs: Glyphs): string {
  const most = Math.max(...days.map(({ count }) => count), 1)
  const weeks = inWeeks(days)
  const step = weeks.length * 2 + 8 <= width ? 2 : 1
  const shown = weeks.slice(-Math.floor((width - 8) / step))
  const shade = (day: Day | undefined) =>
    day ? glyphs.shades[Math.ceil((day.count / most) * (glyphs.shades.length - 1))]! : ' '
  const rows = WEEKDAYS.map((name, index) => {
    const cells = shown.map(week => shade(week[index]).padEnd(step)).join('')
    return `  ${name}  ${cells}`.trimEnd()
  })
  const legend = `${glyphs.shades[0]} none, ${glyphs.shades.at(-1)} ${most} a day`
  return [`       ${months(shown, step)}`.trimEnd(), ...rows, `       ${legend}`].join('\n')
}

function inWeeks(days: readonly Day[]): (Day | undefined)[][] {
  const weeks: (Day | undefined)[][] = []
  for (const day of days) {
    const weekday = (new Date(day.start).getDay() + 6) % 7
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

function compared(comparison: Comparison, { minus }: Glyphs): string {
  const percent = change(comparison).replace('−', minus)
  return `${comparison.now}, ${comparison.before} in the ${comparison.days} before${percent && ` (${percent})`}`
}

/** Whether the locale can show more than ASCII. POSIX: the first of these three that is set decides. */
export function takesUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (process.platform === 'win32') return env.WT_SESSION !== undefined || env.TERM_PROGRAM !== undefined
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '')
}
