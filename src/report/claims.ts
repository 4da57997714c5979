import { UNKNOWN } from '../core/vocabulary.ts'
import { count } from '../terminal/count.ts'
import { changeOf, percent, short } from '../terminal/number.ts'
import type { Claim } from './claim.ts'
import { shortDay, spokenDay } from './days.ts'
import type { History } from './history.ts'
import { quietOf } from './quiet.ts'
import { failedShare, type Row } from './rows.ts'
import { NO_AGENT, type Summary } from './summary.ts'
import { type Unusual, unusualOf } from './unusual.ts'

/** What is worth a sentence. Each is true of the counts to the letter, and is left out where it would mean nothing. */
export interface Claims {
  /** How many use it, and whether they become more. */
  headline: Claim | undefined
  /** What has changed, and what is used by few. */
  changes: Claim[]
  /** What fails most over what is usual for it. */
  failing: Unusual | undefined
}

/** Shares of fewer runs than these, and a change of fewer, say nothing. */
const MIN_RUNS = 20
/** Below this nobody is most, and nobody few. */
const MIN_INSTALLATIONS = 5
/** Used by no more than this part it is rare. */
const RARE = 0.05
/** A command is new if counting had gone on for so long without it. */
const MIN_AGE = 28
const MAX_NAMES = 3

export function claimsOf(history: History, summary: Summary): Claims {
  const { period, commands, newest } = summary
  const failures = unusualOf(
    history,
    period,
    commands,
    newest?.appeared === undefined ? undefined : newest.version,
  )
  const [worst] = failures
  const failing = worst && worst.excess > 0 ? worst : undefined
  const changes = [
    adoptionClaim(summary),
    newClaim(history, summary),
    worseClaim(failing, period.days),
    betterClaim(failures.at(-1)),
    quietClaim(history, summary),
    agentsClaim(summary),
    rareClaim(history, summary),
  ]
  return {
    headline: headlineOf(summary),
    changes: changes.filter(claim => claim !== undefined),
    failing,
  }
}

function headlineOf({ many, week, all, period, commands }: Summary): Claim | undefined {
  const { days, unfinished } = period
  if (unfinished || !all.runs) return undefined
  if (many) {
    if (!week.now) return undefined
    const who = `${count(week.now, 'installation')} used it in the last 7 days`
    return week.before === undefined ? [who] : [`${who}, ${against(week.now, week.before)} in the 7 before`]
  }
  if (all.before && all.before.runs >= MIN_RUNS)
    return [
      `${count(all.runs, 'run')} in the last ${days} days, ${against(all.runs, all.before.runs)} in the ${days} before`,
    ]
  const top = commands.find(({ name }) => name !== UNKNOWN)
  if (!top || commands.length < 2 || all.runs < MIN_RUNS) return undefined
  return [{ name: top.name }, ` is ${percent(top.runs / all.runs)} of ${count(all.runs, 'run')}`]
}

/** `15% more than`, or the number where a percentage of few would be no news. */
function against(now: number, before: number): string {
  const change = before >= MIN_RUNS ? changeOf(now, before) : undefined
  if (change === undefined) return `${short(before)}`
  if (change === 0) return 'as many as'
  return `${Math.abs(change) > 999 ? '>999' : Math.abs(change)}% ${change > 0 ? 'more' : 'fewer'} than`
}

function adoptionClaim({ newest, many, period }: Summary): Claim | undefined {
  if (!newest || newest.appeared === undefined || !many) return undefined
  const { version, appeared, half, most, share } = newest
  const when = (days: number) => (days ? `in ${count(days, 'day')}` : 'on its first day')
  const name = { name: version }
  if (half !== undefined) {
    const rest = most === undefined ? '' : `, and 90% ${when(most)}`
    return [name, ` reached more than half of the installations ${when(half)}${rest}`]
  }
  const days = period.to - 1 - appeared
  return days > 0
    ? [name, ` appeared ${count(days, 'day')} ago: ${percent(share)} of installations have it`]
    : undefined
}

