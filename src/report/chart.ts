import { shortNumber } from '../terminal/number.ts'
import { html } from './html.ts'
import { labelled, ticksOf } from './scale.ts'

/** A line chart that fills the width of the page: its shapes are stretched, its text is not. */
export interface Chart {
  id: string
  /** Text for screen readers. */
  label: string
  /** The steps, the oldest first. */
  points: readonly Point[]
  /** The heads of the table with the same numbers: step, value, and the columns of `more`. */
  columns: readonly string[]
  /** `at` counts in steps. */
  markers: readonly { at: number; name: string }[]
}

export interface Point {
  /** The label below the chart. */
  name: string
  value: number
  /** Further columns of the table. */
  more: readonly number[]
  /** The step is not over. */
  unfinished?: boolean
}

const HEIGHT = 208
const TOP = 18
const BELOW = 22
/** The height of the inner coordinate system. */
const UNITS = 1000
const MAX_LABELS = 6
const MAX_NAME = 14
/** In pixels: the plot on a phone, a letter of a marker's name, and the gap after it. */
const NARROW = 310
const LETTER = 7
const GAP = 8

/** The chart, and a folded table with the same numbers. */
export function chartOf({ id, label, points, columns, markers }: Chart): string {
  const ticks = ticksOf(points.reduce((most, { value }) => Math.max(most, value), 1))
  const top = ticks.at(-1)!
  const y = (value: number) => TOP + HEIGHT * (1 - value / top)
  const lines = ticks.map(tick => `<line x1="0" x2="100%" y1="${y(tick)}" y2="${y(tick)}"/>`)
  const numbers = ticks.map(tick => `<text x="100%" dx="8" y="${y(tick) + 4}">${shortNumber(tick)}</text>`)
  const names = labelled(points.length, MAX_LABELS).map(
    index =>
      // At the start of the step, which its first day names. Markers of that day stand there too.
      `<text x="${((100 * index) / points.length).toFixed(2)}%" y="${TOP + HEIGHT + 18}" text-anchor="${index ? 'middle' : 'start'}">${html(points[index]!.name)}</text>`,
  )
  return `<figure class="figure" id="${id}">
<div class="plot"><svg class="chart" role="img" aria-label="${html(label)}" height="${TOP + HEIGHT + BELOW}">
<defs><pattern id="${id}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0,0V6"/></pattern></defs>
<g class="grid">${lines.join('')}</g>
<svg y="${TOP}" width="100%" height="${HEIGHT}" viewBox="0 0 ${points.length} ${UNITS}" preserveAspectRatio="none">${shapes(points, top)}</svg>
${unfinished(points, top, id)}<g class="ticks">${numbers.join('')}${names.join('')}</g>
<g class="markers">${markersOf(markers, points.length)}</g>
</svg></div>
${tableOf(columns, points)}
</figure>`
}

function shapes(points: readonly Point[], top: number): string {
  const whole = points.filter(({ unfinished }) => !unfinished)
  if (!whole.length) return ''
  const toUnits = (value: number) => Math.round(UNITS * (1 - value / top))
  const line = whole.map(({ value }, index) => `${index + 0.5},${toUnits(value)}`)
  // A single step has no line between two points, so it is drawn as wide as the step.
  if (whole.length === 1) line.unshift(`0,${toUnits(whole[0]!.value)}`)
  const start = whole.length === 1 ? 0 : 0.5
  return `<path class="area" d="M${start},${UNITS}L${line.join('L')}V${UNITS}Z"/><polyline points="${line.join(' ')}"/>`
}

function unfinished(points: readonly Point[], top: number, id: string): string {
  const last = points.at(-1)
  if (!last?.unfinished) return ''
  const height = (HEIGHT * last.value) / top
  const width = 100 / points.length
  return `<rect class="unfinished" fill="url(#${id}-hatch)" x="${(100 - width).toFixed(2)}%" width="${width.toFixed(2)}%" y="${(TOP + HEIGHT - height).toFixed(1)}" height="${height.toFixed(1)}"/>\n`
}

/** Names that would touch on a phone stand in two rows. One that fits in neither is left out, and its line is shorter. */
function markersOf(markers: Chart['markers'], length: number): string {
  const ends = [0, 0]
  const drawn = markers.map(({ at, name }) => {
    const x = (100 * at) / length
    const text = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name
    const width = (100 * (LETTER * text.length + GAP)) / NARROW
    const isLeft = x + width > 100
    const row = ends.findIndex(end => (isLeft ? x - width : x) >= end)
    const place = `${x.toFixed(2)}%`
    const line = `<line x1="${place}" x2="${place}" y1="${[2, 16][row] ?? 30}" y2="${TOP + HEIGHT}"/>`
    if (row < 0) return [line, '']
    ends[row] = isLeft ? x : x + width
    const side = isLeft ? 'text-anchor="end" dx="-4"' : 'dx="4"'
    return [line, `<text x="${place}" y="${row ? 26 : 12}" ${side}>${html(text)}</text>`]
  })
  return [0, 1].flatMap(part => drawn.map(one => one[part])).join('')
}

/** The script reads the numbers that it shows from here. */
function tableOf(columns: readonly string[], points: readonly Point[]): string {
  const lines = points.map(
    ({ name, value, more, unfinished }) =>
      `<tr><th scope="row">${html(name)}${unfinished ? ', so far' : ''}</th>${[value, ...more].map(number => `<td>${shortNumber(number)}</td>`).join('')}</tr>`,
  )
  const heads = columns.map(name => `<th scope="col">${html(name)}</th>`)
  return `<details class="data"><summary>The numbers as a table</summary>
<div class="wide" role="region" aria-label="${html(columns.slice(0, 2).join(', '))}" tabindex="0"><table>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table></div></details>`
}

/** A line chart as small as a word. `most` is the top of its scale. */
export function sparkline(values: readonly number[], most: number = Math.max(...values)): string {
  if (values.length < 2) return ''
  const points = values.map((value, index) => `${index},${Math.round(100 * (1 - value / Math.max(1, most)))}`)
  const area = `M0,100L${points.join('L')}L${values.length - 1},100Z`
  return `<svg class="spark" aria-hidden="true" viewBox="0 -6 ${values.length - 1} 112" preserveAspectRatio="none"><path d="${area}"/><polyline points="${points.join(' ')}"/></svg>`
}
