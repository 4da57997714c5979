import { wrap } from '../core/layout.ts'
import { shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { shortDay } from './days.ts'
import { html } from './html.ts'
import { daysText } from './period.ts'
import { labelled, ticksOf } from './scale.ts'
import { sentenceText } from './sentence.ts'
import type { View } from './view.ts'

const COLOURS = {
  light: {
    page: '#ffffff',
    line: '#d8dee4',
    ink: '#1b1f24',
    soft: '#57606a',
    area: '#dbe8fd',
    stroke: '#0b5fc1',
  },
  dark: {
    page: '#0d1117',
    line: '#30363d',
    ink: '#e6edf3',
    soft: '#9aa5b1',
    area: '#12294a',
    stroke: '#6cb0ff',
  },
} as const

// In a README it is often 400 pixels wide: 20 units are 12.5 pixels there.
const WIDTH = 640
const HEIGHT = 320
const EDGE = 28
const SMALL = 20
const FONT = 'Inter, -apple-system, "Segoe UI", system-ui, sans-serif'
/** The width of the sentence in characters. */
const LINE = 50
const RIGHT = WIDTH - EDGE - 44
const BOTTOM = HEIGHT - 62

/** A picture for a README: the headline, and a chart of the weeks. */
export function cardOf(view: View, scheme: 'light' | 'dark'): string {
  const { page, line, ink, soft, area, stroke } = COLOURS[scheme]
  const { subject, shown, command } = view
  const { summary, findings } = shown
  const { hasInstallations, all, runs, period } = command?.narrowed ?? summary
  const values = hasInstallations ? all.trend : runs
  const title = command ? `${subject} ${command.name}` : subject
  const sentence = command
    ? sentenceText(command.verdict.reason)
    : findings.headline
      ? sentenceText(findings.headline)
      : `${plural(all.runs, 'run')} in ${period.unfinished ? 'one day' : `${period.days} days`}.`
  const lines = wrap(sentence, LINE)
    .split('\n')
    .slice(0, 2)
    .map(text => shorten(text, LINE))
  const text = (x: number, y: number, size: number, fill: string, content: string, more = '') =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}"${more}>${html(content)}</text>`
  const top = 96 + 27 * lines.length
  const ticks = ticksOf(Math.max(1, ...values))
  const scale = [ticks[0]!, ticks.at(-1)!]
  const y = (value: number) => BOTTOM - ((BOTTOM - top) * value) / ticks.at(-1)!
  const x = (index: number) => EDGE + ((RIGHT - EDGE) * (index + 0.5)) / values.length
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`)
  const unit = `${hasInstallations ? 'installations' : (view.words?.runs ?? 'runs')} per ${period.steps.days === 7 ? 'week' : 'day'}`
  const labels = labelled(values.length, 4).map(index =>
    text(
      x(index),
      BOTTOM + 26,
      SMALL,
      soft,
      shortDay(period.steps.starts[index]!, period.to),
      ' text-anchor="middle"',
    ),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family='${FONT}'>
<title>${html(`${title}, ${daysText(period)}`)}</title>
<rect x=".5" y=".5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10" fill="${page}" stroke="${line}"/>
${text(EDGE, 46, 28, ink, shorten(title, 34), ' font-weight="600"')}
${lines.map((part, index) => text(EDGE, 82 + 27 * index, 23, ink, part)).join('\n')}
${scale.map(tick => `<line x1="${EDGE}" x2="${RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="${line}"/>${text(RIGHT + 8, y(tick) + 7, SMALL, soft, shortNumber(tick))}`).join('\n')}
<path d="M${x(0).toFixed(1)},${BOTTOM}L${points.join('L')}V${BOTTOM}Z" fill="${area}"/>
<polyline points="${points.join(' ')}" fill="none" stroke="${stroke}" stroke-width="3" stroke-linejoin="round"/>
${labels.join('\n')}
${text(EDGE, HEIGHT - 12, SMALL, soft, shorten(unit, 40))}
</svg>
`
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
