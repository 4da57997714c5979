import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Period } from './period.ts'
import type { Spread } from './spread.ts'
import type { Use } from './use.ts'
import { compareVersions, isLater } from './versions.ts'

/** The newest version, and how it has spread. */
export interface Newest {
  version: string
  /** The day on which it was first counted; undefined if that is the day on which counting began. */
  appeared: number | undefined
  /** Of the installations of the period; of the runs if the uses do not name installations. */
  share: number
  /** The days until more than half, and 90 %, of the active installations had it. */
  daysToHalf: number | undefined
  daysTo90: number | undefined
}

/** An installation is active for so many days after its last run. */
const ACTIVE_DAYS = 28
/** Shares of fewer installations mean little. */
const MIN_INSTALLATIONS = 5

/** Undefined if there is only one version. */
export function newestOf(history: History, period: Period, versions: readonly Spread[]): Newest | undefined {
  if (versions.length < 2) return undefined
  const all = versions.reduce((sum, { count }) => sum + count, 0)
  // A version at one installation alone may be a developer's or a stranger's.
  const least = history.hasInstallations && all >= MIN_INSTALLATIONS ? 2 : 1
  const [newest] = versions
    .filter(({ count }) => count >= least)
    .sort((a, b) => compareVersions(b.name, a.name))
  if (!newest) return undefined
  const { name: version, share, first } = newest
  const appeared = first > history.since ? first : undefined
  const spreading =
    appeared === undefined || !history.hasInstallations ? [] : sharesOver(history, version, first, period.to)
  const after = (part: (share: number) => boolean) => {
    const days = spreading.findIndex(share => share !== undefined && part(share))
    return days < 0 ? undefined : days
  }
  return {
    version,
    appeared,
    share,
    daysToHalf: after(share => share > 0.5),
    daysTo90: after(share => share >= 0.9),
  }
}

/** The share of the active installations that had the version at the end of each day; undefined if there are too few. */
function sharesOver(
  { byInstallation }: History,
  version: string,
  first: number,
  to: number,
): (number | undefined)[] {
  const [having, active] = [new Int32Array(to - first), new Int32Array(to - first)]
  for (const uses of byInstallation) {
    if (uses[0]!.installation === undefined) continue
    const runs = uses.filter(({ kind }) => kind === 'run').sort((a, b) => a.time - b.time)
    let [last, next] = [undefined as Use | undefined, 0]
    for (let day = first; day < to; day++) {
      for (; next < runs.length && dayOf(runs[next]!.time) <= day; next++)
        if (!last || isLater(runs[next]!, last)) last = runs[next]
      if (!last || dayOf(last.time) <= day - ACTIVE_DAYS) continue
      active[day - first]!++
      if (last.version === version) having[day - first]!++
    }
  }
  return [...active].map((count, day) => (count >= MIN_INSTALLATIONS ? having[day]! / count : undefined))
}
