import { wrap } from '../core/layout.ts'
import { type Paint, paintOf } from '../terminal/colour.ts'
import { plural } from '../terminal/plural.ts'
import { todayText } from './figures.ts'
import { type Canvas, inLocale } from './glyphs.ts'
import { heavyText, notesOf } from './notes.ts'
import { daysText } from './period.ts'
import { sentenceText } from './sentence.ts'
import { factsText } from './text-facts.ts'
import { usageTable } from './text-usage.ts'
import type { View } from './view.ts'

/** Longer lines are hard to read. */
const MAX_COLUMNS = 100
const MIN_COLUMNS = 30
/** So many rows and the rest of the report fit a screen of 24 lines. */
const MAX_COMMANDS = 10
const MAX_EVENTS = 3

/** A report for a terminal. What matters most comes last, where it does not scroll away. */
export function viewText(view: View, canvas: Canvas): string {
  const { shown, subject, command, words } = view
  const { summary, findings } = shown
  const width = Math.min(Math.max(canvas.columns, MIN_COLUMNS), MAX_COLUMNS)
  const paint = paintOf(canvas.colour)
  const wrapped = (text: string, indent = 0) => wrap(inLocale(text, canvas), width, indent)
  const drawing = { width, paint, canvas }
  const parts = [
    `${paint('bold', subject)}${command ? ` ${command.name}` : ''}\n${paint('dim', wrapped(scopeText(view)))}`,
    ...(command
      ? [factsText(command.narrowed, drawing)]
      : [
          usageTable(words?.thing ?? 'Command', summary.commands, summary, MAX_COMMANDS, drawing),
          usageTable('Event', summary.events, summary, MAX_EVENTS, drawing),
          factsText(summary, drawing),
        ]),
    ...[...heavyText(view), ...notesOf(view)].map(note => paint('yellow', wrapped(note))),
    findings.changes.length && !command
      ? findings.changes.map(change => wrapped(`- ${sentenceText(change)}`, 2)).join('\n')
      : '',
    command ? verdictText(command, wrapped, paint) : headlineText(findings.headline, wrapped, paint),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** `30 whole days (28 Oct – 26 Nov, UTC) from in.jsonl` */
function scopeText({ shown, source }: View): string {
  const { period, today } = shown.summary
  const days = period.unfinished ? 'today, which is not over' : plural(period.days, 'whole day')
  const now = today && (today.runs || today.events) ? `; today so far: ${todayText(shown.summary)}` : ''
  return `${days} (${daysText(period)}, UTC) from ${source}${now}`
}

type Wrapped = (text: string, indent?: number) => string

function headlineText(
  headline: View['shown']['findings']['headline'],
  wrapped: Wrapped,
  paint: Paint,
): string {
  return headline ? paint('bold', wrapped(sentenceText(headline))) : ''
}

function verdictText(
  { name, verdict }: NonNullable<View['command']>,
  wrapped: Wrapped,
  paint: Paint,
): string {
  const question = wrapped(`Can ${name} be removed?`)
  return `${question}\n${paint('bold', wrapped(`${verdict.answer}: ${sentenceText(verdict.reason)}`))}`
}
