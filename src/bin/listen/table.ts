import { columnsOf, cut, pad } from '../../terminal/columns.ts'
import { count } from '../../terminal/count.ts'
import { short } from '../../terminal/number.ts'
import { nameOf, timeOf } from './names.ts'
import type { Total } from './totals.ts'

/** How it stands at the end. */
export interface Ending {
  totals: readonly Total[]
  accepted: number
  refused: number
  /** The last reason. */
  refusal: string | undefined
  file: { path: string; bodies: number } | undefined
}

/** Runs and events apart, largest first, and what became of the requests: what is said at the end. */
export function endText({ totals, accepted, refused, refusal, file }: Ending): string {
  const [commands, events] = byKind(totals)
  const width = Math.max(0, ...totals.map(({ runs }) => short(runs).length))
  const lines = (kind: string, totals: readonly Total[]) =>
    totals.length
      ? [
          '',
          kind,
          ...totals.map(
            total =>
              `${short(total.runs).padStart(width + 2)}  ${nameOf(total)}${total.failed ? `, ${short(total.failed)} failed` : ''}`,
          ),
        ]
      : []
  const requests = `${count(accepted, 'request')} accepted${refused ? `, ${short(refused)} refused` : ''}`
  return [
    ...lines('runs', commands),
    ...lines('events', events),
    '',
    accepted || refused ? requests : 'nothing has arrived',
    ...(refused && refusal ? [`the last refusal: ${refusal}`] : []),
    ...(file
      ? [`${count(file.bodies, 'body')} added to ${file.path}; "otlp-tally report ${file.path}" shows it`]
      : []),
  ].join('\n')
}

function byKind(totals: readonly Total[]): [commands: Total[], events: Total[]] {
  return [totals.filter(({ kind }) => kind === 'command'), totals.filter(({ kind }) => kind === 'event')]
}

/** A name may take as many columns. */
const MAX_COLUMN = 48

/** The same in columns with a head, in at most so many lines, with what else has come below it. */
export function liveTable(
  totals: readonly Total[],
  { lines, others = [] }: { lines: number; others?: readonly string[] },
): string[] {
  const note = others.length ? `not counted: ${others.join(', ')}` : ''
  if (!totals.length) return ['', note || 'nothing has arrived yet']
  const [commands, events] = byKind(totals)
  const room = Math.max(1, lines - (commands.length ? 2 : 0) - (events.length ? 2 : 0) - (note ? 1 : 0) - 1)
  // Both must be visible, whichever is longer.
  const shown = commands.slice(0, Math.max(room - events.length, Math.ceil(room / 2)))
  const rest = events.slice(0, Math.max(0, room - shown.length))
  const failed = shown.some(({ failed }) => failed)
  const more = totals.length - shown.length - rest.length
  const cells = (total: Total) => [
    ...[short(total.runs), ...(failed ? [total.failed ? short(total.failed) : ''] : [])],
    ...[cut(nameOf(total), MAX_COLUMN), timeOf(total.last)],
  ]
  return [
    ...columns(['runs', ...(failed ? ['failed'] : []), 'command', 'last'], shown.map(cells)),
    ...columns(
      ['times', 'event', 'last'],
      rest.map(total => [short(total.runs), cut(nameOf(total), MAX_COLUMN), timeOf(total.last)]),
    ),
    ...(more ? [`and ${short(more)} more`] : []),
    ...(note ? [note] : []),
  ]
}

/** Under a blank line and a head; the last two columns are texts. Empty where there are no rows. */
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
