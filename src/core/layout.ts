/** A row without a label continues the one above it. */
export type Row = readonly [label: string, text: string]

/**
 * Rows of a label and a text, each text wrapped at blanks to lines of at most `width` columns. Where the
 * labels would take more than half of it, the texts stand below them.
 */
export function rowsText(rows: readonly Row[], width: number = Number.POSITIVE_INFINITY): string {
  const labels = Math.max(...rows.map(([label]) => label.length))
  const below = labels + 4 > width / 2
  const indent = below ? 6 : labels + 4
  return rows
    .map(([label, text]) => {
      const lead = below ? `  ${label}\n`.padEnd(label.length + 3 + indent) : `  ${label.padEnd(labels + 2)}`
      return `${lead}${wrap(text, width, indent)}`.trimEnd()
    })
    .join('\n')
}

/**
 * One paragraph. Lines after the first begin with `indent` blanks; no word is broken, so each can be copied.
 */
export function wrap(text: string, width: number, indent: number = 0): string {
  let line = ''
  let wrapped = ''
  for (const word of text.split(' ')) {
    if (line && indent + line.length + word.length >= width) {
      wrapped += `${line}\n${' '.repeat(indent)}`
      line = word
    } else line += line ? ` ${word}` : word
  }
  return wrapped + line
}

/** How wide a text is: as wide as the terminal, if that is known, but at most 80, which is easy to read. */
export function textWidth(columns: number | undefined): number {
  return Math.min(columns || 80, 80)
}
