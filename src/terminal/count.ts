import { thousands } from './number.ts'

/** `1 series`, `3 invocations`: a count with its noun. */
export function count(number: number, noun: string): string {
  return `${thousands(number)} ${noun}${number === 1 || noun.endsWith('s') ? '' : 's'}`
}
