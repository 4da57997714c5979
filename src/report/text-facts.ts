import { wrap } from '../core/layout.ts'
import type { Paint } from '../terminal/colour.ts'
import { percent, percentChange, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { changeText } from './figures.ts'
import { type Canvas, inLocale, trendOf } from './glyphs.ts'
import { MIN_RUNS, type Row } from './rows.ts'
import type { Spread } from './spread.ts'
import type { Summary } from './summary.ts'

/** What text is drawn on. */
export interface Drawing {
  width: number
  paint: Paint
  canvas: Canvas
}

/** Installations, runs, versions, agents and environment, one line each. */
export function factsText(summary: Summary, { width, paint, canvas }: Drawing): string {
  const { hasInstallations, all, week, versions, agents, environment, runs, period } = summary
  const { steps, days } = period
  const unit = steps.days === 7 ? 'week' : 'day'
  const trend = (counts: readonly number[]) =>
    counts.length > 1 ? ` ${trendOf(counts.slice(-12), canvas)}` : ''
  const listed = (rows: readonly Spread[]) =>
    `${rows
      .filter(({ count }) => count)
      .slice(0, 4)
      .map(({ name, share }) => `${name} ${percent(share)}`)
      .join(', ')}`
  const facts: [label: string, text: string][] = []
  if (hasInstallations)
    facts.push([
      `installations per ${unit}`,
      `${shortNumber(all.trend.at(-1) ?? 0)}${trend(all.trend)}  ${shortNumber(all.installations)} in ${plural(days, 'day')}`,
    ])
  facts.push([
    `runs per ${unit}`,
    `${shortNumber(runs.at(-1) ?? 0)}${trend(runs)}  ${ranText(all, days, paint, canvas)}`,
  ])
  if (week.now && hasInstallations && week.before !== undefined)
    facts.push(['last week', `${shortNumber(week.now)}, ${shortNumber(week.before)} before`])
  if (versions.length > 1 || !hasInstallations) facts.push(['versions', listed(versions)])
  const shares = agents.slice(0, 4).map(({ name, runs }) => `${name} ${percent(runs / (all.runs || 1))}`)
  facts.push(['run by', shares.join(', ')])
  for (const { name, rows } of environment) facts.push([name.toLowerCase(), listed(rows)])
  const shown = facts.filter(([, text]) => text.trim())
  const labels = Math.max(...shown.map(([label]) => label.length)) + 2
  return shown
    .map(([label, text]) => `${paint('dim', label.padEnd(labels))}${wrap(text, width, labels)}`)
    .join('\n')
}

function ranText({ runs, before }: Row, days: number, paint: Paint, canvas: Canvas): string {
  const change = before && before.runs >= MIN_RUNS ? percentChange(runs, before.runs) : undefined
  const arrow = change === undefined ? '' : changeText(change)
  const painted = arrow && ` ${paint((change ?? 0) < 0 ? 'red' : 'green', inLocale(arrow, canvas))}`
  return `${shortNumber(runs)} in ${plural(days, 'day')}${painted}`
}
