import { short } from '../terminal/number.ts'
import { chartOf, type Point } from './chart.ts'
import { shortDay } from './days.ts'
import { html } from './html.ts'
import type { Summary } from './summary.ts'
import type { Words } from './view.ts'

/** A version that so few have is not shown where it appeared: one of a stranger would be the newest of all. */
const MIN_PART = 0.05
const MAX_MARKERS = 6

/** The command that a chart is of. */
interface One {
  name: string
  /** Of all commands. It says when versions appeared: the one may have been run on them much later. */
  whole: Summary
}

/** The large one: the installations of each week, or the runs where nothing says whose they are. */
export function overTime(summary: Summary, id: string, words: Words | undefined, one?: One): string {
  const { all, runs, byAgents, agents, period, today } = summary
  // One installation is a person, and whether he is there at all is seen in his runs.
  const many = summary.many && Math.max(...all.trend) > 1
  const { steps, to } = period
  if (!runs.length || (!all.last && !all.runs)) return ''
  const unit = steps.days === 7 ? 'week' : 'day'
  const counted = words?.runs ?? 'Runs'
  const [value, more] = many ? ['Installations', [counted]] : [counted, []]
  const points = steps.starts.map(
    (start, index): Point => ({
      name: shortDay(start, to),
      value: many ? all.trend[index]! : runs[index]!,
      more: [...(many ? [runs[index]!] : []), ...(agents.length ? [byAgents[index]!] : [])],
      ...(period.unfinished && { unfinished: true }),
    }),
  )
  if (today && steps.days === 1)
    points.push({
      name: shortDay(to, to),
      value: many ? today.installations : today.runs,
      more: [...(many ? [today.runs] : []), ...(agents.length ? [0] : [])],
      unfinished: true,
    })
  const whole = many ? 'Active installations' : counted
  const of = one && !words ? (many ? `Installations that ran ${one.name},` : `Runs of ${one.name},`) : whole
  const heading = `${of} per ${unit}`
  const most = points.reduce((most, point) => (point.value > most.value ? point : most))
  return `<section aria-labelledby="${id}-name">
<h2 id="${id}-name">${html(heading)}</h2>
${chartOf({
  id,
  label: `${heading}: at most ${short(most.value)}, ${unit === 'week' ? 'in the week of' : 'on'} ${most.name}`,
  points,
  columns: [
    unit === 'week' ? 'Week of' : 'Day',
    value,
    ...more,
    ...(agents.length ? ['of them by agents'] : []),
  ],
  markers: markersOf(one?.whole ?? summary, points.length),
})}
</section>`
}

/** Where versions appeared, and that counting did. */
function markersOf({ versions, period, all, many }: Summary, length: number): { at: number; name: string }[] {
  const { starts, days } = period.steps
  const start = starts[0]!
  const least = many ? MIN_PART * Math.max(...all.trend, 0) : 0
  return versions
    .filter(
      ({ first, trend }) => first > start && first < period.to && Math.max(...trend) >= Math.max(1, least),
    )
    .sort((a, b) => a.first - b.first)
    .slice(-MAX_MARKERS)
    .map(({ name, first }) => ({ name, at: Math.min((first - start) / days, length) }))
}
