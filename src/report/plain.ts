import { sentenceOf } from './claim.ts'
import { isoDay } from './days.ts'
import type { Told } from './told.ts'

/** A report for programs: days by their date, times as RFC 3339 has them. */
export function plain({ summary, claims, daysOnly }: Told): object {
  const { total, commands, versions, events, days, steps, comparisons, failures, agents, installations } =
    summary
  const when = (time: number | undefined) =>
    time === undefined ? null : daysOnly ? isoDay(time) : new Date(time).toISOString()
  const dated = (list: readonly { start: number; count: number }[]) =>
    list.map(({ start, count }) => ({ day: isoDay(start), count }))
  const shares = <Item extends { last: number; steps: number[] }>(list: readonly Item[]) =>
    list.map(({ last, steps: counts, ...share }) => ({
      ...{ ...share, last: when(last) },
      trend: dated(counts.map((count, index) => ({ start: steps.starts[index]!, count }))),
    }))
  return {
    sentence: sentenceOf(claims),
    total,
    ...{ commands: shares(commands), versions: shares(versions), events: shares(events) },
    ...{ days: dated(days), comparisons },
    ...{ first: when(summary.first), last: when(summary.last) },
    ...(failures && { failures }),
    ...(agents && {
      agents: {
        who: shares(agents.who),
        ...{ people: dated(agents.people), agents: dated(agents.agents) },
        ...(agents.shares.size && { shares: Object.fromEntries(agents.shares) }),
      },
    }),
    ...(installations && {
      installations: {
        ...{ ...installations, days: dated(installations.days) },
        versions: installations.versions.map(({ weeks, ...version }) => ({
          ...version,
          weeks: dated(weeks),
        })),
      },
    }),
  }
}
