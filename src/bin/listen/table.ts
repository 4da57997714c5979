import { columnsOf, cut, pad } from '../../terminal/columns.ts'
import { shortNumber } from '../../terminal/number.ts'
import { plural } from '../../terminal/plural.ts'
import { nameOf, timeOf } from './names.ts'
import type { Total } from './totals.ts'

/** The state at the end. */
export interface Ending {
  totals: readonly Total[]
  accepted: number
  refused: number
  /** The last reason. */
  refusal: string | undefined
  file: { path: string; bodies: number } | undefined
}

/** The last words: runs, events, and what became of the requests. */
export function endText({ totals, accepted, refused, refusal, file }: Ending): string {
  const [commands, events] = byKind(totals)
  const width = Math.max(0, ...totals.map(({ runs }) => shortNumber(runs).length))
  const lines = (kind: string, totals: readonly Total[]) =>
    totals.length
      ? [
          '',
          kind,
          ...totals.map(
            total =>
              `${shortNumber(total.runs).padStart(width + 2)}  ${nameOf(total)}${total.failed ? `, ${shortNumber(total.failed)} failed` : ''}`,
          ),
        ]
      : []
  const requests = `${plural(accepted, 'request')} accepted${refused ? `, ${shortNumber(refused)} refused` : ''}`
  return [
    ...lines('runs', commands),
    ...lines('events', events),
    '',
    accepted || refused ? requests : 'nothing has arrived',
    ...(refused && refusal ? [`the last refusal: ${refusal}`] : []),
    ...(file
      ? [`${plural(file.bodies, 'body')} added to ${file.path}; "otlp-tally report ${file.path}" shows it`]
      : []),
  ].join('\n')
}

function byKind(totals: readonly Total[]): [commands: Total[], events: Total[]] {
  return [totals.filter(({ kind }) => kind === 'command'), totals.filter(({ kind }) => kind === 'event')]
}

/** Of a name. */
const MAX_COLUMN = 48

/** Runs and events in columns, and below them what is not counted, in at most `lines` lines. */
export function liveTable(
  totals: readonly Total[],
  { lines, others = [] }: { lines: number; others?: readonly string[] },
): string[] {
  const note = others.length ? `not counted: ${others.join(', ')}` : ''
  if (!totals.length) return ['', note || 'nothing has arrived yet']
  const [commands, events] = byKind(totals)
  const room = Math.max(1, lines - (commands.length ? 2 : 0) - (events.length ? 2 : 0) - (note ? 1 : 0) - 1)
  // Commands and events both get room, whichever list is longer.
  const shown = commands.slice(0, Math.max(room - events.length, Math.ceil(room / 2)))
  const rest = events.slice(0, Math.max(0, room - shown.length))
  const failed = shown.some(({ failed }) => failed)
  const more = totals.length - shown.length - rest.length
  const cells = (total: Total) => [
    ...[shortNumber(total.runs), ...(failed ? [total.failed ? shortNumber(total.failed) : ''] : [])],
    ...[cut(nameOf(total), MAX_COLUMN), timeOf(total.last)],
  ]
  return [
    ...columns(['runs', ...(failed ? ['failed'] : []), 'command', 'last'], shown.map(cells)),
    ...columns(
      ['times', 'event', 'last'],
      rest.map(total => [shortNumber(total.runs), cut(nameOf(total), MAX_COLUMN), timeOf(total.last)]),
    ),
    ...(more ? [`and ${shortNumber(more)} more`] : []),
    ...(note ? [note] : []),
  ]
}

/** A blank line, a head and the rows; the last two columns are texts. Empty if there are no rows. */
function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (!rows.length) return []
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => columnsOf(row[column]!))))
  const lines = all.map(row =>
    row
      .map((text, column) =>
        column < head.length - 2 ? text.padStart(widths[column]!) : pad(text, widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
  return ['', ...lines]
}
