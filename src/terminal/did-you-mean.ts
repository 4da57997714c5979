import { isTypo } from '../core/typo.ts'

/** `; did you mean status?` where a word is nearly one of these, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const wanted = word.toLowerCase()
  // Of a short word two letters are most of it.
  const near =
    known.find(name => name.startsWith(wanted) && wanted.length > 1) ??
    known.find(name => name.length > 3 && isTypo(wanted.replace(/^-+/, ''), name.replace(/^-+/, '')))
  return near === undefined ? '' : `; did you mean ${near}?`
}
