import type { Paint } from '../terminal/colour.ts'
import { columnsOf, cut, pad } from '../terminal/columns.ts'

/** A column beside the names. */
export interface TextColumn<Row> {
  name: string
  cell(row: Row): string
  /** If there is no room for all, the columns with the highest rank are left out first. */
  rank: number
  /** Aligned to the left. */
  drawn?: boolean
  paint?(row: Row, text: string): string
}

const MAX_NAME = 40
const MIN_NAME = 12
const GAP = 2

/** A head and a row per name. No line is wider than `width`; columns without room are left out. */
export function textTable<Row extends { name: string }>(
  first: string,
  rows: readonly Row[],
  columns: readonly TextColumn<Row>[],
  { width, paint }: { width: number; paint: Paint },
): string[] {
  const longest = Math.max(columnsOf(first), ...rows.map(({ name }) => columnsOf(name)))
  const wanted = Math.min(longest, MAX_NAME)
  const measured = columns.map(column => {
    const cells = rows.map(column.cell)
    return { column, cells, size: Math.max(columnsOf(column.name), ...cells.map(columnsOf)) }
  })
  const shown = [...measured].filter(({ cells }) => cells.some(Boolean))
  const room = () => width - shown.reduce((sum, { size }) => sum + size + GAP, 0)
  while (shown.length && room() < Math.min(wanted, MIN_NAME + Math.floor(width / 10))) {
    const last = shown.reduce((worst, one) => (one.column.rank > worst.column.rank ? one : worst))
    shown.splice(shown.indexOf(last), 1)
  }
  const names = Math.max(1, Math.min(wanted, room()))
  const cellsOf = (
    of: (one: (typeof shown)[0]) => string,
    style: (one: (typeof shown)[0], text: string) => string,
  ) =>
    shown.map(one => {
      const text = of(one)
      const blanks = ' '.repeat(Math.max(0, one.size - columnsOf(text)))
      return one.column.drawn ? `${style(one, text)}${blanks}` : `${blanks}${style(one, text)}`
    })
  const gap = ' '.repeat(GAP)
  const head = [
    paint('dim', pad(cut(first, names), names)),
    ...cellsOf(
      ({ column }) => column.name,
      (_, text) => paint('dim', text),
    ),
  ]
  const lines = rows.map((row, index) =>
    [
      pad(cut(row.name, names), names).replace(/^\S.*?(?= *$)/, name => paint('bold', name)),
      ...cellsOf(
        ({ cells }) => cells[index]!,
        ({ column }, text) => column.paint?.(row, text) ?? text,
      ),
    ].join(gap),
  )
  return [head.join(gap), ...lines].map(line => line.trimEnd())
}
