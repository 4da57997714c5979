import { startsOf } from './days.ts'
import type { Use } from './use.ts'

/** How often a command failed in the last days, and in as many before them. */
export interface Failure {
  name: string
  days: number
  now: Failed
  /** Undefined where what was counted does not go back so far. */
  before: Failed | undefined
}

export interface Failed {
  runs: number
  failed: number
}

/** Commands that failed in the last `days` days or in those before, what failed most first. */
export function failuresOf(past: readonly Use[], now: number, days: number, whole: boolean): Failure[] {
  const [start, earlier] = startsOf(now, days)
  const byName = new Map<string, { now: Failed; before: Failed }>()
  for (const { kind, name, time, count } of past) {
    if (kind === 'event' || time < earlier) continue
    if (!byName.has(name)) byName.set(name, { now: { runs: 0, failed: 0 }, before: { runs: 0, failed: 0 } })
    byName.get(name)![time < start ? 'before' : 'now'][kind === 'run' ? 'runs' : 'failed'] += count
  }
  return [...byName]
    .filter(([, { now, before }]) => now.runs + before.runs && now.failed + before.failed)
    .map(([name, { now, before }]) => ({ name, days, now, before: whole ? before : undefined }))
    .sort((a, b) => b.now.failed - a.now.failed || (a.name < b.name ? -1 : 1))
}

/** The part that failed, 0 to 1; undefined where nothing ran. */
export function failedShare({ runs, failed }: Failed): number | undefined {
  // A run can get lost that its failure was delivered for.
  return runs ? Math.min(1, failed / runs) : undefined
}
