import { type Row, rowsText, textWidth, wrap } from '../core/layout.ts'
import { printable } from '../terminal/printable.ts'
import type { Output } from './context.ts'

// Escapes everything that these commands print: a variable, a path or a URL may contain control characters, or a line
// that looks like part of the output.

/** Rows of a label and a text. In a terminal they are wrapped; in a pipe each is one line, for `grep`. */
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

/** A text whose lines are kept, such as an excerpt of a config file. */
export function block(text: string): string {
  return `${text.trimEnd().split('\n').map(safe).join('\n')}\n`
}

const safe = (text: string) => printable(text, Number.POSITIVE_INFINITY)

function widthOf({ columns }: Pick<Output, 'columns'>): number {
  return columns ? textWidth(columns) : Number.POSITIVE_INFINITY
}
