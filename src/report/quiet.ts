import { UNKNOWN } from '../core/vocabulary.ts'
import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Period } from './period.ts'
import type { Row } from './rows.ts'

/** A command that was used often and is not used any more, while others are. */
export interface Quiet {
  name: string
  /** The day of its last run. */
  last: number
  /** On how many of the 28 days up to then, and by how many installations. */
  days: number
  installations: number
}

/** How often a command is used shows in so many days. */
const HABIT_DAYS = 28
/** Used on fewer days than this it is no habit. */
const MIN_HABIT = 5
/** Fewer whole days than this are a long weekend. */
const MIN_SILENCE = 4

export function quietOf({ people }: History, { to }: Period, commands: readonly Row[]): Quiet | undefined {
  // Where nothing at all was counted of late, the counting may have ended and not the use.
  if (!commands.some(({ last }) => last >= to - 1)) return undefined
  const candidates = commands
    .filter(({ name, last }) => name !== UNKNOWN && to - 1 - last >= MIN_SILENCE)
    .slice(0, 50)
    .map(({ name, last }): Quiet => {
      const days = new Set<number>()
      let installations = 0
      for (const uses of people) {
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
    .filter(({ last, days }) => days >= MIN_HABIT && (to - 1 - last) * days > 3 * HABIT_DAYS)
  return candidates.sort((a, b) => b.days - a.days || b.last - a.last)[0]
}
