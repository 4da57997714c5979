import { percent, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { spokenDay } from './days.ts'
import type { History } from './history.ts'
import type { Row } from './rows.ts'
import type { Sentence } from './sentence.ts'
import type { Summary } from './summary.ts'

/** Whether a command can be removed, as far as the counts tell. */
export interface Verdict {
  answer: 'Yes' | 'Almost' | 'Few would miss it' | 'No' | 'Not known'
  reason: Sentence
}

/** Fewer installations, or fewer days, say nothing about the users who are not counted. */
const MIN_INSTALLATIONS = 5
const MIN_DAYS = 28
const FEW = 0.05

/** `recent` is of 30 days, `long` of twelve weeks, or of the counted part of them. */
export function verdictOf(name: string, history: History, recent: Summary, long: Summary): Verdict {
  const [row, before] = [recent, long].map(({ commands }) => commands.find(row => row.name === name)) as Row[]
  const [command, last] = [{ name }, spokenDay(row!.last, history.today)]
  const counted = recent.period.to - history.since
  const of = (days: number) => `in the last ${plural(Math.min(days, counted), 'day')}`
  // Today is not in the 30 whole days, but a command that was run today is in use.
  if (!row!.runs && row!.last === history.today) return { answer: 'No', reason: [command, ' was run today'] }
  if (!history.hasInstallations) {
    if (row!.runs)
      return { answer: 'No', reason: [command, ` was run ${shortNumber(row!.runs)} times ${of(30)}`] }
    return counted < MIN_DAYS
      ? { answer: 'Not known', reason: [`only ${plural(counted, 'day')} are counted`] }
      : { answer: 'Yes', reason: [command, ` was last run ${when(last)}`] }
  }
  const all = recent.all.installations
  const used = row!.installations
  if (used) {
    const reason: Sentence = [
      command,
      ` was used by ${shortNumber(used)} of ${plural(all, 'installation')} (${percent(used / all)}) ${of(30)}; its last run was ${when(last)}`,
    ]
    if (all < MIN_INSTALLATIONS) return { answer: 'No', reason }
    return { answer: used <= FEW * all ? 'Few would miss it' : 'No', reason }
  }
  if (all < MIN_INSTALLATIONS || counted < MIN_DAYS)
    return {
      answer: 'Not known',
      reason: [`only ${plural(all, 'installation')} and ${plural(counted, 'day')} are counted`],
    }
  const reason: Sentence = [
    `none of ${plural(all, 'installation')} ran `,
    command,
    ` ${of(30)}; the last run was ${when(last)}`,
  ]
  return before!.installations ? { answer: 'Almost', reason } : { answer: 'Yes', reason }
}

function when(day: string): string {
  return /^(today|yesterday)$/.test(day) ? day : `on ${day}`
}
