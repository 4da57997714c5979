import { isTypo } from '../core/typo.ts'

/** `; did you mean status?` if the word is similar to one of these, otherwise an empty text. */
export function didYouMean(word: string, known: readonly string[]): string {
  const wanted = word.toLowerCase()
  const near =
    known.find(name => name.startsWith(wanted) && wanted.length > 1) ??
    // In a shorter word a typo of two letters changes most of it.
    known.find(name => name.length > 3 && isTypo(wanted.replace(/^-+/, ''), name.replace(/^-+/, '')))
  return near === undefined ? '' : `; did you mean ${near}?`
}
