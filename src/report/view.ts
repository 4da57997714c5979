import { didYouMean } from '../terminal/did-you-mean.ts'
import { printable } from '../terminal/printable.ts'
import { type Findings, findingsOf } from './findings.ts'
import { type Heavy, heavyOf } from './heavy.ts'
import { type History, historyOf } from './history.ts'
import { DEFAULT_DAYS, periodOf } from './period.ts'
import { publicUses } from './public.ts'
import { NO_AGENT, type Summary, summaryOf } from './summary.ts'
import type { Use } from './use.ts'
import { type Verdict, verdictOf } from './verdict.ts'

/** What a report is made of. */
export interface Report {
  /** The name of the tool. */
  subject: string
  uses: readonly Use[]
  /** Where the uses come from, in words. */
  source: string
  words?: Words
  /** Sentences on what is not shown. */
  notes?: readonly string[]
}

/** The words for what is counted, if that is not runs of commands. */
export interface Words {
  /** `cup_brewed` */
  runs: string
  /** `size` */
  thing: string
}

/** What the user asked for. */
export interface Wanted {
  days?: number | undefined
  command?: string | undefined
  /** Includes installations that make most of the runs. */
  all?: boolean
  public?: boolean
}

/** A report, from which text, page, card and JSON are made. */
export interface View {
  subject: string
  source: string
  words: Words | undefined
  notes: readonly string[]
  history: History
  /** The period that was asked for, or 30 days. */
  shown: Range
  /** The periods that a page can switch to, `shown` among them. A function, because it counts. */
  ranges(): readonly Range[]
  /** Installations that make most of the runs. */
  heavy: readonly Heavy[]
  /** The view that includes them; undefined if this one does, or if there are none. */
  everybody: (() => View) | undefined
  command: { name: string; verdict: Verdict; narrowed: Summary } | undefined
  public: boolean
}

export interface Range {
  name: string
  summary: Summary
  findings: Findings
}

/** Throws an `Error` with a sentence if there is nothing to show. */
export function viewOf(report: Report, wanted: Wanted, now: number): View {
  const history = historyOf(report.uses, now)
  if (!history) throw new Error('nothing is counted')
  const heavy = heavyOf(history)
  const everybody = () => viewOfHistory(report, wanted, { history, heavy, everybody: undefined })
  if (!heavy.length || wanted.all) return wanted.public ? published(report, wanted, now, heavy) : everybody()
  const names = new Set(heavy.map(({ installation }) => installation))
  const others = { ...report, uses: report.uses.filter(({ installation = '' }) => !names.has(installation)) }
  if (wanted.public) return published(others, wanted, now, heavy)
  return viewOfHistory(report, wanted, {
    history: historyOf(others.uses, now)!,
    ...{ heavy, everybody },
  })
}

function published(report: Report, wanted: Wanted, now: number, heavy: readonly Heavy[]): View {
  const { today, ended } = historyOf(report.uses, now)!
  const uses = publicUses(report.uses, today, wanted.days ?? DEFAULT_DAYS)
  const history = { ...historyOf(uses, now)!, today, ended }
  const nameless = heavy.map(one => ({ ...one, installation: '' }))
  return viewOfHistory(report, wanted, { history, heavy: nameless, everybody: undefined })
}

function viewOfHistory(
  { subject, source, words, notes = [] }: Report,
  { days = DEFAULT_DAYS, command, public: isPublic = false }: Wanted,
  found: Pick<View, 'history' | 'heavy' | 'everybody'>,
): View {
  const { history } = found
  const rangeOf = (days: number | 'all'): Range => {
    const counted = summaryOf(history, periodOf(history, days))
    const summary = isPublic ? usedOnly(counted) : counted
    const findings = words
      ? { headline: undefined, changes: [], failing: undefined }
      : findingsOf(history, summary)
    return { name: days === 'all' ? 'all' : `${days} days`, summary, findings }
  }
  const shown = rangeOf(days)
  const lengths = isPublic || command !== undefined ? [days] : ([7, 30, 84, 'all'] as const)
  const ranges = () => [
    ...(lengths.some(length => length === days) ? [] : [shown]),
    ...lengths.map(length => (length === days ? shown : rangeOf(length))),
  ]
  return {
    ...{ subject, words, notes, shown, ranges, public: isPublic, ...found },
    source: isPublic ? `${source}, without installations` : source,
    command: command === undefined ? undefined : commandIn(command, history, shown.summary),
  }
}

/** Without what was not used in the period: too few installations stand behind it. */
function usedOnly(summary: Summary): Summary {
  const used = <Counted extends { runs: number }>(rows: readonly Counted[]) => rows.filter(({ runs }) => runs)
  const agents = used(summary.agents)
  return {
    ...summary,
    ...{ commands: used(summary.commands), events: used(summary.events) },
    agents: agents.some(({ name }) => name !== NO_AGENT) ? agents : [],
    ...{ versions: summary.versions.filter(({ count }) => count), today: undefined },
  }
}

function commandIn(name: string, history: History, shown: Summary): View['command'] {
  const names = shown.commands.map(({ name }) => name)
  if (!names.includes(name))
    throw new Error(`the command ${printable(name)} is not counted in it${didYouMean(name, names)}`)
  const of = (days: number) => summaryOf(history, periodOf(history, days))
  const byInstallation = history.byInstallation
    .map(uses => uses.filter(use => use.kind !== 'event' && use.name === name))
    .filter(({ length }) => length)
  const narrowed = summaryOf({ ...history, byInstallation }, shown.period)
  return { name, narrowed, verdict: verdictOf(name, history, of(30), of(84)) }
}
