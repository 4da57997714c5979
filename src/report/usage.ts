import { type Agents, agentsOf } from './agents.ts'
import { type Day, dayIndex, lastDays, startsOf, stepsOf } from './days.ts'
import { type Failure, failuresOf } from './failures.ts'
import { type Installations, installationsOf } from './installations.ts'
import { type Share, sharesOf, sum } from './shares.ts'
import type { Use } from './use.ts'

export interface Command extends Share {
  change: Comparison
}

/** The last days against as many before them. */
export interface Comparison {
  days: number
  now: number
  before: number
  /** False where nothing at all had been counted when the days before began: then the two are not comparable. */
  whole: boolean
}

/** What a period of use looks like. All but `events` is about commands. */
export interface Summary {
  total: number
  /** Most used first. */
  commands: Command[]
  versions: Share[]
  events: Share[]
  /** Every day of the period, the last one is today. */
  days: Day[]
  /** For each of them the runs per day in the 7 days that end with it. */
  average: number[]
  /** What trends are drawn in: so many days each, from these first moments on. */
  steps: { days: number; starts: number[] }
  comparisons: Comparison[]
  /** Of all uses, also before the period; undefined where there is none. */
  first: number | undefined
  last: number | undefined
  /** Where failures are counted, what failed most first. */
  failures?: Failure[]
  /** Where agents are counted. */
  agents?: Agents
  /** Where the uses are those of several. */
  installations?: Installations
}

/** The period in which uses are looked at, by default: twelve weeks. */
export const DEFAULT_DAYS = 84

/** Commands that are not in the tool's list are counted under this name. */
export const UNKNOWN = 'unknown'

/** Sums up the uses of the `days` days that end with the day of `now`. Days are those of the local time zone. */
export function summarise(all: readonly Use[], now: number, days: number): Summary {
  const calendar = lastDays(now, days)
  const steps = stepsOf(calendar)
  const past = all.filter(({ time }) => time <= now)
  const runs = past.filter(({ kind }) => kind === 'run')
  const [recentRuns, events] = (['run', 'event'] as const).map(wanted =>
    past.filter(({ kind, time }) => kind === wanted && time >= calendar[0]!.start),
  ) as [Use[], Use[]]
  for (const { time, count } of recentRuns) calendar[dayIndex(calendar, time)]!.count += count
  const first = runs.length ? runs.reduce((first, { time }) => Math.min(first, time), now) : undefined
  const last = runs.length ? runs.reduce((last, { time }) => Math.max(last, time), 0) : undefined
  const span = spanOf(days)
  const commands = sharesOf(recentRuns, steps.starts, ({ name }) => name)
  const changes = changesOf(runs, now, span)
  const whole = isWhole(first, now, span)
  const failed = past.some(({ kind }) => kind === 'failure')
  const many = past.some(({ installation }) => installation !== undefined)
  return {
    total: sum(recentRuns),
    commands: commands.map(command => ({
      ...command,
      change: { days: span, ...(changes.get(command.name) ?? { now: 0, before: 0 }), whole },
    })),
    versions: sharesOf(recentRuns, steps.starts, ({ version }) => version),
    events: sharesOf(events, steps.starts, ({ name }) => name),
    days: calendar,
    average: averageOf(runs, now, days),
    steps,
    comparisons: [7, 30].map(days => ({
      ...{ days, ...compare(runs, now, days), whole: isWhole(first, now, days) },
    })),
    ...{ first, last },
    ...(failed && { failures: failuresOf(past, now, span, whole) }),
    ...(recentRuns.some(({ agent }) => agent) && { agents: agentsOf(past, calendar, steps.starts) }),
    ...(many && { installations: installationsOf(recentRuns, calendar, steps.starts) }),
  }
}

/** What changes are told of in a period: the last 30 days of it, or the last 7 of a short one. */
function spanOf(days: number): number {
  return days >= 30 ? 30 : 7
}

/** What the last `days` days and the same number of days before them have of each command. */
function changesOf(
  runs: readonly Use[],
  now: number,
  days: number,
): Map<string, { now: number; before: number }> {
  const [start, earlier] = startsOf(now, days)
  const changes = new Map<string, { now: number; before: number }>()
  for (const { name, time, count } of runs) {
    if (time < earlier) continue
    if (!changes.has(name)) changes.set(name, { now: 0, before: 0 })
    changes.get(name)![time < start ? 'before' : 'now'] += count
  }
  return changes
}

function compare(runs: readonly Use[], now: number, days: number): { now: number; before: number } {
  const [start, earlier] = startsOf(now, days)
  const between = (from: number, to: number) => sum(runs.filter(({ time }) => time >= from && time < to))
  return { now: between(start, now + 1), before: between(earlier, start) }
}

function isWhole(first: number | undefined, now: number, days: number): boolean {
  // The day of the first use may have begun uncounted; a use before it shows that the day was whole.
  return first !== undefined && first < startsOf(now, days)[1]
}

function averageOf(runs: readonly Use[], now: number, days: number): number[] {
  const calendar = lastDays(now, days + 6)
  for (const { time, count } of runs)
    if (time >= calendar[0]!.start) calendar[dayIndex(calendar, time)]!.count += count
  const week = (end: number) => calendar.slice(end - 6, end + 1).reduce((sum, { count }) => sum + count, 0)
  return Array.from({ length: days }, (_, index) => week(index + 6) / 7)
}
