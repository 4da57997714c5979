import { type Newest, newestOf } from './adoption.ts'
import { dayOf } from './days.ts'
import type { History } from './history.ts'
import { type Period, stepOf } from './period.ts'
import { type Counts, type Row, rowsOf } from './rows.ts'
import { type Spread, spreadOf } from './spread.ts'
import type { Use } from './use.ts'

/** The numbers of a period. */
export interface Summary {
  period: Period
  hasInstallations: boolean
  /** Of all commands together. */
  all: Row
  /** Installations that were not counted before the period; undefined if counting began within it. */
  newInstallations: number | undefined
  /** Active installations in the last week of the period, and in the week before if that was counted. */
  week: { now: number; before: number | undefined }
  /** Today, which is not over; undefined if the period is today. */
  today: (Counts & { events: number }) | undefined
  /** Runs in each step, and how many of them an agent made. */
  runs: number[]
  byAgents: number[]
  commands: Row[]
  events: Row[]
  versions: Spread[]
  newest: Newest | undefined
  /** By agent, and the runs without one. Empty if agents are not counted. */
  agents: Row[]
  /** Operating systems, architectures and runtimes, if they are counted. */
  environment: { name: string; rows: Spread[] }[]
}

/** Not "people": many agents cannot be detected. */
export const NO_AGENT = 'no agent detected'

export function summaryOf(history: History, period: Period): Summary {
  const { hasInstallations, has } = history
  const [all = emptyRow(period)] = rowsOf(history, period, use => (use.kind === 'event' ? undefined : ''))
  const versions = spreadOf(history, period, ({ version }) => version)
  const agentOf = isCommand(({ agent }) => agent ?? NO_AGENT)
  const { runs, byAgents } = runsIn(history, period)
  return {
    ...{ period, hasInstallations, all, runs, byAgents, versions },
    newInstallations: freshOf(history, period),
    week: weekOf(history, period),
    today: todayOf(history, period),
    commands: rowsOf(
      history,
      period,
      isCommand(({ name }) => name),
    ),
    events: has.events
      ? rowsOf(history, period, ({ kind, name }) => (kind === 'event' ? name : undefined))
      : [],
    newest: newestOf(history, period, versions),
    agents: has.agents ? rowsOf(history, period, agentOf) : [],
    environment: has.environment ? environmentOf(history, period) : [],
  }
}

function isCommand(nameOf: (use: Use) => string): (use: Use) => string | undefined {
  return use => (use.kind === 'event' ? undefined : nameOf(use))
}

function emptyRow({ steps, before }: Period): Row {
  const none = { installations: 0, runs: 0, failed: 0 }
  return {
    name: '',
    ...none,
    before: before === undefined ? undefined : none,
    usual: none,
    trend: steps.starts.map(() => 0),
    first: 0,
    last: 0,
  }
}

function environmentOf(history: History, period: Period): Summary['environment'] {
  const of = (name: string, nameOf: (use: Use) => string | undefined) => ({
    name,
    rows: spreadOf(history, period, nameOf),
  })
  return [
    of('Operating systems', ({ os }) => os),
    of('Architectures', ({ arch }) => arch),
    of('Runtimes', ({ runtime }) => runtime),
  ].filter(({ rows }) => rows.length)
}

/** How many installations ran something from `from` until before `to`, and nothing before `unseen`. */
function activeIn({ byInstallation }: History, from: number, to: number, unseen = 0): number {
  let active = 0
  for (const uses of byInstallation) {
    if (uses[0]!.installation === undefined) continue
    let [within, earlier] = [false, false]
    for (const { kind, time } of uses) {
      if (kind !== 'run') continue
      const day = dayOf(time)
      within ||= day >= from && day < to
      earlier ||= day < unseen
    }
    if (within && !earlier) active++
  }
  return active
}

function weekOf(history: History, { to }: Period): Summary['week'] {
  const counted = history.since < to - 14
  return {
    now: activeIn(history, to - 7, to),
    before: counted ? activeIn(history, to - 14, to - 7) : undefined,
  }
}

function freshOf(history: History, { from, to }: Period): number | undefined {
  return history.hasInstallations && history.since < from ? activeIn(history, from, to, from) : undefined
}

function todayOf({ byInstallation, today }: History, { unfinished }: Period): Summary['today'] {
  if (unfinished) return undefined
  const counts = { installations: 0, runs: 0, failed: 0, events: 0 }
  for (const uses of byInstallation) {
    let active = false
    for (const { kind, time, count, installation } of uses) {
      if (dayOf(time) !== today) continue
      counts[kind === 'run' ? 'runs' : kind === 'failure' ? 'failed' : 'events'] += count
      active ||= kind === 'run' && installation !== undefined
    }
    if (active) counts.installations++
  }
  return counts
}

function runsIn({ byInstallation }: History, { steps }: Period): { runs: number[]; byAgents: number[] } {
  const [runs, byAgents] = [steps.starts.map(() => 0), steps.starts.map(() => 0)]
  for (const uses of byInstallation)
    for (const { kind, time, count, agent } of uses) {
      const step = kind === 'run' ? stepOf(steps, dayOf(time)) : -1
      if (step < 0) continue
      runs[step]! += count
      if (agent !== undefined) byAgents[step]! += count
    }
  return { runs, byAgents }
}
