import { dayOf } from './days.ts'
import type { Use } from './use.ts'

/** All uses of a report, and its days. */
export interface History {
  /** The uses of each installation; one list of all if the uses do not name installations. */
  byInstallation: readonly (readonly Use[])[]
  /** Whether the uses name installations. */
  hasInstallations: boolean
  /** The current day. Numbers are of the whole days before it. */
  today: number
  /** The first day, after any gap of more than 60 days. */
  since: number
  /** The last day with a count, if that is more than a week ago. Then it is `today`, since it may not be a whole day. */
  ended: number | undefined
  /** Which of what not every tool counts is in it. */
  has: Readonly<Record<'events' | 'failures' | 'agents' | 'environment', boolean>>
  /** Counts that are left out: from before `since`, and from the future. */
  early: number
  late: number
}

/** What is before a longer gap was counted with a wrong clock or sent by a stranger. */
const MAX_GAP_DAYS = 60
/** Longer than any weekend. */
const MAX_SILENT_DAYS = 7

/** Undefined if there is no use up to `now`. */
export function historyOf(uses: readonly Use[], now: number): History | undefined {
  const counted = new Set<number>()
  for (const { time } of uses) if (time <= now) counted.add(dayOf(time))
  const days = [...counted].sort((a, b) => b - a)
  const [last] = days
  if (last === undefined) return undefined
  let since = last
  for (const day of days) {
    if (since - day > MAX_GAP_DAYS) break
    since = day
  }
  const byInstallation = new Map<string, Use[]>()
  let [early, late, hasInstallations] = [0, 0, false]
  const has = { events: false, failures: false, agents: false, environment: false }
  for (const use of uses) {
    if (use.time > now) late += use.count
    else if (dayOf(use.time) < since) early += use.count
    else {
      const { installation = '' } = use
      if (installation) hasInstallations = true
      if (use.kind !== 'run') has[use.kind === 'event' ? 'events' : 'failures'] = true
      if (use.agent !== undefined) has.agents = true
      if (use.os !== undefined || use.arch !== undefined || use.runtime !== undefined) has.environment = true
      const known = byInstallation.get(installation)
      if (known) known.push(use)
      else byInstallation.set(installation, [use])
    }
  }
  const ended = dayOf(now) - last > MAX_SILENT_DAYS ? last : undefined
  return {
    byInstallation: [...byInstallation.values()],
    today: ended ?? dayOf(now),
    ...{ hasInstallations, since, ended, has, early, late },
  }
}
