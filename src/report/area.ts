import { thousands } from '../terminal/number.ts'
import { html } from './html.ts'
import { type Mark, ticksOf } from './scale.ts'

// Drawn by hand and not by a charting library: the shapes are a few paths, and of the libraries that draw SVG without a
// browser (ECharts, Vega) each adds 500 kB or more to a command that has 60, with sizes and colours fixed when the page
// is made. Here the text keeps its size while the shapes fill any width, and the colours follow the reader's scheme.

/** One of the areas that are stacked, or the only one. */
export interface Layer {
  name: string
  values: readonly number[]
}

export interface AreaChart {
  /** Text for screen readers. */
  label: string
  /** The first one is at the bottom. */
  layers: readonly Layer[]
  /** A line over them, of the same length. */
  line?: readonly number[]
  marks: readonly Mark[]
  /** Whether each value is drawn as a step, or the values are joined. */
  shape: 'steps' | 'joined'
  /** Of the lowest layer; what means the same has the same colour in two charts. */
  firstColour?: number
  /** In pixels, without what stands around it. */
  height?: number
}

const TOP = 18
const BELOW = 24
/** Of the coordinates inside the shapes. */
const UNITS = 1000
/** So many colours there are. */
export const COLOURS = 8

/** An SVG as wide as there is room. Its shapes are stretched, its text is not. */
export function areaChart({
  label,
  layers,
  line,
  marks,
  shape,
  firstColour = 0,
  height = 160,
}: AreaChart): string {
  const length = layers[0]!.values.length
  const stacked = stack(layers)
  const most = Math.max(1, ...(stacked.at(-1) ?? []), ...(line ?? []))
  const ticks = ticksOf(most)
  const top = ticks.at(-1)!
  const toUnits = (value: number) => Math.round(UNITS * (1 - value / top))
  const joined = shape === 'joined' && length > 1
  const floor = Array.from({ length }, () => 0)
  const shapes = stacked.map((upper, index) => {
    const lower = stacked[index - 1] ?? floor
    const d = joined ? joinedPath(lower, upper, toUnits) : stepsPath(lower, upper, toUnits)
    return `<path class="area c${(firstColour + index) % COLOURS}" d="${d}"/>`
  })
  if (line) {
    const points = line.map((value, index) => `${index + 0.5},${toUnits(value)}`)
    shapes.push(`<polyline class="line" points="${points.join(' ')}"/>`)
  }
  const y = (value: number) => TOP + height * (1 - value / top)
  const lines = ticks.map(tick => `<line x1="0" x2="100%" y1="${y(tick)}" y2="${y(tick)}"/>`)
  const numbers = ticks.slice(1).map(tick => `<text x="0" y="${y(tick) - 4}">${thousands(tick)}</text>`)
  const names = marks.map(
    ({ at, name }) => `<text x="${(100 * at).toFixed(2)}%" y="${TOP + height + 17}">${html(name)}</text>`,
  )
  const width = joined ? length - 1 : length
  return `<svg class="chart" role="img" aria-label="${html(label)}" height="${TOP + height + BELOW}">
<g class="grid">${lines.join('')}</g>
<svg y="${TOP}" width="100%" height="${height}" viewBox="0 0 ${width} ${UNITS}" preserveAspectRatio="none">${shapes.join('')}</svg>
<g class="ticks">${numbers.join('')}${names.join('')}</g>
</svg>`
}

/** The upper edge of each layer. */
function stack(layers: readonly Layer[]): number[][] {
  let below: number[] = []
  return layers.map(({ values }) => {
    below = values.map((value, index) => value + (below[index] ?? 0))
    return below
  })
}

function stepsPath(lower: readonly number[], upper: readonly number[], toUnits: (value: number) => number) {
  const there = upper.map((value, index) => `V${toUnits(value)}H${index + 1}`)
  const back = lower.map((value, index) => `V${toUnits(value)}H${index}`).reverse()
  return `M0,${toUnits(lower[0] ?? 0)}${there.join('')}${back.join('')}Z`
}

function joinedPath(lower: readonly number[], upper: readonly number[], toUnits: (value: number) => number) {
  const there = upper.map((value, index) => `${index},${toUnits(value)}`)
  const back = lower.map((value, index) => `${index},${toUnits(value)}`).reverse()
  return `M${[...there, ...back].join('L')}Z`
}

/** Which colour is which, where there is more than one. */
export function legend(names: readonly { name: string; colour: string; note?: string }[]): string {
  const items = names.map(
    ({ name, colour, note }) =>
      `<li><svg class="key" width="12" height="12" aria-hidden="true"><rect class="${colour}" width="12" height="12" rx="2"/></svg> ${html(name)}${note ? ` <small>${html(note)}</small>` : ''}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}

/** A line as small as a word. */
export function sparkline(values: readonly number[]): string {
  if (values.length < 2) return ''
  const most = Math.max(1, ...values)
  const points = values.map((value, index) => `${index},${Math.round(100 * (1 - value / most))}`)
  const area = `M0,100L${points.join('L')}L${values.length - 1},100Z`
  return `<svg class="spark" aria-hidden="true" viewBox="0 -6 ${values.length - 1} 112" preserveAspectRatio="none"><path d="${area}"/><polyline points="${points.join(' ')}"/></svg>`
}
