import { wrap } from '../core/layout.ts'
import { type Paint, paintOf } from '../terminal/colour.ts'
import { count } from '../terminal/count.ts'
import { changeOf, percent, short } from '../terminal/number.ts'
import { sentenceOf } from './claim.ts'
import { daysText } from './claims.ts'

import { type Canvas, inLocale, trendOf } from './glyphs.ts'
import { heavyText, notesOf } from './notes.ts'
import { failedShare, type Row } from './rows.ts'
import type { Spread } from './spread.ts'
import type { Summary } from './summary.ts'
import { type TextColumn, textTable } from './text-table.ts'
import type { View } from './view.ts'

/** Longer lines are hard to read. */
const MAX_COLUMNS = 100
const MIN_COLUMNS = 30
/** With what stands around them they are a screen of 24 lines. */
const MAX_ROWS = 10
const MAX_SHORT_ROWS = 3

/** A report for a person at a terminal. What matters most comes last: there it is still to be seen. */
export function viewText(view: View, canvas: Canvas): string {
  const { shown, subject, command, words } = view
  const { summary, claims } = shown
  const width = Math.min(Math.max(canvas.columns, MIN_COLUMNS), MAX_COLUMNS)
  const paint = paintOf(canvas.colour)
  const wrapped = (text: string, indent = 0) => wrap(inLocale(text, canvas), width, indent)
  const drawing = { width, paint, canvas }
  const parts = [
    `${paint('bold', subject)}${command ? ` ${command.name}` : ''}\n${paint('dim', wrapped(scopeText(view)))}`,
    ...(command
      ? [factsText(command.narrowed, drawing)]
      : [
          rowsText(words?.thing ?? 'Command', summary.commands, summary, MAX_ROWS, drawing),
          rowsText('Event', summary.events, summary, MAX_SHORT_ROWS, drawing),
          factsText(summary, drawing),
        ]),
    ...[...heavyText(view), ...notesOf(view)].map(note => paint('yellow', wrapped(note))),
    claims.changes.length && !command
      ? claims.changes.map(claim => wrapped(`- ${sentenceOf(claim)}`, 2)).join('\n')
      : '',
    command ? verdictText(command, wrapped, paint) : headlineText(claims.headline, wrapped, paint),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** `30 days, 28 Oct – 26 Nov, whole days in UTC, from in.jsonl` */
export function scopeText({ shown, source }: View): string {
  const { period, today } = shown.summary
  const days = period.unfinished ? 'today, which is not over' : count(period.days, 'whole day')
  const sofar = today && (today.runs || today.events) ? `; today so far: ${todayText(shown.summary)}` : ''
  return `${days} (${daysText(period)}, UTC) from ${source}${sofar}`
}

export function todayText({ today, many }: Summary): string {
  if (!today) return ''
  const { runs, failed, events, installations } = today
  return [
    `${count(runs, 'run')}${many ? ` by ${count(installations, 'installation')}` : ''}`,
    ...(failed ? [`${short(failed)} failed`] : []),
    ...(events ? [count(events, 'event')] : []),
  ].join(', ')
}

interface Drawing {
  width: number
  paint: Paint
  canvas: Canvas
}

function rowsText(
  first: string,
  all: readonly Row[],
  summary: Summary,
  most: number,
  drawing: Drawing,
): string {
  if (!all.length) return ''
  const rows = all.slice(0, most)
  const { many, all: together, period, commands } = summary
  const isEvents = all === summary.events
  const hasFailures = !isEvents && commands.some(({ failed, past }) => failed || past.failed)
  const columns: TextColumn<Row>[] = [
    ...(many
      ? [
          { name: 'used by', rank: 1, cell: ({ installations }: Row) => short(installations) },
          {
            name: `of ${short(together.installations)}`,
            rank: 4,
            cell: ({ installations }: Row) =>
              together.installations ? percent(installations / together.installations) : '',
          },
        ]
      : []),
    {
      ...{
        name: period.steps.days === 7 ? `${period.steps.starts.length} weeks` : 'by day',
        rank: 5,
        drawn: true,
      },
      cell: ({ trend }) => (trend.length > 1 ? trendOf(trend.slice(-12), drawing.canvas) : ''),
    },
    { name: isEvents ? 'times' : 'runs', rank: 2, cell: ({ runs }) => short(runs) },
    ...(many && !isEvents
      ? [{ name: 'each', rank: 6, cell: ({ installations, runs }: Row) => eachOf(runs, installations) }]
      : []),
    ...(hasFailures
      ? [
          { name: 'failed', rank: 3, cell: (row: Row) => shareText(failedShare(row)) },
          { name: 'before', rank: 7, cell: ({ past }: Row) => shareText(failedShare(past)) },
        ]
      : []),
  ]
  const more = all.length - rows.length
  const lines = textTable(first, rows, columns, drawing)
  return [...lines, ...(more ? [drawing.paint('dim', `and ${short(more)} more`)] : [])].join('\n')
}

/** `2.4` */
export function eachOf(runs: number, installations: number): string {
  if (!installations) return ''
  const each = runs / installations
  return each < 100 ? each.toFixed(1) : short(each)
}

export function shareText(share: number | undefined): string {
  return share === undefined ? '' : percent(share)
}

/** Installations, versions, agents and where it runs, a line each. */
function factsText(summary: Summary, { width, paint, canvas }: Drawing): string {
  const { many, all, week, versions, agents, environment, runs, period } = summary
  const { steps, days } = period
  const unit = steps.days === 7 ? 'week' : 'day'
  const trend = (counts: readonly number[]) =>
    counts.length > 1 ? ` ${trendOf(counts.slice(-12), canvas)}` : ''
  const listed = (rows: readonly Spread[]) =>
    `${rows
      .filter(({ count }) => count)
      .slice(0, 4)
      .map(({ name, share }) => `${name} ${percent(share)}`)
      .join(', ')}`
  const facts: [string, string][] = [
    ...(many
      ? [
          [
            `installations a ${unit}`,
            `${short(all.trend.at(-1) ?? 0)}${trend(all.trend)}  ${short(all.installations)} in ${count(days, 'day')}`,
          ] as [string, string],
        ]
      : []),
    [`runs a ${unit}`, `${short(runs.at(-1) ?? 0)}${trend(runs)}  ${ranText(all, days, paint, canvas)}`],
    ...(week.now && many && week.before !== undefined
      ? [['last week', `${short(week.now)}, ${short(week.before)} before`] as [string, string]]
      : []),
    ...(versions.length > 1 || !many ? [['versions', listed(versions)] as [string, string]] : []),
    ...(agents.length
      ? [
          [
            'run by',
            agents
              .slice(0, 4)
              .map(({ name, runs }) => `${name} ${percent(runs / (all.runs || 1))}`)
              .join(', '),
          ] as [string, string],
        ]
      : []),
    ...environment.map(({ name, rows }): [string, string] => [name.toLowerCase(), listed(rows)]),
  ]
  const shown = facts.filter(([, text]) => text.trim())
  const labels = Math.max(...shown.map(([label]) => label.length)) + 2
  return shown
    .map(([label, text]) => `${paint('dim', label.padEnd(labels))}${wrap(text, width, labels)}`)
    .join('\n')
}

function ranText({ runs, before }: Row, days: number, paint: Paint, canvas: Canvas): string {
  const change = before && before.runs >= 20 ? changeOf(runs, before.runs) : undefined
  const arrow = change === undefined ? '' : changeText(change)
  const painted = arrow && ` ${paint((change ?? 0) < 0 ? 'red' : 'green', inLocale(arrow, canvas))}`
  return `${short(runs)} in ${count(days, 'day')}${painted}`
}

/** `▲ 15%` */
export function changeText(change: number): string {
  if (!change) return 'the same'
  return `${change > 0 ? '▲' : '▼'} ${Math.abs(change) > 999 ? '>999' : Math.abs(change)}%`
}

type Wrapped = (text: string, indent?: number) => string

function headlineText(headline: View['shown']['claims']['headline'], wrapped: Wrapped, paint: Paint): string {
  return headline ? paint('bold', wrapped(sentenceOf(headline))) : ''
}

function verdictText(
  { name, verdict }: NonNullable<View['command']>,
  wrapped: Wrapped,
  paint: Paint,
): string {
  const question = wrapped(`Can ${name} be removed?`)
  return `${question}\n${paint('bold', wrapped(`${verdict.answer}: ${sentenceOf(verdict.reason)}`))}`
}
