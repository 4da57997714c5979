/** How many columns of a terminal a text takes at most: a character that may be wide counts as wide. */
export function columnsOf(text: string): number {
  let columns = 0
  // East Asian characters and emoji take two columns. All of them are after U+1100.
  for (const character of text) columns += character >= '\u1100' && !/[\u2000-\u27bf]/.test(character) ? 2 : 1
  return columns
}

/** At most so many columns of a text, ending with `~` if something is cut off. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  let shown = ''
  let taken = 1
  for (const character of text) {
    taken += columnsOf(character)
    if (taken > columns) break
    shown += character
  }
  return `${shown}~`
}

/** `padEnd` by columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}
