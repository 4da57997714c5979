/**
 * Control, format (bidi overrides, zero-width, tags), surrogate and line separator characters: what a terminal obeys.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * Text of a stranger, fit for a terminal: on one line, what a terminal would obey escaped (`\u{1b}`), and cut after
 * `max` characters. Anyone who can send to the port chooses every name in the body.
 */
export function printable(text: string, max = 80): string {
  let shown = ''
  let length = 0
  // Built character by character: a slice would keep the whole string, up to a whole body, in memory.
  for (const character of text) {
    if (length++ === max) return `${shown}…`
    shown += OBEYED.test(character) ? `\\u{${character.codePointAt(0)!.toString(16)}}` : character
  }
  return shown
}

/**
 * JSON of a stranger, fit to be read: its lines stay, what else is not seen or turns the text around is escaped as JSON
 * does.
 */
export function visible(json: string): string {
  return json.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
