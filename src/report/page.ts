import { change, percent, thousands } from '../terminal/number.ts'
import { sparkline } from './area.ts'
import { sentenceOf } from './claim.ts'
import { isoDay, longDay } from './days.ts'
import { documentOf } from './document.ts'
import { failedShare } from './failures.ts'
import { html } from './html.ts'
import { installationsChart, runsChart, versionsChart } from './page-charts.ts'
import { section, table, tile } from './table.ts'
import { changed, type Told } from './told.ts'
import { type Comparison, type Summary, UNKNOWN } from './usage.ts'

/** The report as one file that loads nothing and runs nothing. */
export function pageOf({ subject, scope, summary, claims, words, source }: Told): string {
  const { installations, comparisons, last, days, total } = summary
  const today = days.at(-1)!.start
  const tiles = [
    ...(installations && installations.total > 1
      ? [
          tile(
            'Installations',
            thousands(installations.total),
            `${thousands(installations.recent)} in the last 7 days`,
          ),
        ]
      : []),
    // What is the same as the total above, and has nothing to be compared with, is not said again.
    ...comparisons
      .filter(one => one.days <= days.length && (one.now || one.before) && (one.now !== total || one.whole))
      .map(compared),
    ...(last !== undefined && last < today ? [tile('Last use', longDay(last, today))] : []),
  ]
  const sentence = sentenceOf(claims, name => `<strong>${html(name)}</strong>`)
  const sections =
    total || summary.events.length ? sectionsOf(summary, words) : ['<p>Nothing was counted in this time.</p>']
  return documentOf({
    title: `${subject}: ${scope}`,
    main: `<h1>${html(subject)}</h1>
${sentence && `<p class="lead">${sentence}</p>\n`}<p class="scope">${html(scope.charAt(0).toUpperCase() + scope.slice(1))}</p>
${tiles.length ? `<dl>\n${tiles.join('\n')}\n</dl>\n` : ''}${sections.filter(Boolean).join('\n')}`,
    footer: `Made on ${isoDay(today)} from ${html(source)}. Nothing was sent to make it, and nothing is loaded to read it.`,
  })
}

function sectionsOf(summary: Summary, words: Told['words']): string[] {
  return [
    runsChart(summary, words),
    installationsChart(summary),
    versionsChart(summary, words),
    commandsTable(summary, words),
    failuresTable(summary),
    agentsTable(summary),
    eventsTable(summary),
  ]
}

function compared(comparison: Comparison): string {
  const { days, now, before, whole } = comparison
  const rest = whole && before ? `${change(now, before)} on the ${days} before` : ''
  return tile(`Last ${days} days`, thousands(now), rest)
}

function commandsTable({ commands, agents }: Summary, { runs, thing }: Told['words']): string {
  const [{ change: { days = 0, whole = false } = {} } = {}] = commands
  const rows = commands.map(({ share, ...command }) => ({
    ...command,
    ...(commands.length > 1 && { share }),
    ...(command.name === UNKNOWN && runs === 'runs' && { note: 'not in the list of commands' }),
  }))
  const columns = [
    { name: runs === 'runs' ? 'Runs' : 'Times', cell: (row: (typeof rows)[0]) => thousands(row.count) },
    ...(rows.length > 1 ? [{ name: 'Share', cell: (row: (typeof rows)[0]) => percent(row.share ?? 1) }] : []),
    { name: 'Trend', drawn: true, cell: (row: (typeof rows)[0]) => sparkline(row.steps) },
    ...(whole
      ? [{ name: `Last ${days} days`, cell: (row: (typeof rows)[0]) => changed(row.change, change) }]
      : []),
    ...(agents?.shares.size
      ? [{ name: 'By agents', cell: ({ name }: (typeof rows)[0]) => percent(agents.shares.get(name) ?? 0) }]
      : []),
  ]
  return rows.length ? section(runs === 'runs' ? 'Commands' : `By ${thing}`, table(thing, rows, columns)) : ''
}

function failuresTable({ failures }: Summary): string {
  if (!failures?.length) return ''
  const [{ days, before }] = failures as [(typeof failures)[0]]
  const rows = failures.map(failure => ({ ...failure, share: failedShare(failure.now) ?? 0 }))
  const columns = [
    { name: 'Failed', cell: ({ now }: (typeof rows)[0]) => thousands(now.failed) },
    { name: 'Of its runs', cell: ({ now }: (typeof rows)[0]) => partOf(failedShare(now)) },
    ...(before
      ? [
          {
            name: `${days} days before`,
            cell: (row: (typeof rows)[0]) => partOf(row.before && failedShare(row.before)),
          },
        ]
      : []),
  ]
  return section(`Failures in the last ${days} days`, table('Command', rows, columns))
}

function agentsTable({ agents, failures }: Summary): string {
  if (!agents) return ''
  const columns = [
    { name: 'Runs', cell: (row: (typeof agents.who)[0]) => thousands(row.count) },
    { name: 'Share', cell: (row: (typeof agents.who)[0]) => percent(row.share) },
    { name: 'Trend', drawn: true, cell: (row: (typeof agents.who)[0]) => sparkline(row.steps) },
    ...(failures
      ? [{ name: 'Failed', cell: (row: (typeof agents.who)[0]) => partOf(failedShare(row.failures)) }]
      : []),
  ]
  return section('People and agents', table('Run by', agents.who, columns))
}

function eventsTable({ events }: Summary): string {
  if (!events.length) return ''
  const columns = [
    { name: 'Times', cell: (row: (typeof events)[0]) => thousands(row.count) },
    { name: 'Trend', drawn: true, cell: (row: (typeof events)[0]) => sparkline(row.steps) },
  ]
  // A share of all events says nothing: they are not of one kind.
  const rows = events.map(({ share: _, ...event }) => event)
  return section('Also counted', table('Event', rows as typeof events, columns))
}

function partOf(share: number | undefined): string {
  return share === undefined ? '' : percent(share)
}
