import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Period } from './period.ts'
import type { Spread } from './spread.ts'
import type { Use } from './use.ts'
import { compareVersions, isLater } from './versions.ts'

/** The newest version, and how it has spread. */
export interface Newest {
  version: string
  /** The day on which it appeared; undefined where it was there when counting began. */
  appeared: number | undefined
  /** Of the installations of the period; of the runs where nothing says whose they are. */
  share: number
  /** After how many days more than half, and 90 %, of the current installations had it. */
  half: number | undefined
  most: number | undefined
}

/** An installation is current for so many days after its last run. */
const CURRENT_DAYS = 28
/** Most of four is no news. */
const MIN_INSTALLATIONS = 5

/** Undefined where there is only one version. */
export function newestOf(history: History, period: Period, versions: readonly Spread[]): Newest | undefined {
  if (versions.length < 2) return undefined
  const all = versions.reduce((sum, { count }) => sum + count, 0)
  // One installation alone, a developer's or a stranger's, does not say which version is out.
  const least = history.many && all >= MIN_INSTALLATIONS ? 2 : 1
  const [newest] = versions
    .filter(({ count }) => count >= least)
    .sort((a, b) => compareVersions(b.name, a.name))
  if (!newest) return undefined
  const { name: version, share, first } = newest
  const appeared = first > history.since ? first : undefined
  const spreading =
    appeared === undefined || !history.many ? [] : sharesOver(history, version, first, period.to)
  const after = (part: (share: number) => boolean) => {
    const days = spreading.findIndex(share => share !== undefined && part(share))
    return days < 0 ? undefined : days
  }
  return {
    version,
    appeared,
    share,
    half: after(share => share > 0.5),
    most: after(share => share >= 0.9),
  }
}

/** The part of the current installations that had the version at the end of each day; undefined of too few. */
function sharesOver({ people }: History, version: string, first: number, to: number): (number | undefined)[] {
  const [having, current] = [new Int32Array(to - first), new Int32Array(to - first)]
  for (const uses of people) {
    if (uses[0]!.installation === undefined) continue
    const runs = uses.filter(({ kind }) => kind === 'run').sort((a, b) => a.time - b.time)
    let [last, next] = [undefined as Use | undefined, 0]
    for (let day = first; day < to; day++) {
      for (; next < runs.length && dayOf(runs[next]!.time) <= day; next++)
        if (!last || isLater(runs[next]!, last)) last = runs[next]
      if (!last || dayOf(last.time) <= day - CURRENT_DAYS) continue
      current[day - first]!++
      if (last.version === version) having[day - first]!++
    }
  }
  return [...current].map((count, day) => (count >= MIN_INSTALLATIONS ? having[day]! / count : undefined))
}
