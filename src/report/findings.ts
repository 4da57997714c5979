import { UNKNOWN } from '../core/vocabulary.ts'
import { percent, percentChange, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { changesOf } from './changes.ts'
import type { History } from './history.ts'
import { MIN_RUNS } from './rows.ts'
import type { Sentence } from './sentence.ts'
import type { Summary } from './summary.ts'
import { type Unusual, unusualOf } from './unusual.ts'

/** What is worth a sentence. Each sentence is literally true of the counts. */
export interface Findings {
  /** How many use it, and whether the number grows. */
  headline: Sentence | undefined
  /** What has changed, and what few use. */
  changes: Sentence[]
  /** The command that fails most above its usual rate. */
  failing: Unusual | undefined
}

export function findingsOf(history: History, summary: Summary): Findings {
  const { period, commands, newest } = summary
  const released = newest?.appeared === undefined ? undefined : newest.version
  const unusual = unusualOf(history, period, commands, released)
  const failing = unusual.find(({ excess }) => excess > 0)
  return {
    headline: headlineOf(summary),
    changes: changesOf(history, summary, unusual),
    failing,
  }
}

function headlineOf({ hasInstallations, week, all, period, commands }: Summary): Sentence | undefined {
  const { days, unfinished } = period
  if (unfinished || !all.runs) return undefined
  if (hasInstallations) {
    if (!week.now) return undefined
    const who = `${plural(week.now, 'installation')} used it in the last 7 days`
    return week.before === undefined
      ? [who]
      : [`${who}, ${comparedWith(week.now, week.before)} in the 7 before`]
  }
  if (all.before && all.before.runs >= MIN_RUNS)
    return [
      `${plural(all.runs, 'run')} in the last ${days} days, ${comparedWith(all.runs, all.before.runs)} in the ${days} before`,
    ]
  const top = commands.find(({ name }) => name !== UNKNOWN)
  if (!top || commands.length < 2 || all.runs < MIN_RUNS) return undefined
  return [{ name: top.name }, ` is ${percent(top.runs / all.runs)} of ${plural(all.runs, 'run')}`]
}

/** `15% more than`; of a small number the number itself, since its percentages mean little. */
function comparedWith(now: number, before: number): string {
  const change = before >= MIN_RUNS ? percentChange(now, before) : undefined
  if (change === undefined) return `${shortNumber(before)}`
  if (change === 0) return 'as many as'
  return `${Math.abs(change) > 999 ? '>999' : Math.abs(change)}% ${change > 0 ? 'more' : 'fewer'} than`
}
