import { dayOf } from './days.ts'
import type { History } from './history.ts'
import { type Period, stepOf } from './period.ts'
import { MAX_ROWS } from './rows.ts'
import type { Use } from './use.ts'
import { isLater } from './versions.ts'

/**
 * How many installations have a version, a system or a runtime, by the last run of each. If the uses do not name
 * installations: how often it was used.
 */
export interface Spread {
  name: string
  /** In the period. */
  count: number
  /** Of all, 0 to 1. */
  share: number
  trend: number[]
  first: number
}

/** By `nameOf` of each run; undefined for a run that does not tell. Most first. */
export function spreadOf(
  { byInstallation, hasInstallations }: History,
  { from, to, steps }: Period,
  nameOf: (use: Use) => string | undefined,
): Spread[] {
  const rows = new Map<string, Omit<Spread, 'share'>>()
  const rowOf = (name: string) => {
    let row = rows.get(name)
    if (!row) rows.set(name, (row = { name, count: 0, first: Number.POSITIVE_INFINITY, trend: [] }))
    return row
  }
  const addTo = (trend: number[], step: number, count: number) => {
    trend[step] = (trend[step] ?? 0) + count
  }
  for (const uses of byInstallation) {
    let last: Use | undefined
    const lastIn: (Use | undefined)[] = []
    for (const use of uses) {
      const name = use.kind === 'run' ? nameOf(use) : undefined
      if (name === undefined) continue
      const day = dayOf(use.time)
      const [row, step, within] = [rowOf(name), stepOf(steps, day), day >= from && day < to]
      row.first = Math.min(row.first, day)
      if (!hasInstallations) {
        if (within) row.count += use.count
        if (step >= 0) addTo(row.trend, step, use.count)
      } else if (use.installation !== undefined) {
        if (within && (!last || isLater(use, last))) last = use
        if (step >= 0 && (!lastIn[step] || isLater(use, lastIn[step]))) lastIn[step] = use
      }
    }
    if (last) rowOf(nameOf(last)!).count++
    for (const [step, use] of lastIn.entries()) if (use) addTo(rowOf(nameOf(use)!).trend, step, 1)
  }
  const total = [...rows.values()].reduce((sum, { count }) => sum + count, 0)
  return [...rows.values()]
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_ROWS)
    .map(row => ({
      ...row,
      share: total ? row.count / total : 0,
      trend: steps.starts.map((_, step) => row.trend[step] ?? 0),
    }))
}
