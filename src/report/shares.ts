import { stepIndex } from './days.ts'
import type { Use } from './use.ts'

/** How often, of one thing in the period. */
export interface Share {
  name: string
  count: number
  /** Of all in the period, 0 to 1. */
  share: number
  /** When it was last used, in ms since 1970. */
  last: number
  /** How often in each step of the period. */
  steps: number[]
}

/** By their names, most first. */
export function sharesOf(
  uses: readonly Use[],
  starts: readonly number[],
  nameOf: (use: Use) => string,
): Share[] {
  const total = sum(uses)
  const byName = new Map<string, { count: number; last: number; steps: number[] }>()
  for (const use of uses) {
    const name = nameOf(use)
    if (!byName.has(name)) byName.set(name, { count: 0, last: 0, steps: starts.map(() => 0) })
    const known = byName.get(name)!
    known.count += use.count
    known.last = Math.max(known.last, use.time)
    const step = stepIndex(starts, use.time)
    if (step >= 0) known.steps[step]! += use.count
  }
  return [...byName]
    .map(([name, { count, last, steps }]) => ({ name, count, share: count / total, last, steps }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
}

export function sum(uses: readonly Use[]): number {
  return uses.reduce((sum, { count }) => sum + count, 0)
}
