import { count } from '../terminal/count.ts'
import { thousands } from '../terminal/number.ts'
import type { Claim } from './claim.ts'
import type { Summary } from './usage.ts'

/** A report before it has a form: text, page or card. */
export interface Told {
  /** `trix`, or `trix build` where one command was asked for. */
  subject: string
  /** What follows it in the title: `14,082 runs of 8 commands in the last 84 days`. */
  scope: string
  summary: Summary
  claims: readonly Claim[]
  words: Words
  /** What the numbers are made of, in words. */
  source: string
  /** Times are days, for whoever asks for them as JSON. */
  daysOnly?: boolean
}

/** What the things that are counted are called. */
export interface Words {
  /** `runs`, or the name of another metric. */
  runs: string
  /** `Command`, or the attributes of another metric. */
  thing: string
}

export const COMMANDS: Words = { runs: 'runs', thing: 'Command' }

export function scopeOf({ total, commands, days, installations }: Summary, words: Words = COMMANDS): string {
  const isRuns = words.runs === COMMANDS.runs
  const what = isRuns
    ? `${count(total, 'run')} of ${count(commands.length, 'command')}`
    : `${words.runs} ${thousands(total)} ${total === 1 ? 'time' : 'times'}`
  const who = installations ? ` by ${count(installations.total, 'installation')}` : ''
  return `${what}${who} in the last ${count(days.length, 'day')}`
}

/** What the last days have of one thing, against as many before them; empty where that is not known. */
export function changed(
  { now, before, whole }: Summary['comparisons'][number],
  change: (now: number, before: number) => string,
): string {
  if (!whole || (!now && !before)) return ''
  // A percentage of a few is no news.
  return before >= 10 ? change(now, before) : `${thousands(now)}, from ${thousands(before)}`
}
