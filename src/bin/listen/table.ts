import { columnsOf, cut, pad } from '../../terminal/columns.ts'
import { thousands } from '../../terminal/number.ts'
import { nameOf, timeOf } from './names.ts'
import type { Total } from './totals.ts'

/** A line per series, largest first: what is said at the end. */
export function table(totals: readonly Total[]): string {
  if (!totals.length) return '\nnothing has arrived'
  const width = String(totals[0]!.total).length
  return `\n${totals.map(total => `${String(total.total).padStart(width)}  ${nameOf(total)}`).join('\n')}`
}

/** A name may take as many columns. */
const MAX_COLUMN = 32

/** The same in columns with a head, in at most so many lines, with a note below it. */
export function liveTable(
  totals: readonly Total[],
  { lines, note }: { lines: number; note?: string | undefined },
): string[] {
  if (!totals.length) return ['', note ?? 'nothing has arrived yet']
  const rows = totals
    .slice(0, Math.max(1, lines - 4))
    .map(({ tool, version, metric, labels, total, last }) => [
      thousands(total),
      cut(`${tool} ${version}`.trim(), MAX_COLUMN),
      cut(metric === 'command_invocation' ? labels : `${metric} ${labels}`.trim(), MAX_COLUMN),
      timeOf(last),
    ])
  const head = ['total', 'tool', 'counted', 'last']
  const widths = head.map((name, column) =>
    Math.max(...[[...head], ...rows].map(row => columnsOf(row[column] ?? name))),
  )
  const line = ([total = '', ...names]: string[]) =>
    [total.padStart(widths[0]!), ...names.map((name, index) => pad(name, widths[index + 1]!))]
      .join('  ')
      .trimEnd()
  const more = totals.length - rows.length
  return [
    '',
    line(head),
    ...rows.map(line),
    ...(more ? [`and ${thousands(more)} more`] : []),
    ...(note ? [note] : []),
  ]
}
