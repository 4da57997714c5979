import { type Bar, bars, calendar, pair, tile, weeks } from './charts.ts'
import { documentOf } from './document.ts'
import { html } from './html.ts'
import { type Comparison, change, isoDay, type Share, type Summary } from './usage.ts'

/** The same summary as a page. `source` says what the numbers are made of. */
export function pageOf(title: string, summary: Summary, source = 'the counts on this computer'): string {
  const [, subject = '', claim = ''] = /^(.*?): (.*)$/s.exec(title) ?? []
  const { commands, versions, events, days, comparisons, last, installations } = summary
  const tiles = [
    ...(installations
      ? [tile('Installations', installations.total, `${installations.recent} in the last 7 days`)]
      : []),
    ...comparisons.map(compared),
    tile('Last use', last === undefined ? 'never' : isoDay(last)),
  ]
  const sections = [
    bars('Commands', commands.map(barOf)),
    ...(installations
      ? [
          pair(
            calendar('Days', days, 'invocations'),
            calendar('Installations', installations.days, 'installations'),
          ),
          weeks('Installations by version', installations.versions, 'installations'),
        ]
      : [calendar('Days', days, 'invocations')]),
    bars('Versions', versions.map(barOf)),
    bars('Also counted', events.map(barOf)),
  ]
  return documentOf({
    title,
    main: `<h1>${html(subject)}</h1>
<p>${html(claim)}</p>
<dl>
${tiles.join('\n')}
</dl>
${sections.filter(Boolean).join('\n')}`,
    footer: `Made on ${isoDay(days.at(-1)!.start)} from ${html(source)}. To make it, nothing was sent; to read it, nothing is loaded.`,
  })
}

function compared(comparison: Comparison): string {
  const { days, now, before } = comparison
  const percent = change(comparison)
  return tile(`Last ${days} days`, now, `${before} in the ${days} before${percent && `, ${percent}`}`)
}

function barOf({ last, ...share }: Share): Bar {
  return { ...share, last: isoDay(last) }
}
