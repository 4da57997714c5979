import type { Claim } from './claim.ts'
import { daysAgo, spokenDay } from './days.ts'
import { type Summary, UNKNOWN } from './usage.ts'
import type { Use } from './use.ts'

/** How often a command is used shows in so many days. */
const HABIT_DAYS = 28
/** Used on fewer days than this it is no habit. */
const MIN_HABIT = 5
/** Fewer days than this are a long weekend. */
const MIN_SILENCE = 4

/**
 * A command that was used often and is not used any more, while others are. Where nothing at all was counted of late,
 * the counting may have ended and not the use, so nothing is said.
 */
export function silenceClaim(
  runs: readonly Use[],
  { commands, installations, last }: Pick<Summary, 'commands' | 'installations' | 'last'>,
  now: number,
): Claim | undefined {
  if (last === undefined || daysAgo(last, now) > 1) return undefined
  const quiet = commands.filter(({ name, last }) => name !== UNKNOWN && daysAgo(last, now) >= MIN_SILENCE)
  if (!quiet.length || quiet.length === commands.length) return undefined
  const wanted = new Set(quiet.map(({ name }) => name))
  const usedOn = new Map<string, Set<number>>()
  const anyUse = new Set<number>()
  for (const { name, time } of runs) {
    const day = daysAgo(time, now)
    anyUse.add(day)
    if (!wanted.has(name)) continue
    if (!usedOn.has(name)) usedOn.set(name, new Set())
    usedOn.get(name)!.add(day)
  }
  const candidates = quiet.flatMap(({ name, last }) => {
    const silence = daysAgo(last, now)
    const habit = [...usedOn.get(name)!].filter(day => day < silence + HABIT_DAYS).length
    const lively = [...anyUse].filter(day => day < silence).length
    return habit >= MIN_HABIT && silence * habit > 3 * HABIT_DAYS && lively >= 3
      ? [{ name, last, habit }]
      : []
  })
  const [found] = candidates.sort((a, b) => b.habit - a.habit || b.last - a.last)
  if (!found) return undefined
  const since = spokenDay(found.last, now)
  return installations
    ? ['nobody has run ', { name: found.name }, ` since ${since}`]
    : [{ name: found.name }, ` has not been run since ${since}`]
}
