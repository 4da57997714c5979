import { percent } from '../terminal/number.ts'
import type { Claim } from './claim.ts'
import { daysAgo, lastDays } from './days.ts'
import { compareVersions, isLater } from './installations.ts'
import type { Use } from './use.ts'

/** An installation is current for so many days after its last run. */
const CURRENT_DAYS = 28
/** Most of four is no news. */
const MIN_INSTALLATIONS = 5
/** Nobody remembers when an older version came. */
const MAX_AGE = 365

interface Latest {
  time: number
  version: string
}

/**
 * How the newest version spreads: an installation has the version that it ran last, and is current if it ran in the
 * last 28 days. A version that was there when counting began has no known age, so nothing is said of it.
 */
export function adoptionClaim(runs: readonly Use[], now: number): Claim | undefined {
  const sorted = runs.filter(({ installation }) => installation !== undefined).sort((a, b) => a.time - b.time)
  const versions = new Set(sorted.map(({ version }) => version))
  // Several tools in one file have versions that nobody can compare.
  if (versions.size < 2 || [...versions].some(version => version.includes(' '))) return undefined
  const newest = [...versions].sort(compareVersions).at(-1)!
  const birth = sorted.find(({ version }) => version === newest)!.time
  const age = daysAgo(birth, now)
  if (daysAgo(sorted[0]!.time, now) <= age || age > MAX_AGE) return undefined

  const days = lastDays(now, age + 1)
  const latest = new Map<string, Latest>()
  let next = 0
  for (const [index] of days.entries()) {
    const end = days[index + 1]?.start ?? now + 1
    for (; next < sorted.length && sorted[next]!.time < end; next++) take(latest, sorted[next]!)
    const { having, current } = share(latest, newest, lastDays(end - 1, CURRENT_DAYS)[0]!.start)
    if (current >= MIN_INSTALLATIONS && having * 2 > current) {
      const when = index ? `in ${index} day${index === 1 ? '' : 's'}` : 'on its first day'
      return [{ name: newest }, ` reached most installations ${when}`]
    }
  }
  const { having, current } = share(latest, newest, lastDays(now, CURRENT_DAYS)[0]!.start)
  if (current < MIN_INSTALLATIONS || !having || !age) return undefined
  const after = `after ${age} day${age === 1 ? '' : 's'}`
  return [{ name: newest }, ` is on ${percent(having / current)} of installations ${after}`]
}

function take(latest: Map<string, Latest>, { installation, time, version }: Use): void {
  const known = latest.get(installation!)
  if (!known || isLater({ time, version }, known)) latest.set(installation!, { time, version })
}

function share(latest: ReadonlyMap<string, Latest>, version: string, since: number) {
  let [having, current] = [0, 0]
  for (const known of latest.values()) {
    if (known.time < since) continue
    current++
    if (known.version === version) having++
  }
  return { having, current }
}
