import { shortNumber } from '../terminal/number.ts'
import { chartOf, type Point } from './chart.ts'
import { shortDay } from './days.ts'
import { html } from './html.ts'
import type { Summary } from './summary.ts'
import type { Words } from './view.ts'

/** A version with a smaller share gets no marker: any sender can make one up. */
const MIN_SHARE = 0.05
const MAX_MARKERS = 6

interface Command {
  name: string
  /** Of all commands: it knows when versions appeared. This command may have been run on them much later. */
  whole: Summary
}

/** The large chart: active installations per week, or runs if the uses do not name installations. */
export function overTime(summary: Summary, id: string, words: Words | undefined, command?: Command): string {
  const { all, runs, byAgents, agents, period, today } = summary
  // A single installation is a straight line: its runs show more.
  const byInstallations = summary.hasInstallations && Math.max(...all.trend) > 1
  const { steps, to } = period
  if (!runs.length || (!all.last && !all.runs)) return ''
  const unit = steps.days === 7 ? 'week' : 'day'
  const counted = words?.runs ?? 'Runs'
  const [value, more] = byInstallations ? ['Installations', [counted]] : [counted, []]
  const points = steps.starts.map(
    (start, index): Point => ({
      name: shortDay(start, to),
      value: byInstallations ? all.trend[index]! : runs[index]!,
      more: [...(byInstallations ? [runs[index]!] : []), ...(agents.length ? [byAgents[index]!] : [])],
      ...(period.unfinished && { unfinished: true }),
    }),
  )
  if (today && steps.days === 1)
    points.push({
      name: shortDay(to, to),
      value: byInstallations ? today.installations : today.runs,
      more: [...(byInstallations ? [today.runs] : []), ...(agents.length ? [0] : [])],
      unfinished: true,
    })
  const whole = byInstallations ? 'Active installations' : counted
  const of =
    command && !words
      ? byInstallations
        ? `Installations that ran ${command.name},`
        : `Runs of ${command.name},`
      : whole
  const heading = `${of} per ${unit}`
  const most = points.reduce((most, point) => (point.value > most.value ? point : most))
  return `<section aria-labelledby="${id}-name">
<h2 id="${id}-name">${html(heading)}</h2>
${chartOf({
  id,
  label: `${heading}: at most ${shortNumber(most.value)}, ${unit === 'week' ? 'in the week of' : 'on'} ${most.name}`,
  points,
  columns: [
    unit === 'week' ? 'Week of' : 'Day',
    value,
    ...more,
    ...(agents.length ? ['of them by agents'] : []),
  ],
  markers: markersOf(command?.whole ?? summary, points.length),
})}
</section>`
}

/** Where versions appeared. */
function markersOf(
  { versions, period, all, hasInstallations }: Summary,
  length: number,
): { at: number; name: string }[] {
  const { starts, days } = period.steps
  const start = starts[0]!
  const least = hasInstallations ? MIN_SHARE * Math.max(...all.trend, 0) : 0
  return versions
    .filter(
      ({ first, trend }) => first > start && first < period.to && Math.max(...trend) >= Math.max(1, least),
    )
    .sort((a, b) => a.first - b.first)
    .slice(-MAX_MARKERS)
    .map(({ name, first }) => ({ name, at: Math.min((first - start) / days, length) }))
}
