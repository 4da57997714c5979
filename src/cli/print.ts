import { type Row, rowsText, textWidth, wrap } from '../core/layout.ts'
import { printable } from '../terminal/printable.ts'
import type { Output } from './context.ts'

// Everything that these commands print goes through here: a variable, a path, a file or a URL can hold what a terminal
// obeys, or a line that looks like one of ours.

/** Rows of a label and a text. Wrapped at the width of a terminal; in a pipe a text is one line, to be searched. */
export function rows(output: Pick<Output, 'columns'>, rows: readonly Row[]): string {
  return `${rowsText(
    rows.map(([label, text]) => [printable(label), safe(text)] as const),
    widthOf(output),
  )}\n`
}

/** Sentences, each on a line of its own. */
export function sentences(output: Output, ...texts: readonly string[]): string {
  return texts.map(text => `${wrap(safe(text), widthOf(output))}\n`).join('')
}

/** A text of several lines that is shown as it is, such as the place of a mistake. */
export function block(text: string): string {
  return `${text.trimEnd().split('\n').map(safe).join('\n')}\n`
}

const safe = (text: string) => printable(text, Number.POSITIVE_INFINITY)

function widthOf({ columns }: Pick<Output, 'columns'>): number {
  return columns ? textWidth(columns) : Number.POSITIVE_INFINITY
}
