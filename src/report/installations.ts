import { type Day, dayIndex, type Use } from './usage.ts'

/** Who has used it, in a period. */
export interface Installations {
  total: number
  /** Of them, those of the last 7 days. */
  recent: number
  /** How many on each day of the period. */
  days: Day[]
  /** How many had each version in each week of the period, of the 20 versions of most installations, the newest first. */
  versions: { name: string; installations: number; weeks: Day[] }[]
}

/** More lines than this nobody compares. */
const MAX_VERSIONS = 20

/** Counts installations, each once a day and once a week, however much it was used. */
export function installationsOf(uses: readonly Use[], calendar: readonly Day[]): Installations {
  const daily = calendar.map(() => new Set<string>())
  const weekStarts = calendar.filter((day, index) => index === 0 || new Date(day.start).getDay() === 1)
  // Of a version only the weeks that it was used in: a stranger can send many versions.
  const weekly = new Map<string, Map<number, Set<string>>>()
  for (const { time, version, installation } of uses) {
    if (installation === undefined) continue
    const index = dayIndex(calendar, time)
    daily[index]!.add(installation)
    const weeks = entry(weekly, version, () => new Map<number, Set<string>>())
    entry(weeks, weekOf(calendar, index), () => new Set<string>()).add(installation)
  }
  return {
    total: union(daily),
    recent: union(daily.slice(-7)),
    days: calendar.map(({ start }, day) => ({ start, count: daily[day]!.size })),
    versions: [...weekly]
      .map(([name, weeks]) => ({ name, installations: union(weeks.values()), weeks }))
      .sort((a, b) => b.installations - a.installations || (a.name < b.name ? -1 : 1))
      .slice(0, MAX_VERSIONS)
      .sort((a, b) => b.name.localeCompare(a.name, 'en', { numeric: true }))
      .map(({ weeks, ...version }) => ({
        ...version,
        weeks: weekStarts.map(({ start }, week) => ({ start, count: weeks.get(week)?.size ?? 0 })),
      })),
  }
}

/** Which week of the period a day is in. Weeks begin on Monday, the first one may be short. */
export function weekOf(calendar: readonly Day[], index: number): number {
  return Math.floor((weekdayOf(calendar[0]!) + index) / 7)
}

/** 0 is Monday. */
export function weekdayOf({ start }: Day): number {
  return (new Date(start).getDay() + 6) % 7
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  if (!map.has(key)) map.set(key, make())
  return map.get(key)!
}

function union(sets: Iterable<Set<string>>): number {
  const all = new Set<string>()
  for (const set of sets) for (const one of set) all.add(one)
  return all.size
}
