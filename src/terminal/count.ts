import { short } from './number.ts'

/** `1 series`, `3 bodies`: a count with its noun. */
export function count(number: number, noun: string): string {
  if (number === 1 || noun.endsWith('s')) return `${short(number)} ${noun}`
  return `${short(number)} ${/[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ie` : noun}s`
}
