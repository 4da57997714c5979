import { type Installations, installationsOf } from './installations.ts'

/** What happened at one time: invocations of one command, or events of one other series, by one version. */
export interface Use {
  /** In ms since 1970. */
  time: number
  count: number
  /** `build`, or a series in words. */
  name: string
  version: string
  /** Not a command: counted by `trackEvent`. */
  event: boolean
  /** Whose, where there are several. */
  installation?: string
}

/** How often, of one thing in the period. */
export interface Share {
  name: string
  count: number
  /** Of all in the period, 0 to 1. */
  share: number
  /** When it was last used, in ms since 1970. */
  last: number
}

/** The last days against as many before them. */
export interface Comparison {
  days: number
  now: number
  before: number
}

export interface Day {
  /** Its first moment, local time, in ms since 1970. */
  start: number
  count: number
}

/** What a period of use looks like. All but `events` is about commands. */
export interface Summary {
  total: number
  /** Most used first. */
  commands: Share[]
  versions: Share[]
  events: Share[]
  /** Every day of the period, the last one is today. */
  days: Day[]
  comparisons: Comparison[]
  /** Of all uses, also before the period; undefined where there is none. */
  first: number | undefined
  last: number | undefined
  /** Where the uses are those of several. */
  installations?: Installations
}

/** The period in which uses are looked at, by default: twelve weeks. */
export const DEFAULT_DAYS = 84

/** Sums up the uses of the `days` days that end with the day of `now`. Days are those of the local time zone. */
export function summarise(all: readonly Use[], now: number, days: number): Summary {
  const calendar = lastDays(now, days)
  const recent = all.filter(({ time }) => time >= calendar[0]!.start && time <= now)
  const [uses, inPeriod] = [all, recent].map(list => list.filter(({ event }) => !event)) as [Use[], Use[]]
  for (const { time, count } of inPeriod) calendar[dayIndex(calendar, time)]!.count += count
  const total = sum(inPeriod)
  const times = uses.map(({ time }) => time)
  const many = all.some(({ installation }) => installation !== undefined)
  return {
    total,
    commands: shares(inPeriod, ({ name }) => name),
    versions: shares(inPeriod, ({ version }) => version),
    events: shares(
      recent.filter(({ event }) => event),
      ({ name }) => name,
    ),
    days: calendar,
    comparisons: [7, 30].map(days => ({ days, ...compare(uses, now, days) })),
    first: times.length ? times.reduce((a, b) => Math.min(a, b)) : undefined,
    last: times.length ? times.reduce((a, b) => Math.max(a, b)) : undefined,
    ...(many && { installations: installationsOf(recent, calendar) }),
  }
}

/** The local days of a period that ends with the day of `now`. */
export function lastDays(now: number, days: number): Day[] {
  const today = new Date(now)
  // By the calendar, not by 24 hours: two days of a year have 23 and 25.
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - index))
    return { start: day.getTime(), count: 0 }
  })
}

/** Which of the days a time is in that is not outside of them. */
export function dayIndex(calendar: readonly Day[], time: number): number {
  // A day has about 24 hours, so this is at most one off.
  const guess = Math.min(Math.floor((time - calendar[0]!.start) / 86_400_000), calendar.length - 1)
  if (time < calendar[guess]!.start) return guess - 1
  return guess + 1 < calendar.length && time >= calendar[guess + 1]!.start ? guess + 1 : guess
}

function shares(uses: readonly Use[], nameOf: (use: Use) => string): Share[] {
  const total = sum(uses)
  const byName = new Map<string, { count: number; last: number }>()
  for (const use of uses) {
    const known = byName.get(nameOf(use)) ?? { count: 0, last: 0 }
    byName.set(nameOf(use), { count: known.count + use.count, last: Math.max(known.last, use.time) })
  }
  return [...byName]
    .map(([name, { count, last }]) => ({ name, count, share: count / total, last }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
}

function compare(uses: readonly Use[], now: number, days: number): { now: number; before: number } {
  const [start, earlier] = [lastDays(now, days)[0]!.start, lastDays(now, 2 * days)[0]!.start]
  const between = (from: number, to: number) => sum(uses.filter(({ time }) => time >= from && time < to))
  return { now: between(start, now + 1), before: between(earlier, start) }
}

function sum(uses: readonly Use[]): number {
  return uses.reduce((sum, { count }) => sum + count, 0)
}

/** `+12 %`, `−17 %`; empty where there was nothing before. */
export function change({ now, before }: Comparison): string {
  if (!before) return ''
  const percent = Math.round((100 * (now - before)) / before)
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`
}

/** `2026-11-21` in local time. */
export function isoDay(time: number): string {
  const day = new Date(time)
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map(part => String(part).padStart(2, '0'))
    .join('-')
}
