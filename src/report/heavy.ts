import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Use } from './use.ts'

/** An installation that makes so many runs that the numbers would be about it alone. */
export interface Heavy {
  installation: string
  runs: number
  /** Of all runs that are counted. */
  share: number
  /** What it runs most, and the share of that in its runs. */
  command: string
  commandShare: number
  /** The day of its first run. */
  since: number
}

/** More are no exception. */
const MAX_HEAVY = 3
/** With fewer others there is no crowd to compare with. */
const MIN_OTHERS = 4
/** So many times the average of the others. */
const MIN_FACTOR = 10

/**
 * Up to three installations that together make more than half of the runs of the last 7, 30 or 84 days or of all, each
 * more than ten times what the others make on average.
 */
export function heavyOf({ byInstallation, hasInstallations, today, since }: History): Heavy[] {
  if (!hasInstallations) return []
  const starts = [today - 7, today - 30, today - 84, since]
  const runs = byInstallation.map(uses => ({ uses, counts: starts.map(from => runsFrom(uses, from)) }))
  const found = new Set<readonly Use[]>()
  for (const window of starts.keys()) {
    const active = runs
      .map(({ uses, counts }) => ({ uses, count: counts[window]! }))
      .filter(({ count }) => count)
      .sort((a, b) => b.count - a.count)
    for (const one of topOf(active)) found.add(one.uses)
  }
  const total = runs.reduce((sum, { counts }) => sum + counts.at(-1)!, 0)
  return [...found]
    .map(uses => heavy(uses, total))
    .sort((a, b) => b.runs - a.runs || (a.installation < b.installation ? -1 : 1))
}

/** The smallest group of at most three that makes more than half; none if there is no such group. Sorted by count. */
function topOf<Counted extends { count: number }>(active: readonly Counted[]): readonly Counted[] {
  const total = active.reduce((sum, { count }) => sum + count, 0)
  let top = 0
  for (let few = 1; few <= Math.min(MAX_HEAVY, active.length - MIN_OTHERS); few++) {
    const { count } = active[few - 1]!
    top += count
    const others = (total - top) / (active.length - few)
    if (top * 2 > total && count > MIN_FACTOR * others) return active.slice(0, few)
  }
  return []
}

function heavy(uses: readonly Use[], total: number): Heavy {
  const commands = new Map<string, number>()
  let [runs, since] = [0, Number.POSITIVE_INFINITY]
  for (const { kind, name, count, time } of uses) {
    if (kind !== 'run') continue
    commands.set(name, (commands.get(name) ?? 0) + count)
    runs += count
    since = Math.min(since, dayOf(time))
  }
  const [[command, count]] = [...commands].sort(([, a], [, b]) => b - a) as [[string, number]]
  const { installation = '' } = uses[0]!
  return { installation, runs, share: runs / total, command, commandShare: count / runs, since }
}

function runsFrom(uses: readonly Use[], from: number): number {
  let runs = 0
  for (const { kind, count, time } of uses) if (kind === 'run' && dayOf(time) >= from) runs += count
  return runs
}