function newClaim({ since }: History, { commands, period, many, all }: Summary): Claim | undefined {
  const isNew = ({ name, first, last, installations }: Row) =>
    name !== UNKNOWN &&
    first >= period.from &&
    first - since >= MIN_AGE &&
    last < Number.POSITIVE_INFINITY &&
    (many ? installations > 1 : true)
  const found = commands.find(isNew)
  if (!found?.runs) return undefined
  const day = spokenDay(found.first, period.to)
  return many
    ? [
        { name: found.name },
        ` is new since ${day}: ${short(found.installations)} of ${short(all.installations)} installations used it`,
      ]
    : [{ name: found.name }, ` is new since ${day}: ${count(found.runs, 'run')}`]
}

function worseClaim(found: Unusual | undefined, days: number): Claim | undefined {
  if (!found) return undefined
  const { name, now, usual, since } = found
  const [share, before] = [percent(failedShare(now)!), percent(failedShare(usual)!)]
  return since === undefined
    ? [
        { name },
        ` fails more than before: ${share} of its runs in ${count(days, 'day')}, ${before} before that`,
      ]
    : [{ name }, ' fails more on ', { name: since }, `: ${share} of its runs, ${before} on other versions`]
}

function betterClaim(found: Unusual | undefined): Claim | undefined {
  if (!found || found.excess > 0) return undefined
  const { name, now, usual, since } = found
  const [share, before] = [percent(failedShare(now)!), percent(failedShare(usual)!)]
  return since === undefined
    ? [{ name }, ` fails less: ${share} of its runs, down from ${before}`]
    : [{ name }, ' fails less on ', { name: since }, `: ${share} of its runs, ${before} on other versions`]
}

function quietClaim(history: History, { commands, period, many }: Summary): Claim | undefined {
  const found = quietOf(history, period, commands)
  if (!found) return undefined
  const since = spokenDay(found.last, period.to)
  return many
    ? [
        'nobody has run ',
        { name: found.name },
        ` since ${since}; ${count(found.installations, 'installation')} had in the 28 days before`,
      ]
    : [
        { name: found.name },
        ` has not been run since ${since}; it was on ${found.days} of the 28 days before`,
      ]
}

function agentsClaim({ agents, all, period }: Summary): Claim | undefined {
  const runs = agents.reduce((sum, row) => sum + (row.name === NO_AGENT ? 0 : row.runs), 0)
  if (!runs || all.runs < MIN_RUNS || period.unfinished) return undefined
  return [`a coding agent was detected in ${percent(runs / all.runs)} of ${count(all.runs, 'run')}`]
}

/** What few use: the first to ask about when something is to go. */
function rareClaim({ since }: History, { commands, all, many, period }: Summary): Claim | undefined {
  if (!many || all.installations < 4 * MIN_INSTALLATIONS || period.unfinished) return undefined
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
  const listed = (rows: readonly Row[], rest: (row: Row) => string): Claim =>
    rows.flatMap((row, index) => [...(index ? [', '] : []), { name: row.name }, rest(row)])
  const [unused, few] = [rare.filter(row => !row.installations), rare.filter(row => row.installations)]
  const of = ` of ${short(all.installations)} installations: `
  return [
    ...(unused.length ? [`used by none${of}`, ...listed(unused, () => '')] : []),
    ...(few.length ? [unused.length ? '; by few: ' : `used by few${of}`] : []),
    ...listed(few, ({ installations }) => ` (${short(installations)})`),
  ]
}

/** `28 Oct – 26 Nov`, or the one day. */
export function daysText({ from, to, unfinished }: Summary['period']): string {
  if (unfinished) return shortDay(from, from)
  return to - from === 1 ? shortDay(from, to) : `${shortDay(from, to)} – ${shortDay(to - 1, to)}`
}
