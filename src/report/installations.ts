import { type Day, dayIndex, stepIndex } from './days.ts'
import type { Use } from './use.ts'

/** Who has used it, in a period. */
export interface Installations {
  total: number
  /** Of them, those of the last 7 days. */
  recent: number
  /** How many on each day of the period. */
  days: Day[]
  /**
   * How many had each version in each step of the period, newest version first, of the 20 versions that most
   * installations had. Each installation counts once per step, with the version that it used last.
   */
  versions: { name: string; installations: number; weeks: Day[] }[]
}

/** Nobody compares more lines than this. */
const MAX_VERSIONS = 20

/** Counts installations, each once a day and once a step, however much it was used. */
export function installationsOf(
  uses: readonly Use[],
  calendar: readonly Day[],
  starts: readonly number[],
): Installations {
  const daily = calendar.map(() => new Set<string>())
  const latest = starts.map(() => new Map<string, { time: number; version: string }>())
  const holders = new Map<string, Set<string>>()
  for (const { time, version, installation } of uses) {
    if (installation === undefined) continue
    daily[dayIndex(calendar, time)]!.add(installation)
    if (!holders.has(version)) holders.set(version, new Set())
    holders.get(version)!.add(installation)
    const step = latest[stepIndex(starts, time)]
    const known = step?.get(installation)
    if (step && (!known || isLater({ time, version }, known))) step.set(installation, { time, version })
  }
  return {
    total: union(daily),
    recent: union(daily.slice(-7)),
    days: calendar.map(({ start }, day) => ({ start, count: daily[day]!.size })),
    versions: [...holders]
      .map(([name, who]) => ({ name, installations: who.size }))
      .sort((a, b) => b.installations - a.installations || (a.name < b.name ? -1 : 1))
      .slice(0, MAX_VERSIONS)
      .sort((a, b) => compareVersions(b.name, a.name))
      .map(version => ({
        ...version,
        weeks: starts.map((start, step) => ({ start, count: having(version.name, latest[step]!) })),
      })),
  }
}

/** Which use says what an installation has: the later one, and of two at the same time the newer version's. */
export function isLater(a: { time: number; version: string }, b: { time: number; version: string }): boolean {
  return a.time > b.time || (a.time === b.time && compareVersions(a.version, b.version) > 0)
}

/** By the numbers in them: `0.10.0` comes after `0.9.0`, and after `0.10.0-beta`. */
export function compareVersions(a: string, b: string): number {
  const [[coreA = '', preA = ''], [coreB = '', preB = '']] = [a, b].map(text => split(text)) as [
    string[],
    string[],
  ]
  const byCore = coreA.localeCompare(coreB, 'en', { numeric: true })
  if (byCore) return byCore
  if (!preA !== !preB) return preA ? -1 : 1
  return preA.localeCompare(preB, 'en', { numeric: true }) || (a < b ? -1 : a > b ? 1 : 0)
}

function split(version: string): string[] {
  const [, core = version, pre = ''] = /^([^-+]*)-?(.*)$/s.exec(version) ?? []
  return [core, pre]
}

function having(version: string, latest: ReadonlyMap<string, { version: string }>): number {
  let installations = 0
  for (const known of latest.values()) if (known.version === version) installations++
  return installations
}

function union(sets: readonly Set<string>[]): number {
  const all = new Set<string>()
  for (const set of sets) for (const one of set) all.add(one)
  return all.size
}
