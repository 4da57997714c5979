import { dayOf } from './days.ts'
import type { History } from './history.ts'
import type { Period } from './period.ts'
import { type Counts, MIN_RUNS, type Row } from './rows.ts'

type Runs = Pick<Counts, 'runs' | 'failed'>

/** A command that fails more often, or less often, than is usual for it. */
export interface Unusual {
  name: string
  now: Runs
  usual: Runs
  /** The newest version, if the change shows between it and the other versions. */
  since?: string
  /** Failed runs beyond the usual number; below 0 if fewer failed. */
  excess: number
}

const MIN_EXCESS = 5
/**
 * In standard deviations. Of commands whose rate has not changed, chance picks one in 400 if as many runs were counted
 * before, and at worst one in 65, if only 20 were.
 */
const MIN_SIGMA = 3

/** Commands that fail more than usual, worst first, then those that fail less. */
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
      const { name, usual } = row
      const versions = byNewest.get(name)
      const released = versions && excessOf(versions.newest, versions.older)
      if (released)
        return [{ name, now: versions.newest, usual: versions.older, since: newest!, excess: released }]
      const excess = excessOf(row, usual)
      return excess ? [{ name, now: row, usual: usual, excess }] : []
    })
    .filter(
      ({ name, excess }) => excess < 0 || !history.hasInstallations || failingIn(history, period, name) > 1,
    )
    .sort((a, b) => b.excess - a.excess)
}

/** 0 if chance can explain it. Chance is in the usual number as well, which comes from a limited number of runs. */
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

/** The runs from the usual days on, those of the newest version apart. */
function byVersion(
  { byInstallation }: History,
  { usualFrom, to }: Period,
  newest: string,
): Map<string, ByVersion> {
  const commands = new Map<string, ByVersion>()
  for (const uses of byInstallation)
    for (const { kind, name, version, time, count } of uses) {
      const day = dayOf(time)
      if (kind === 'event' || day < usualFrom || day >= to) continue
      let known = commands.get(name)
      if (!known) {
        known = { newest: { runs: 0, failed: 0 }, older: { runs: 0, failed: 0 } }
        commands.set(name, known)
      }
      known[version === newest ? 'newest' : 'older'][kind === 'run' ? 'runs' : 'failed'] += count
    }
  return commands
}

/** At how many installations it failed. A single one may be a broken machine. */
function failingIn({ byInstallation }: History, { from, to }: Period, wanted: string): number {
  return byInstallation.filter(uses =>
    uses.some(
      ({ kind, name, time }) =>
        kind === 'failure' && name === wanted && dayOf(time) >= from && dayOf(time) < to,
    ),
  ).length
}
