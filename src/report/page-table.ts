import { UNKNOWN } from '../core/vocabulary.ts'
import { shortNumber } from '../terminal/number.ts'
import { sparkline } from './chart.ts'
import { spokenDay } from './days.ts'
import { eachOf, shareText } from './figures.ts'
import { html } from './html.ts'
import { failedShare, MAX_ROWS, type Row } from './rows.ts'
import type { Summary } from './summary.ts'

/** The other rows are folded. */
const SHOWN = 10

interface Column {
  /** HTML. */
  name: string
  cell(row: Row): string
  /** Left out on a phone. */
  wide?: boolean
  drawn?: boolean
}

/** `first` is the head of the first column. */
export function commandsTable(
  summary: Summary,
  first: string,
  rows: readonly Row[] = summary.commands,
): string {
  const { hasInstallations, all, period, commands } = summary
  const hasFailures = commands.some(({ failed, usual }) => failed || usual.failed)
  const usedBy: Column[] = [
    {
      name: `Used by, ${daysOf(summary)}`,
      cell: ({ installations }) => `<b>${shortNumber(installations)}</b>`,
    },
    {
      ...{ name: `of ${shortNumber(all.installations)}`, wide: true },
      cell: ({ installations }) =>
        shareText(all.installations ? installations / all.installations : undefined),
    },
  ]
  const failures: Column[] = [
    { name: 'Failed', cell: row => shareText(failedShare(row)) },
    {
      name: '<small>failed before</small>',
      wide: true,
      cell: ({ usual }) => `<small>${shareText(failedShare(usual))}</small>`,
    },
  ]
  const columns: Column[] = [
    ...(hasInstallations ? usedBy : []),
    { name: trendName(summary), drawn: true, cell: ({ trend }) => sparkline(trend) },
    { name: hasInstallations ? 'Runs' : `Runs, ${daysOf(summary)}`, cell: ({ runs }) => shortNumber(runs) },
    ...(hasInstallations
      ? [
          {
            name: 'Runs each',
            wide: true,
            cell: ({ runs, installations }: Row) => eachOf(runs, installations),
          },
        ]
      : [
          {
            name: 'Share',
            wide: true,
            cell: ({ runs }: Row) => shareText(all.runs ? runs / all.runs : undefined),
          },
        ]),
    ...(hasFailures && period.usualFrom < period.from ? failures : hasFailures ? failures.slice(0, 1) : []),
  ]
  return foldedTable(
    first,
    rows,
    columns,
    row => rowNote(row, summary),
    row => (hasInstallations ? row.installations / (all.installations || 1) : row.runs / (all.runs || 1)),
  )
}

export function eventsTable(summary: Summary): string {
  const { hasInstallations, events } = summary
  const columns: Column[] = [
    ...(hasInstallations
      ? [
          {
            name: `Seen at, ${daysOf(summary)}`,
            cell: ({ installations }: Row) => `<b>${shortNumber(installations)}</b>`,
          },
        ]
      : []),
    { name: trendName(summary), drawn: true, cell: ({ trend }) => sparkline(trend) },
    { name: 'Times', cell: ({ runs }) => shortNumber(runs) },
  ]
  return foldedTable(
    'Event',
    events,
    columns,
    () => '',
    () => 0,
  )
}

/** `30 days` */
export function daysOf({ period: { days, unfinished } }: Summary): string {
  return unfinished ? 'today' : `${shortNumber(days)} day${days === 1 ? '' : 's'}`
}

function trendName({ period: { steps } }: Summary): string {
  const { days, starts } = steps
  return `${starts.length} ${days === 7 ? 'week' : 'day'}${starts.length === 1 ? '' : 's'}`
}

/** What the numbers do not tell. */
function rowNote({ name, runs, last }: Row, { period }: Summary): string {
  const notes = [
    ...(name === UNKNOWN ? ['not in the list of commands'] : []),
    ...(runs || period.unfinished ? [] : [`last run ${when(spokenDay(last, period.to))}`]),
  ]
  return notes.length ? ` <small>${notes.join(', ')}</small>` : ''
}

function when(day: string): string {
  return /^(today|yesterday)$/.test(day) ? day : `on ${day}`
}

function foldedTable(
  first: string,
  all: readonly Row[],
  columns: readonly Column[],
  noteOf: (row: Row) => string,
  shareOf: (row: Row) => number,
): string {
  if (!all.length) return ''
  const rows = all.slice(0, MAX_ROWS).map(row => {
    const share = shareOf(row)
    const bar = share
      ? `<svg class="reach" aria-hidden="true"><rect width="${(100 * Math.min(1, share)).toFixed(1)}%" height="100%"/></svg>`
      : ''
    const cells = columns.map(column => `<td${classOf(column)}>${column.cell(row)}</td>`)
    return `<tr><th scope="row">${bar}<span>${html(row.name)}${noteOf(row)}</span></th>${cells.join('')}</tr>`
  })
  const head = (hidden: boolean) =>
    `<thead${hidden ? ' class="visually-hidden"' : ''}><tr><th scope="col">${html(first)}</th>${columns.map(column => `<th scope="col"${classOf(column)}>${column.name}</th>`).join('')}</tr></thead>`
  const table = (rows: readonly string[], hidden = false) =>
    `<table class="rows">\n${head(hidden)}\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`
  if (rows.length <= SHOWN + 2) return table(rows)
  const more = all.length - rows.length
  const rest = `<details class="more"><summary>${shortNumber(rows.length - SHOWN)} more</summary>\n${table(rows.slice(SHOWN), true)}${more ? `\n<p><small>And ${shortNumber(more)} that are used by fewer.</small></p>` : ''}\n</details>`
  return `${table(rows.slice(0, SHOWN))}\n${rest}`
}

function classOf({ wide, drawn }: Column): string {
  const classes = [...(wide ? ['roomy'] : []), ...(drawn ? ['trend'] : [])]
  return classes.length ? ` class="${classes.join(' ')}"` : ''
}
