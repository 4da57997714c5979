import { dayOf } from './days.ts'
import type { History } from './history.ts'
import { type Period, type Steps, stepOf } from './period.ts'
import type { Use } from './use.ts'

export interface Counts {
  /** How many used it; 0 if the uses do not name installations. */
  installations: number
  /** How often it ran, or an event happened. */
  runs: number
  failed: number
}

/** The counts of a command, an event or an agent in the period. */
export interface Row extends Counts {
  name: string
  /** Of as many days before; undefined if not all of them were counted. */
  before: Counts | undefined
  /** Of the up to 84 days before the period. */
  usual: Counts
  /**
   * For each step the installations that used it, or how often it was used if the uses do not name installations. Only
   * the first 200 rows have one.
   */
  trend: number[]
  /** The first and the last day on which it was counted. */
  first: number
  last: number
}

/** The index of the installation that each number of a row counted last: an installation is counted once. */
interface LastCounted {
  now: number
  before: number
  past: number
}

/** Shares of fewer runs, and changes of fewer, mean nothing. */
export const MIN_RUNS = 20
/** A sender can send any number of names. */
export const MAX_ROWS = 200

/** Counts uses by `nameOf`, which returns undefined for uses to leave out. Sorted by installations. */
export function rowsOf(history: History, period: Period, nameOf: (use: Use) => string | undefined): Row[] {
  const { byInstallation, hasInstallations } = history
  const { from, to, before, usualFrom } = period
  const rows = new Map<string, Row & { counted: LastCounted }>()
  for (const [who, uses] of byInstallation.entries()) {
    for (const use of uses) {
      const name = nameOf(use)
      if (name === undefined) continue
      const day = dayOf(use.time)
      let row = rows.get(name)
      if (!row)
        rows.set(name, (row = { ...emptyRow(name, period), counted: { now: -1, before: -1, past: -1 } }))
      row.first = Math.min(row.first, day)
      row.last = Math.max(row.last, day)
      const somebody = hasInstallations && use.installation !== undefined ? who : undefined
      if (day >= from && day < to) add(row, row.counted, 'now', use, somebody)
      else if (before !== undefined && day >= before && day < from)
        add(row.before!, row.counted, 'before', use, somebody)
      if (day >= usualFrom && day < from) add(row.usual, row.counted, 'past', use, somebody)
    }
  }
  const sorted = [...rows.values()]
    .map(({ counted: _, ...row }): Row => row)
    .sort((a, b) => b.installations - a.installations || b.runs - a.runs || (a.name < b.name ? -1 : 1))
  addTrends(sorted.slice(0, MAX_ROWS), history, period.steps, nameOf)
  return sorted
}

function emptyRow(name: string, { before }: Period): Row {
  const none = () => ({ installations: 0, runs: 0, failed: 0 })
  return {
    ...{ name, ...none(), before: before === undefined ? undefined : none(), usual: none(), trend: [] },
    ...{ first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY },
  }
}

function add(
  counts: Counts,
  counted: LastCounted,
  when: keyof LastCounted,
  use: Use,
  somebody: number | undefined,
): void {
  if (use.kind === 'failure') {
    counts.failed += use.count
    return
  }
  counts.runs += use.count
  if (somebody === undefined || counted[when] === somebody) return
  counted[when] = somebody
  counts.installations++
}

function addTrends(
  rows: readonly Row[],
  { byInstallation, hasInstallations }: History,
  steps: Steps,
  nameOf: (use: Use) => string | undefined,
): void {
  const wanted = new Map(rows.map(row => [row.name, { row, counted: steps.starts.map(() => -1) }]))
  for (const row of rows) row.trend = steps.starts.map(() => 0)
  for (const [who, uses] of byInstallation.entries())
    for (const use of uses) {
      const name = use.kind === 'failure' ? undefined : nameOf(use)
      const found = name === undefined ? undefined : wanted.get(name)
      const step = found ? stepOf(steps, dayOf(use.time)) : -1
      if (!found || step < 0) continue
      if (!hasInstallations) found.row.trend[step]! += use.count
      else if (use.installation !== undefined && found.counted[step] !== who) {
        found.counted[step] = who
        found.row.trend[step]!++
      }
    }
}

/** The share that failed, 0 to 1; undefined if nothing ran. */
export function failedShare({ runs, failed }: Pick<Counts, 'runs' | 'failed'>): number | undefined {
  // A failure can arrive although its run is lost.
  return runs ? Math.min(1, failed / runs) : undefined
}
