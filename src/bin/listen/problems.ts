import type { Problem } from '../../body/validate.ts'
import { printable } from '../../terminal/printable.ts'

/** For the sender: everything, with the whole path of each field. */
export function inFull(problems: readonly Problem[]): string {
  return problems
    .map(({ path, message }) => (path ? `${printable(path, 200)}: ${message}` : message))
    .join('; ')
}

/** As many are enough to see what is wrong. */
const MAX = 3

/** For the person who watches: the field and the advice, and the same of many points once. */
export function inShort(problems: readonly Problem[]): string {
  const sentences = problems.map(({ path, message }) => {
    const field = path.split('.').at(-1)!
    return field ? `${printable(field.replace(/\[\d+\]$/, ''))}: ${message}` : message
  })
  const each = [...new Set(sentences)]
  const more = each.length - MAX
  return `${each.slice(0, MAX).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
