import { UNKNOWN } from '../core/vocabulary.ts'
import { percent, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { spokenDay } from './days.ts'
import type { History } from './history.ts'
import { quietOf } from './quiet.ts'
import { failedShare, MIN_RUNS, type Row } from './rows.ts'
import type { Sentence } from './sentence.ts'
import { NO_AGENT, type Summary } from './summary.ts'
import type { Unusual } from './unusual.ts'

/** Of fewer installations a command is not called rarely used. */
const MIN_INSTALLATIONS = 20
/** A command is rarely used if at most this part of the installations uses it. */
const RARE = 0.05
/** A command is new if it was not run in so many days of counting. */
const MIN_AGE_DAYS = 28
const MAX_NAMES = 3

/** What has changed, and what few use. `unusual` has the worst first. */
export function changesOf(history: History, summary: Summary, unusual: readonly Unusual[]): Sentence[] {
  const [worst, best] = [unusual[0], unusual.at(-1)]
  return [
    adoptionSentence(summary),
    newCommandSentence(history, summary),
    worst && worst.excess > 0 ? failsMoreSentence(worst, summary.period.days) : undefined,
    best && best.excess < 0 ? failsLessSentence(best) : undefined,
    quietSentence(history, summary),
    agentsSentence(summary),
    rareSentence(history, summary),
  ].filter(sentence => sentence !== undefined)
}

function adoptionSentence({ newest, hasInstallations, period }: Summary): Sentence | undefined {
  if (!newest || newest.appeared === undefined || !hasInstallations) return undefined
  const { version, appeared, daysToHalf, daysTo90, share } = newest
  const when = (days: number) => (days ? `in ${plural(days, 'day')}` : 'on its first day')
  const name = { name: version }
  if (daysToHalf !== undefined) {
    const rest = daysTo90 === undefined ? '' : `, and 90% ${when(daysTo90)}`
    return [name, ` reached more than half of the installations ${when(daysToHalf)}${rest}`]
  }
  const days = period.to - 1 - appeared
  return days > 0
    ? [name, ` appeared ${plural(days, 'day')} ago: ${percent(share)} of installations have it`]
    : undefined
}

function newCommandSentence(
  { since }: History,
  { commands, period, hasInstallations, all }: Summary,
): Sentence | undefined {
  const isNew = ({ name, first, last, installations }: Row) =>
    name !== UNKNOWN &&
    first >= period.from &&
    first - since >= MIN_AGE_DAYS &&
    last < Number.POSITIVE_INFINITY &&
    (hasInstallations ? installations > 1 : true)
  const found = commands.find(isNew)
  if (!found?.runs) return undefined
  const day = spokenDay(found.first, period.to)
  return hasInstallations
    ? [
        { name: found.name },
        ` is new since ${day}: ${shortNumber(found.installations)} of ${shortNumber(all.installations)} installations used it`,
      ]
    : [{ name: found.name }, ` is new since ${day}: ${plural(found.runs, 'run')}`]
}

function failsMoreSentence({ name, now, usual, since }: Unusual, days: number): Sentence {
  const [share, before] = [percent(failedShare(now)!), percent(failedShare(usual)!)]
  return since === undefined
    ? [
        { name },
        ` fails more than before: ${share} of its runs in ${plural(days, 'day')}, ${before} before that`,
      ]
    : [{ name }, ' fails more on ', { name: since }, `: ${share} of its runs, ${before} on other versions`]
}

function failsLessSentence({ name, now, usual, since }: Unusual): Sentence {
  const [share, before] = [percent(failedShare(now)!), percent(failedShare(usual)!)]
  return since === undefined
    ? [{ name }, ` fails less: ${share} of its runs, down from ${before}`]
    : [{ name }, ' fails less on ', { name: since }, `: ${share} of its runs, ${before} on other versions`]
}

function quietSentence(
  history: History,
  { commands, period, hasInstallations }: Summary,
): Sentence | undefined {
  const found = quietOf(history, period, commands)
  if (!found) return undefined
  const since = spokenDay(found.last, period.to)
  return hasInstallations
    ? [
        'nobody has run ',
        { name: found.name },
        ` since ${since}; ${plural(found.installations, 'installation')} had in the 28 days before`,
      ]
    : [
        { name: found.name },
        ` has not been run since ${since}; it was on ${found.days} of the 28 days before`,
      ]
}

function agentsSentence({ agents, all, period }: Summary): Sentence | undefined {
  const runs = agents.reduce((sum, row) => sum + (row.name === NO_AGENT ? 0 : row.runs), 0)
  if (!runs || all.runs < MIN_RUNS || period.unfinished) return undefined
  return [`a coding agent was detected in ${percent(runs / all.runs)} of ${plural(all.runs, 'run')}`]
}

/** What few use: candidates for removal. */
function rareSentence(
  { since }: History,
  { commands, all, hasInstallations, period }: Summary,
): Sentence | undefined {
  if (!hasInstallations || all.installations < MIN_INSTALLATIONS || period.unfinished) return undefined
  const rare = commands
    .filter(
      ({ name, installations, first }) =>
        name !== UNKNOWN &&
        installations <= RARE * all.installations &&
        first < period.from &&
        since < period.from,
    )
    .slice(-MAX_NAMES)
    .reverse()
  if (!rare.length || rare.length === commands.length) return undefined
  const listed = (rows: readonly Row[], rest: (row: Row) => string): Sentence =>
    rows.flatMap((row, index) => [...(index ? [', '] : []), { name: row.name }, rest(row)])
  const [unused, few] = [rare.filter(row => !row.installations), rare.filter(row => row.installations)]
  const of = ` of ${shortNumber(all.installations)} installations: `
  return [
    ...(unused.length ? [`used by none${of}`, ...listed(unused, () => '')] : []),
    ...(few.length ? [unused.length ? '; by few: ' : `used by few${of}`] : []),
    ...listed(few, ({ installations }) => ` (${shortNumber(installations)})`),
  ]
}
