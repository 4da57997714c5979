import type { Problem } from '../../body/validate.ts'
import { printable } from '../../terminal/printable.ts'

/** For the sender: every problem with the whole path of its field. */
export function inFull(problems: readonly Problem[]): string {
  return problems
    .map(({ path, message }) => (path ? `${printable(path, 200)}: ${message}` : message))
    .join('; ')
}

const MAX_SHOWN = 3

/** For the person at the terminal: the field alone, and each problem once, however many points have it. */
export function inShort(problems: readonly Problem[]): string {
  const sentences = problems.map(({ path, message }) => {
    const field = path.split('.').at(-1)!
    return field ? `${printable(field.replace(/\[\d+\]$/, ''))}: ${message}` : message
  })
  const each = [...new Set(sentences)]
  const more = each.length - MAX_SHOWN
  return `${each.slice(0, MAX_SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
