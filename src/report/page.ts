import { createHash } from 'node:crypto'
import { type Comparison, change, type Day, isoDay, type Share, type Summary } from './usage.ts'

/**
 * The same summary as a page: one file that loads nothing, runs nothing and can be read without its looks. Every chart
 * is a table whose numbers are there to be read, aloud too; the bars are only a second way to see them.
 */
export function pageOf(title: string, summary: Summary): string {
  const { commands, versions, events, days, comparisons, last } = summary
  const [subject = '', claim = ''] = title.split(/: (.*)/)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashOf(STYLE)}'">
<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${html(subject)}</h1>
<p>${html(claim)}</p>
<dl>
${comparisons.map(tile).join('\n')}
<div><dt>Last use</dt><dd>${last === undefined ? 'never' : isoDay(last)}</dd></div>
</dl>
${[shares('Commands', commands), calendar(days), shares('Versions', versions), shares('Also counted', events)].filter(Boolean).join('\n')}
</main>
<footer>Made on ${isoDay(days.at(-1)!.start)} from the counts on this computer. To make it, nothing was sent; to read it, nothing is loaded.</footer>
</body>
</html>
`
}

function tile(comparison: Comparison): string {
  const { days, now, before } = comparison
  const percent = change(comparison)
  const rest = `${before} in the ${days} before${percent && `, ${percent}`}`
  return `<div><dt>Last ${days} days</dt><dd>${now} <small>${rest}</small></dd></div>`
}

function shares(heading: string, all: readonly Share[]): string {
  if (!all.length) return ''
  const most = all[0]!.count
  const rows = all.map(
    ({ name, count, share, last }) =>
      `<tr><th scope="row">${html(name)}</th><td>${count}</td><td>${Math.round(100 * share)} %</td>` +
      `<td class="bar" aria-hidden="true"><svg><rect width="${((100 * count) / most).toFixed(1)}%" height="100%"/></svg></td>` +
      `<td>${isoDay(last)}</td></tr>`,
  )
  const id = heading.toLowerCase().replace(' ', '-')
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${heading}</h2>
<table class="shares">
<thead><tr><th scope="col">Name</th><th scope="col">Times</th><th scope="col">Share</th><td aria-hidden="true"></td><th scope="col">Last</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</section>`
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function calendar(days: readonly Day[]): string {
  const most = Math.max(...days.map(({ count }) => count), 1)
  const weekdayOf = ({ start }: Day) => (new Date(start).getDay() + 6) % 7
  const weeks = Math.floor((weekdayOf(days[0]!) + days.length - 1) / 7) + 1
  const rows = WEEKDAYS.map((name, weekday) => {
    const cells = Array.from({ length: weeks }, (_, week) => {
      const day = days[week * 7 + weekday - weekdayOf(days[0]!)]
      if (!day) return '<td></td>'
      const said = `${isoDay(day.start)}: ${day.count}`
      // The number is in the cell for who listens, and comes up for who points.
      return `<td class="level${Math.ceil((day.count / most) * 4)}" title="${said}"><span class="said">${said}</span></td>`
    })
    return `<tr><th scope="row" abbr="${name}">${name.slice(0, 3)}</th>${cells.join('')}</tr>`
  })
  return `<section aria-labelledby="days">
<h2 id="days">Days</h2>
<div class="wide" role="region" aria-labelledby="days" tabindex="0">
<table class="calendar">
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>
<p><small>A column a week, the last one is this week. The strongest colour is ${most} a day.</small></p>
</section>`
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --page: #fff; --line: #d0d7de; --bar: #0b6bcb;
  --none: #ebedf0; --one: #a8cdf0; --two: #5fa3e0; --three: #1f78c8; --four: #0a4a8f }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --page: #0d1117; --line: #30363d; --bar: #4aa3f0;
  --none: #21262d; --one: #123e66; --two: #1a5f9e; --three: #3389d6; --four: #8cc8ff } }
* { box-sizing: border-box }
body { margin: 0; padding: 1.5rem; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main, footer { max-width: 52rem; margin: 0 auto }
h1 { margin: 0; font-size: 2rem } h2 { margin: 2rem 0 .5rem; font-size: 1.2rem }
p { margin: .25rem 0 } small, footer { color: var(--soft) } footer { margin-top: 3rem; font-size: .875rem }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
dl div { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem }
dt { color: var(--soft) } dd { margin: 0; font-size: 1.5rem } dd small { display: block; font-size: .875rem }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
.shares { width: 100% } .shares td, .shares th { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line) }
.shares thead th:not(:first-child) { text-align: right }
.shares tbody th { font-weight: 400; overflow-wrap: anywhere } .shares td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.shares .bar { width: 40% } svg { display: block; width: 100%; height: .8rem } rect { fill: var(--bar) }
.wide { overflow-x: auto } .calendar { border-spacing: 3px; border-collapse: separate }
.calendar th { padding-right: .5rem; font-size: .75rem; font-weight: 400; color: var(--soft) }
.calendar td { width: 14px; min-width: 14px; height: 14px; border-radius: 3px }
.level0 { background: var(--none) } .level1 { background: var(--one) } .level2 { background: var(--two) }
.level3 { background: var(--three) } .level4 { background: var(--four) }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
@media (max-width: 36rem) { .shares .bar, .shares thead td { display: none } }
@media print { body { padding: 0 } .level0, .level1, .level2, .level3, .level4, rect { print-color-adjust: exact; -webkit-print-color-adjust: exact } section { break-inside: avoid } }
`

function hashOf(style: string): string {
  return `sha256-${createHash('sha256').update(style).digest('base64')}`
}

/** Text as HTML. Names in it may be a stranger's. */
function html(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, character => entities[character]!)
}
