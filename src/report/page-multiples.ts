import { count } from '../terminal/count.ts'
import { percent, short } from '../terminal/number.ts'
import { sparkline } from './chart.ts'
import { shortDay } from './days.ts'
import { html } from './html.ts'
import { failedShare } from './rows.ts'
import type { Spread } from './spread.ts'
import type { Summary } from './summary.ts'
import { compareVersions } from './versions.ts'

/** One of several small pictures on the same scale. */
interface Multiple {
  name: string
  /** Large. */
  number: string
  /** Below it. */
  note: string
  trend: readonly number[]
}

/** More are no picture. */
const MAX = 8

/** A picture each, all on one scale; empty where there is none. */
function multiples(all: readonly Multiple[]): string {
  const shown = all.slice(0, MAX)
  const most = Math.max(1, ...shown.flatMap(({ trend }) => trend))
  const items = shown.map(
    ({ name, number, note, trend }) =>
      `<li><b>${html(name)}</b> <span>${number}</span>${sparkline(trend, most)}<small>${note}</small></li>`,
  )
  const more = all.length - shown.length
  return `<ul class="multiples">\n${items.join('\n')}\n</ul>${more ? `\n<p><small>And ${short(more)} more.</small></p>` : ''}`
}

function spreadMultiples(rows: readonly Spread[], { many, period }: Summary, dated: boolean): string {
  return multiples(
    rows
      .filter(({ count, trend }) => count || trend.some(Boolean))
      .map(({ name, count: number, share, trend, first }) => {
        const since =
          dated && first > period.steps.starts[0]! ? `, first seen ${shortDay(first, period.to)}` : ''
        return {
          ...{ name, number: percent(share), trend },
          note: `${count(number, many ? 'installation' : 'run')}${many && !number ? ' now' : ''}${since}`,
        }
      }),
  )
}

/** `dated` says when each appeared: the uses of one command alone do not know. */
export function versionMultiples(summary: Summary, dated = true): string {
  const newestFirst = [...summary.versions].sort((a, b) => compareVersions(b.name, a.name))
  return newestFirst.length > 1 ? spreadMultiples(newestFirst, summary, dated) : ''
}

export function environmentMultiples(summary: Summary): { name: string; content: string }[] {
  return summary.environment.map(({ name, rows }) => ({
    name,
    content: spreadMultiples(rows, summary, false),
  }))
}

/** By the runs that they made; the pictures are of the installations that have one. */
export function agentMultiples({ agents, all, many }: Summary): string {
  if (!agents.length) return ''
  return multiples(
    agents.map(row => {
      const share = failedShare(row)
      const failed = all.failed && share !== undefined ? `, ${percent(share)} failed` : ''
      const who = many ? `${count(row.installations, 'installation')}, ` : ''
      return {
        ...{ name: row.name, number: percent(all.runs ? row.runs / all.runs : 0), trend: row.trend },
        note: `${who}${count(row.runs, 'run')}${failed}`,
      }
    }),
  )
}
