import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Period } from './period.ts'
import type { Counts, Row } from './rows.ts'

type Runs = Pick<Counts, 'runs' | 'failed'>

/** A command that fails more often, or less, than is usual for it. */
export interface Unusual {
  name: string
  now: Runs
  usual: Runs
  /** The version that it began with, where its other versions fail as before. */
  since?: string
  /** How many runs failed that usually would not have; below 0 where fewer did. */
  excess: number
}

/** Shares of fewer runs say nothing. */
const MIN_RUNS = 20
const MIN_EXCESS = 5
/**
 * In standard deviations. Of commands that fail as they did, chance alone picks one in 400 where as many runs are usual,
 * and at worst one in 65, where 20 are.
 */
const MIN_SIGMA = 3

/** What fails more than it did, worst first, then what fails less. */
export function unusualOf(
  history: History,
  period: Period,
  commands: readonly Row[],
  newest: string | undefined,
): Unusual[] {
  if (!history.has.failures) return []
  const byNewest = newest === undefined ? new Map<string, ByVersion>() : byVersion(history, period, newest)
  return commands
    .flatMap((row): Unusual[] => {
      const { name, past } = row
      const versions = byNewest.get(name)
      const released = versions && excessOf(versions.newest, versions.older)
      if (released)
        return [{ name, now: versions.newest, usual: versions.older, since: newest!, excess: released }]
      const excess = excessOf(row, past)
      return excess ? [{ name, now: row, usual: past, excess }] : []
    })
    .filter(({ name, excess }) => excess < 0 || !history.many || failingIn(history, period, name) > 1)
    .sort((a, b) => b.excess - a.excess)
}

/** 0 where it is no more than chance, in what is usual too: that was counted in a limited number of runs. */
function excessOf(now: Runs, usual: Runs): number {
  if (now.runs < MIN_RUNS || usual.runs < MIN_RUNS) return 0
  const [failed, before] = [Math.min(now.failed, now.runs), Math.min(usual.failed, usual.runs)]
  const excess = failed - (now.runs * before) / usual.runs
  const part = (failed + before + 1) / (now.runs + usual.runs + 2)
  const deviation = Math.sqrt(now.runs * part * (1 - part) * (1 + now.runs / usual.runs))
  return Math.abs(excess) >= Math.max(MIN_EXCESS, MIN_SIGMA * deviation) ? excess : 0
}

interface ByVersion {
  newest: Runs
  older: Runs
}

/** The runs of the period and of what is usual, those of the newest version apart. */
function byVersion({ people }: History, { past, to }: Period, newest: string): Map<string, ByVersion> {
  const commands = new Map<string, ByVersion>()
  for (const uses of people)
    for (const { kind, name, version, time, count } of uses) {
      const day = dayOf(time)
      if (kind === 'event' || day < past || day >= to) continue
      let known = commands.get(name)
      if (!known) {
        known = { newest: { runs: 0, failed: 0 }, older: { runs: 0, failed: 0 } }
        commands.set(name, known)
      }
      known[version === newest ? 'newest' : 'older'][kind === 'run' ? 'runs' : 'failed'] += count
    }
  return commands
}

/** At how many installations it has failed. One alone may have a machine that is broken. */
function failingIn({ people }: History, { from, to }: Period, wanted: string): number {
  return people.filter(uses =>
    uses.some(
      ({ kind, name, time }) =>
        kind === 'failure' && name === wanted && dayOf(time) >= from && dayOf(time) < to,
    ),
  ).length
}
