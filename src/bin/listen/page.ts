import { meaning } from '../../body/meaning.ts'
import { bars, tile } from '../../report/charts.ts'
import { documentOf, policyOf } from '../../report/document.ts'
import { html } from '../../report/html.ts'
import { count } from '../../terminal/count.ts'
import type { History, LastBody } from './history.ts'
import { nameOf, timeOf } from './names.ts'
import { SCRIPT } from './page-script.ts'
import type { Total } from './totals.ts'

/** All that the page shows. */
export interface View {
  /** Largest first. */
  totals: readonly Total[]
  history: History
  /** Where a tool is to send to. */
  endpoint: string
}

/** The page as it is now; its script goes on from there. */
export function livePage(view: View): string {
  return documentOf({
    title: 'otlp-tally listen',
    status:
      '<p role="status" class="said" id="news"></p>\n<p role="status" class="state" id="state"><noscript>Without scripts this page does not go on by itself: load it again.</noscript></p>',
    main: liveMain(view),
    footer:
      'Only this computer can see this page. What it shows is forgotten when <code>otlp-tally listen</code> ends.',
    script: SCRIPT,
  })
}

/** What the page may do, for its header: it must not be inside another page either. */
export const LIVE_POLICY: string = `${policyOf(SCRIPT)}; frame-ancestors 'none'`

/** What changes, as HTML. */
export function liveMain({ totals, history, endpoint }: View): string {
  const { accepted, refused, started, lastArrival } = history
  const sum = totals.reduce((sum, { total }) => sum + total, 0)
  const claim = accepted
    ? `${count(sum, 'invocation')} in ${count(totals.length, 'series')} since ${timeOf(started)}`
    : 'Nothing has arrived yet.'
  const tiles = [
    tile('Invocations', sum),
    tile('Bodies', accepted, refused ? `and ${refused} refused` : ''),
    tile('Last arrival', lastArrival === undefined ? 'none' : timeOf(lastArrival)),
  ]
  const rows = totals.map(total => ({
    name: nameOf(total),
    count: total.total,
    share: total.total / sum,
    last: timeOf(total.last),
  }))
  const body = history.lastBody()
  return `<h1>otlp-tally listen</h1>
<p id="claim">${claim}</p>
${accepted ? '' : `<p>Point a tool at it: <code>TRIX_TELEMETRY=on TRIX_TELEMETRY_ENDPOINT=${html(endpoint)} trix …</code></p>\n`}<dl>
${tiles.join('\n')}
</dl>
${[remarks(history), bars('Invocations', rows), body && bodySection(body)].filter(Boolean).join('\n')}`
}

function remarks({ remarks }: History): string {
  if (!remarks.length) return ''
  const items = remarks.map(
    ({ time, sentence }) => `<li><small>${timeOf(time)}</small> ${html(sentence)}</li>`,
  )
  return `<section aria-labelledby="remarks">
<h2 id="remarks">Remarks</h2>
<ul class="remarks">
${items.join('\n')}
</ul>
</section>`
}

function bodySection({ length, text, parsed }: LastBody): string {
  const rows = parsed === undefined ? [] : meaning(parsed)
  const fields = rows.map(
    ([field, sentence]) => `<tr><th scope="row">${html(field)}</th><td>${html(sentence)}</td></tr>`,
  )
  const table = `<table class="fields">
<thead><tr><th scope="col">Field</th><th scope="col">What it is for</th></tr></thead>
<tbody>
${fields.join('\n')}
</tbody>
</table>`
  return `<section aria-labelledby="last-body">
<h2 id="last-body">Last body</h2>
<details id="body" open>
<summary id="body-summary">The body, ${count(length, 'character')}</summary>
<pre id="body-text" role="group" aria-labelledby="last-body" tabindex="0">${html(text)}</pre>
</details>
${fields.length ? table : ''}
</section>`
}
