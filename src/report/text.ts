import { rowsText } from '../core/rows.ts'
import type { Installations } from './installations.ts'
import { asciiGlyphs, bars, calendar, type Drawing, type Glyphs, grid, unicodeGlyphs } from './text-charts.ts'
import { type Comparison, change, isoDay, type Share, type Summary } from './usage.ts'

/** What a terminal can show. Without colours, so that it reads the same on light, dark and `NO_COLOR`. */
export interface Canvas {
  columns: number
  /** False where the locale is not UTF-8. */
  unicode: boolean
}

const MIN_COLUMNS = 60
/** More names are no help. */
const MAX_LISTED = 20

/** A period of use for a person at a terminal: what is used most, when, and whether that is less than before. */
export function usageText(title: string, summary: Summary, { columns, unicode }: Canvas): string {
  const glyphs = unicode ? unicodeGlyphs : asciiGlyphs
  const width = Math.max(columns, MIN_COLUMNS)
  const { commands, versions, events, comparisons, first, last, installations } = summary
  const facts: [string, string][] = [
    ...comparisons.map((one): [string, string] => [`last ${one.days} days`, compared(one, glyphs)]),
    ['versions', listed(versions) || 'none'],
    ...(events.length ? [['also counted', listed(events)] as [string, string]] : []),
    ['first use', first === undefined ? 'never' : isoDay(first)],
    ['last use', last === undefined ? 'never' : isoDay(last)],
  ]
  if (installations)
    facts.unshift(['installations', `${installations.total}, ${installations.recent} in the last 7 days`])
  const drawing = { width, glyphs }
  const parts = [
    title,
    ...(commands.length
      ? [bars(commands, drawing), calendar(summary.days, { ...drawing, unit: 'a day' })]
      : []),
    ...(installations ? fleet(installations, drawing) : []),
  ]
  return `${[...parts, rowsText(facts, width)].join('\n\n')}\n`
}

function listed(shares: readonly Share[]): string {
  const names = shares.slice(0, MAX_LISTED).map(({ name, count }) => `${name} (${count})`)
  const more = shares.length - names.length
  return [...names, ...(more ? [`and ${more} more`] : [])].join(', ')
}

/** Who uses it, and which version, as time goes on. */
function fleet({ days, versions }: Installations, drawing: Omit<Drawing, 'unit'>): string[] {
  const parts = [calendar(days, { ...drawing, unit: 'installations a day' })]
  const weeks = versions[0]?.weeks.map((_, index) => versions.map(version => version.weeks[index]))
  const names = versions.map(({ name }) => name)
  if (weeks) parts.push(grid(names, weeks, { ...drawing, unit: 'installations a week' }))
  return parts
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
