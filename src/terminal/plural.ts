import { shortNumber } from './number.ts'

/** `1 series`, `3 bodies` */
export function plural(number: number, noun: string): string {
  if (number === 1 || noun.endsWith('s')) return `${shortNumber(number)} ${noun}`
  return `${shortNumber(number)} ${/[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ie` : noun}s`
}
