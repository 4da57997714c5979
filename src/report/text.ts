import { rowsText, wrap } from '../core/layout.ts'
import { change, percent, thousands } from '../terminal/number.ts'
import { sentenceOf } from './claim.ts'
import { isoDay } from './days.ts'
import { failedShare } from './failures.ts'
import type { Installations } from './installations.ts'
import type { Share } from './shares.ts'
import { bars } from './text-bars.ts'
import { asciiGlyphs, calendar, type Drawing, type Glyphs, grid, unicodeGlyphs } from './text-charts.ts'
import type { Told } from './told.ts'
import type { Comparison, Summary } from './usage.ts'

/** What a terminal can show. Without colours, so that it reads the same on light, dark and `NO_COLOR`. */
export interface Canvas {
  columns: number
  /** False where the locale is not UTF-8. */
  unicode: boolean
}

const MIN_COLUMNS = 60
/** More names are no help. */
const MAX_LISTED = 20
const MAX_FAILURES = 5

/** A period of use for a person at a terminal: what stands out, what is used most, when, and what has changed. */
export function usageText(told: Told, { columns, unicode }: Canvas): string {
  const { subject, scope, claims, summary, words } = told
  const glyphs = unicode ? unicodeGlyphs : asciiGlyphs
  const width = Math.max(columns, MIN_COLUMNS)
  const drawing = { width, glyphs }
  const sentence = sentenceOf(claims)
  const parts = [
    wrap(`${subject}: ${scope}`, width),
    ...(sentence ? [wrap(sentence, Math.min(width, 100))] : []),
    ...(summary.commands.length
      ? [bars(summary.commands, drawing), calendar(summary.days, { ...drawing, unit: `${words.runs} a day` })]
      : []),
    ...(summary.installations ? fleet(summary.installations, drawing) : []),
    rowsText(factsOf(summary, glyphs), width),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

function factsOf(summary: Summary, glyphs: Glyphs): [string, string][] {
  const { comparisons, versions, events, first, last, installations, failures, agents, days } = summary
  const facts: [string, string | undefined][] = [
    [
      'installations',
      installations &&
        `${thousands(installations.total)}, ${thousands(installations.recent)} in the last 7 days`,
    ],
    ...comparisons.map((one): [string, string] => [`last ${one.days} days`, compared(one, glyphs)]),
    ['versions', listed(versions)],
    ['failed', failures && failed(failures)],
    ['run by', agents?.who.map(({ name, share }) => `${name} ${percent(share)}`).join(', ')],
    ['also counted', listed(events)],
    ['first use', first === undefined ? undefined : isoDay(first)],
    ['last use', last === undefined || last >= days.at(-1)!.start ? undefined : isoDay(last)],
  ]
  return facts.filter((fact): fact is [string, string] => Boolean(fact[1]))
}

function listed(shares: readonly Share[]): string {
  const names = shares.slice(0, MAX_LISTED).map(({ name, count }) => `${name} (${thousands(count)})`)
  const more = shares.length - names.length
  return [...names, ...(more ? [`and ${thousands(more)} more`] : [])].join(', ')
}

function failed(failures: NonNullable<Summary['failures']>): string {
  return failures
    .slice(0, MAX_FAILURES)
    .flatMap(({ name, now, before }) => {
      const [share, earlier] = [failedShare(now), before && failedShare(before)]
      if (share === undefined) return []
      return [`${name} ${percent(share)}${earlier === undefined ? '' : ` (${percent(earlier)} before)`}`]
    })
    .join(', ')
}

/** Who uses it, and which version, as time goes on. */
function fleet({ days, versions }: Installations, drawing: Omit<Drawing, 'unit'>): string[] {
  const parts = [calendar(days, { ...drawing, unit: 'installations a day' })]
  const weeks = versions[0]?.weeks.map((_, index) => versions.map(version => version.weeks[index]))
  const names = versions.map(({ name }) => name)
  if (weeks) parts.push(grid(names, weeks, { ...drawing, unit: 'installations a week' }))
  return parts
}

function compared({ now, before, days, whole }: Comparison, { minus }: Glyphs): string {
  if (!whole) return thousands(now)
  const percent = change(now, before).replace('−', minus).replace('±0%', 'the same')
  return `${thousands(now)} (${days} days before: ${thousands(before)}${percent && `, ${percent}`})`
}

/** Whether the locale can show more than ASCII. POSIX: the first of these three that is set decides. */
export function takesUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (process.platform === 'win32') return env.WT_SESSION !== undefined || env.TERM_PROGRAM !== undefined
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '')
}
