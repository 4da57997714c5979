/** Characters that change what a terminal shows: control, format (bidi, zero-width, tags), surrogate, line separator. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * Makes a text of unknown origin safe for a terminal: one line, with such characters escaped (`\u{1b}`), cut after `max`
 * characters. Anyone who can send to the port chooses the names in a body.
 */
export function printable(text: string, max = 80): string {
  let shown = ''
  let length = 0
  // Built character by character: a slice would keep the whole string, up to a whole body, in memory.
  for (const character of text) {
    if (length++ === max) return `${shown}…`
    shown += UNPRINTABLE.test(character) ? `\\u{${character.codePointAt(0)!.toString(16)}}` : character
  }
  return shown
}

/** Makes JSON of unknown origin safe to show: such characters, except for line feeds, are escaped as in JSON. */
export function visible(json: string): string {
  return json.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
