import { percent, thousands } from '../terminal/number.ts'
import { sentenceOf } from './claim.ts'
import { html } from './html.ts'
import type { Told } from './told.ts'

const COLOURS = {
  light: { page: '#ffffff', line: '#d0d7de', ink: '#1b1f24', soft: '#57606a', area: '#1f78c8' },
  dark: { page: '#0d1117', line: '#30363d', ink: '#e6edf3', soft: '#9aa5b1', area: '#3389d6' },
} as const

const WIDTH = 640
const HEIGHT = 240
const EDGE = 24
const FONT = '-apple-system, "Segoe UI", system-ui, sans-serif'
/** Of the sentence, in characters that fit the width. */
const LINE = 66

/** A picture for a README: what stands out, and the runs of each day below it. Loads nothing, runs nothing. */
export function cardOf({ subject, scope, claims, summary, words }: Told, scheme: 'light' | 'dark'): string {
  const { page, line, ink, soft, area } = COLOURS[scheme]
  const sentence = lines(sentenceOf(claims) || topOf(summary)).slice(0, 2)
  const text = (x: number, y: number, size: number, fill: string, content: string, more = '') =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}"${more}>${html(content)}</text>`
  const said = sentence.map((part, index) => text(EDGE, 70 + 22 * index, 16, ink, part))
  const chartTop = 70 + 22 * sentence.length
  const most = Math.max(1, ...summary.days.map(({ count }) => count))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family='${FONT}'>
<title>${html(`${subject}: ${scope}`)}</title>
<rect x=".5" y=".5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8" fill="${page}" stroke="${line}"/>
${text(EDGE, 42, 20, ink, shorten(subject, 40), ' font-weight="600"')}
${said.join('\n')}
<path d="${stepsIn(summary.days, most, { top: chartTop, bottom: HEIGHT - 46 })}" fill="${area}"/>
<line x1="${EDGE}" x2="${WIDTH - EDGE}" y1="${HEIGHT - 45.5}" y2="${HEIGHT - 45.5}" stroke="${line}"/>
${text(EDGE, HEIGHT - 20, 13, soft, shorten(scope, 84))}
${text(WIDTH - EDGE, 42, 13, soft, `at most ${thousands(most)} ${shorten(words.runs, 20)} a day`, ' text-anchor="end"')}
</svg>
`
}

/** Where nothing stands out, the commands that are used most. */
function topOf({ commands }: Told['summary']): string {
  return commands
    .slice(0, 3)
    .map(({ name, share }) => `${name} ${percent(share)}`)
    .join(' · ')
}

function stepsIn(
  days: readonly { count: number }[],
  most: number,
  { top, bottom }: { top: number; bottom: number },
) {
  const step = (WIDTH - 2 * EDGE) / days.length
  const points = days.map(({ count }, index) => {
    const y = bottom - (count / most) * (bottom - top)
    return `V${y.toFixed(1)}H${(EDGE + (index + 1) * step).toFixed(1)}`
  })
  return `M${EDGE},${bottom}${points.join('')}V${bottom}Z`
}

function lines(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= LINE) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(shorten(word, LINE))
  }
  return lines
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
