import { dayOf } from './days.ts'
import type { History } from './history.ts'
import { type Period, type Steps, stepOf } from './period.ts'
import type { Use } from './use.ts'

export interface Counts {
  /** How many used it; 0 where nothing says whose the uses are. */
  installations: number
  /** How often. Of events: how often they happened. */
  runs: number
  failed: number
}

/** What is counted of one thing in the period: a command, an event, an agent. */
export interface Row extends Counts {
  name: string
  /** Of the same number of days before; undefined where those were not all counted. */
  before: Counts | undefined
  /** Of up to 84 days before the period. */
  past: Counts
  /**
   * In each step the installations that used it, or how often it was used where nothing says by whom. Of the 200 rows
   * that come first.
   */
  trend: number[]
  /** The first and the last day of all. */
  first: number
  last: number
}

/** The installation last counted in each number of a row: each is counted once. */
interface Last {
  now: number
  before: number
  past: number
}

/** More rows nobody reads, and a stranger can send as many as he likes. */
export const MAX_ROWS = 200

/** Counts uses by `nameOf`, which is undefined for what does not belong. Used by most first. */
export function rowsOf(history: History, period: Period, nameOf: (use: Use) => string | undefined): Row[] {
  const { people, many } = history
  const { from, to, before, past } = period
  const rows = new Map<string, Row & { counted: Last }>()
  for (const [who, uses] of people.entries()) {
    for (const use of uses) {
      const name = nameOf(use)
      if (name === undefined) continue
      const day = dayOf(use.time)
      let row = rows.get(name)
      if (!row)
        rows.set(name, (row = { ...emptyRow(name, period), counted: { now: -1, before: -1, past: -1 } }))
      row.first = Math.min(row.first, day)
      row.last = Math.max(row.last, day)
      const somebody = many && use.installation !== undefined ? who : undefined
      if (day >= from && day < to) add(row, row.counted, 'now', use, somebody)
      else if (before !== undefined && day >= before && day < from)
        add(row.before!, row.counted, 'before', use, somebody)
      if (day >= past && day < from) add(row.past, row.counted, 'past', use, somebody)
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
    ...{ name, ...none(), before: before === undefined ? undefined : none(), past: none(), trend: [] },
    ...{ first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY },
  }
}

function add(counts: Counts, counted: Last, when: keyof Last, use: Use, somebody: number | undefined): void {
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
  { people, many }: History,
  steps: Steps,
  nameOf: (use: Use) => string | undefined,
): void {
  const wanted = new Map(rows.map(row => [row.name, { row, counted: steps.starts.map(() => -1) }]))
  for (const row of rows) row.trend = steps.starts.map(() => 0)
  for (const [who, uses] of people.entries())
    for (const use of uses) {
      const name = use.kind === 'failure' ? undefined : nameOf(use)
      const found = name === undefined ? undefined : wanted.get(name)
      const step = found ? stepOf(steps, dayOf(use.time)) : -1
      if (!found || step < 0) continue
      if (!many) found.row.trend[step]! += use.count
      else if (use.installation !== undefined && found.counted[step] !== who) {
        found.counted[step] = who
        found.row.trend[step]!++
      }
    }
}

/** The part that failed, 0 to 1; undefined where nothing ran. */
export function failedShare({ runs, failed }: Pick<Counts, 'runs' | 'failed'>): number | undefined {
  // A failure can arrive although its run was lost.
  return runs ? Math.min(1, failed / runs) : undefined
}
