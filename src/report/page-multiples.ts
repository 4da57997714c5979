import { percent, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { sparkline } from './chart.ts'
import { shortDay } from './days.ts'
import { html } from './html.ts'
import { failedShare } from './rows.ts'
import type { Spread } from './spread.ts'
import type { Summary } from './summary.ts'
import { compareVersions } from './versions.ts'

/** One of several small charts with the same scale. */
interface Multiple {
  name: string
  number: string
  /** Below the chart. */
  note: string
  trend: readonly number[]
}

const MAX_SHOWN = 8

/** Small charts with one scale. */
function multiples(all: readonly Multiple[]): string {
  const shown = all.slice(0, MAX_SHOWN)
  const most = Math.max(1, ...shown.flatMap(({ trend }) => trend))
  const items = shown.map(
    ({ name, number, note, trend }) =>
      `<li><b>${html(name)}</b> <span>${number}</span>${sparkline(trend, most)}<small>${note}</small></li>`,
  )
  const more = all.length - shown.length
  return `<ul class="multiples">\n${items.join('\n')}\n</ul>${more ? `\n<p><small>And ${shortNumber(more)} more.</small></p>` : ''}`
}

function spreadMultiples(
  rows: readonly Spread[],
  { hasInstallations, period }: Summary,
  dated: boolean,
): string {
  return multiples(
    rows
      .filter(({ count, trend }) => count || trend.some(Boolean))
      .map(({ name, count: number, share, trend, first }) => {
        const since =
          dated && first > period.steps.starts[0]! ? `, first seen ${shortDay(first, period.to)}` : ''
        return {
          ...{ name, number: percent(share), trend },
          note: `${plural(number, hasInstallations ? 'installation' : 'run')}${hasInstallations && !number ? ' now' : ''}${since}`,
        }
      }),
  )
}

/** `dated` adds when each version appeared, which the uses of one command alone do not tell. */
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

/** The shares are of runs, the charts of installations. */
export function agentMultiples({ agents, all, hasInstallations }: Summary): string {
  if (!agents.length) return ''
  return multiples(
    agents.map(row => {
      const share = failedShare(row)
      const failed = all.failed && share !== undefined ? `, ${percent(share)} failed` : ''
      const who = hasInstallations ? `${plural(row.installations, 'installation')}, ` : ''
      return {
        ...{ name: row.name, number: percent(all.runs ? row.runs / all.runs : 0), trend: row.trend },
        note: `${who}${plural(row.runs, 'run')}${failed}`,
      }
    }),
  )
}
