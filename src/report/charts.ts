import { html } from './html.ts'
import { weekdayOf, weekOf } from './installations.ts'
import { type Day, isoDay } from './usage.ts'

// Every chart is a table whose numbers are there to be read, aloud too; the bars and colours are only a second way to
// see them.

/** A number with its name, and what is to be said on it. Number and rest are HTML. */
export function tile(name: string, number: string | number, rest = ''): string {
  return `<div><dt>${html(name)}</dt><dd>${number}${rest && ` <small>${rest}</small>`}</dd></div>`
}

/** One of the things that are compared. */
export interface Bar {
  name: string
  count: number
  /** Of all, 0 to 1. */
  share: number
  /** When it was last, in words. */
  last: string
}

/** More rows nobody reads, and a stranger can send as many as he likes. */
const MAX_ROWS = 200

/** Largest first. Empty where there is none. */
export function bars(heading: string, all: readonly Bar[]): string {
  if (!all.length) return ''
  const most = all[0]!.count
  const rows = all
    .slice(0, MAX_ROWS)
    .map(
      ({ name, count, share, last }) =>
        `<tr><th scope="row">${html(name)}</th><td>${count}</td><td>${Math.round(100 * share)} %</td>` +
        `<td class="bar" aria-hidden="true"><svg><rect width="${((100 * count) / most).toFixed(1)}%" height="100%"/></svg></td>` +
        `<td>${last}</td></tr>`,
    )
  const more = all.length - rows.length
  const id = idOf(heading)
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${heading}</h2>
<table class="shares">
<thead><tr><th scope="col">Name</th><th scope="col">Times</th><th scope="col">Share</th><td class="bar" aria-hidden="true"></td><th scope="col">Last</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>${more ? `\n<p><small>And ${more} more.</small></p>` : ''}
</section>`
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** A row a weekday, a column a week. */
export function calendar(heading: string, days: readonly Day[], unit: string): string {
  const rows = WEEKDAYS.map((name, weekday) => {
    const cells: (Day | undefined)[] = Array.from({ length: weekOf(days, days.length - 1) + 1 })
    for (const [index, day] of days.entries())
      if (weekdayOf(day) === weekday) cells[weekOf(days, index)] = day
    return { head: `<th scope="row" abbr="${name}">${name.slice(0, 3)}</th>`, cells }
  })
  return grid(heading, rows, { unit: `${unit} a day`, note: 'A column a week, the last one is this week.' })
}

/** A row a name, a column a week. */
export function weeks(
  heading: string,
  all: readonly { name: string; weeks: readonly Day[] }[],
  unit: string,
): string {
  const rows = all.map(({ name, weeks }) => ({ head: `<th scope="row">${html(name)}</th>`, cells: weeks }))
  if (!rows.length) return ''
  return grid(heading, rows, { unit: `${unit} a week`, note: 'A column a week, the last one is this week.' })
}

/** Charts side by side where there is room. */
export function pair(...charts: readonly string[]): string {
  return `<div class="pair">\n${charts.join('\n')}\n</div>`
}

interface Row {
  /** HTML. */
  head: string
  cells: readonly (Day | undefined)[]
}

function grid(heading: string, rows: readonly Row[], { unit, note }: { unit: string; note: string }): string {
  const most = Math.max(1, ...rows.map(({ cells }) => Math.max(0, ...cells.map(cell => cell?.count ?? 0))))
  const id = idOf(heading)
  const lines = rows.map(({ head, cells }) => {
    const drawn = Array.from(cells, cell => {
      if (!cell) return '<td></td>'
      const said = `${isoDay(cell.start)}: ${cell.count}`
      // The number is in the cell for who listens, and comes up for who points.
      return `<td class="level${Math.ceil((cell.count / most) * 4)}" title="${said}"><span class="said">${said}</span></td>`
    })
    return `<tr>${head}${drawn.join('')}</tr>`
  })
  const weeks = rows[0]?.cells.map((_, week) => rows.find(({ cells }) => cells[week])?.cells[week]) ?? []
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${heading}</h2>
<div class="wide" id="${id}-grid" role="group" aria-labelledby="${id}" tabindex="0">
<table class="calendar${weeks.length <= MAX_FEW ? ' few' : ''}">
<thead><tr><td aria-hidden="true"></td>${months(weeks)}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table>
</div>
<p><small>${note} The strongest colour is ${most} ${unit}.</small></p>
</section>`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** So many weeks have room to be drawn larger. */
const MAX_FEW = 16

/** The name of a month above the weeks that begin in it, where there is room. */
function months(weeks: readonly (Day | undefined)[]): string {
  const spans: { month: number; weeks: number }[] = []
  for (const week of weeks) {
    const month = week ? new Date(week.start).getMonth() : -1
    if (spans.at(-1)?.month === month) spans.at(-1)!.weeks++
    else spans.push({ month, weeks: 1 })
  }
  return spans
    .map(({ month, weeks }) => {
      const name = weeks > 1 ? (MONTHS[month] ?? '') : ''
      return `<td colspan="${weeks}" aria-hidden="true">${name}</td>`
    })
    .join('')
}

function idOf(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-')
}
