import { UNKNOWN } from '../core/vocabulary.ts'
import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Period } from './period.ts'
import type { Row } from './rows.ts'

/** A command that was used regularly and is not used any more, while others are. */
export interface Quiet {
  name: string
  /** The day of its last run. */
  last: number
  /** Of the 28 days up to its last run, the number on which it was run, and by how many installations. */
  days: number
  installations: number
}

const HABIT_DAYS = 28
/** Used on fewer of them it was not used regularly. */
const MIN_DAYS = 5
/** Fewer whole days may be a long weekend. */
const MIN_SILENT_DAYS = 4

export function quietOf(
  { byInstallation }: History,
  { to }: Period,
  commands: readonly Row[],
): Quiet | undefined {
  // If nothing at all was counted lately, counting may have stopped, not the use of this command.
  if (!commands.some(({ last }) => last >= to - 1)) return undefined
  const candidates = commands
    .filter(({ name, last }) => name !== UNKNOWN && to - 1 - last >= MIN_SILENT_DAYS)
    .slice(0, 50)
    .map(({ name, last }): Quiet => {
      const days = new Set<number>()
      let installations = 0
      for (const uses of byInstallation) {
        let active = false
        for (const use of uses) {
          const day = dayOf(use.time)
          if (use.kind !== 'run' || use.name !== name || day <= last - HABIT_DAYS) continue
          days.add(day)
          active ||= use.installation !== undefined
        }
        if (active) installations++
      }
      return { name, last, days: days.size, installations }
    })
    .filter(({ last, days }) => days >= MIN_DAYS && (to - 1 - last) * days > 3 * HABIT_DAYS)
  return candidates.sort((a, b) => b.days - a.days || b.last - a.last)[0]
}
