import { dayOf } from './days.ts'
import type { Use } from './use.ts'

/** All uses that a report is about, and what the days in it are. */
export interface History {
  /** Of each installation, or of all together where nothing says whose they are. */
  people: readonly (readonly Use[])[]
  /** Whether the uses say whose they are. */
  many: boolean
  /** The day that is not over. Numbers are of the whole days before it. */
  today: number
  /** The first day of the counting that has gone on to the end. */
  since: number
  /** The last day, where nothing has come for a week: it is `today` then, and nobody knows whether it was whole. */
  ended: number | undefined
  /** Which of the things that not every tool counts are in it. */
  has: Readonly<Record<'events' | 'failures' | 'agents' | 'environment', boolean>>
  /** What is left out: counts from before `since`, and of days that are yet to come. */
  early: number
  late: number
}

/** A longer time without any count is not part of one counting: a wrong clock has made it, or a stranger. */
const MAX_GAP = 60
/** A week without a count is no weekend. */
const MAX_SILENCE = 7

/** Puts uses in order; undefined where there is none up to `now`. */
export function historyOf(uses: readonly Use[], now: number): History | undefined {
  const counted = new Set<number>()
  for (const { time } of uses) if (time <= now) counted.add(dayOf(time))
  const days = [...counted].sort((a, b) => b - a)
  const [last] = days
  if (last === undefined) return undefined
  let since = last
  for (const day of days) {
    if (since - day > MAX_GAP) break
    since = day
  }
  const people = new Map<string, Use[]>()
  let [early, late, many] = [0, 0, false]
  const has = { events: false, failures: false, agents: false, environment: false }
  for (const use of uses) {
    if (use.time > now) late += use.count
    else if (dayOf(use.time) < since) early += use.count
    else {
      const { installation = '' } = use
      if (installation) many = true
      if (use.kind !== 'run') has[use.kind === 'event' ? 'events' : 'failures'] = true
      if (use.agent !== undefined) has.agents = true
      if (use.os !== undefined || use.arch !== undefined || use.runtime !== undefined) has.environment = true
      const known = people.get(installation)
      if (known) known.push(use)
      else people.set(installation, [use])
    }
  }
  const ended = dayOf(now) - last > MAX_SILENCE ? last : undefined
  return { people: [...people.values()], many, today: ended ?? dayOf(now), since, ended, has, early, late }
}
