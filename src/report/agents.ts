import { type Day, dayIndex } from './days.ts'
import type { Failed } from './failures.ts'
import { type Share, sharesOf } from './shares.ts'
import type { Use } from './use.ts'

/** Who ran commands: people, and the coding agents by name. */
export interface Agents {
  /** People first, then the agents, most first. */
  who: (Share & { failures: Failed })[]
  /** Runs on each day of the period. */
  people: Day[]
  agents: Day[]
  /** Of all runs of each command, the part that agents made, 0 to 1. */
  shares: Map<string, number>
}

export const PEOPLE = 'people'

/** Sums up who ran what in the period. */
export function agentsOf(past: readonly Use[], calendar: readonly Day[], starts: readonly number[]): Agents {
  const recent = past.filter(({ time }) => time >= calendar[0]!.start)
  const runs = recent.filter(({ kind }) => kind === 'run')
  const failed = new Map<string, number>()
  for (const { kind, agent = PEOPLE, count } of recent)
    if (kind === 'failure') failed.set(agent, (failed.get(agent) ?? 0) + count)
  const [people, agents] = [false, true].map(byAgent => {
    const days = calendar.map(({ start }) => ({ start, count: 0 }))
    for (const { time, count, agent } of runs)
      if ((agent !== undefined) === byAgent) days[dayIndex(calendar, time)]!.count += count
    return days
  }) as [Day[], Day[]]
  return {
    who: sharesOf(runs, starts, ({ agent = PEOPLE }) => agent)
      .sort((a, b) => Number(b.name === PEOPLE) - Number(a.name === PEOPLE))
      .map(share => ({ ...share, failures: { runs: share.count, failed: failed.get(share.name) ?? 0 } })),
    ...{ people, agents, shares: sharesByAgents(runs) },
  }
}

function sharesByAgents(runs: readonly Use[]): Map<string, number> {
  const counts = new Map<string, [all: number, byAgents: number]>()
  for (const { name, count, agent } of runs) {
    const [all, byAgents] = counts.get(name) ?? [0, 0]
    counts.set(name, [all + count, byAgents + (agent === undefined ? 0 : count)])
  }
  return new Map([...counts].map(([name, [all, byAgents]]) => [name, byAgents / all]))
}
