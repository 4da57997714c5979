import { documentOf, policyOf } from '../../report/document.ts'
import { html } from '../../report/html.ts'
import { count } from '../../terminal/count.ts'
import { thousands } from '../../terminal/number.ts'
import { bodySection } from './body-section.ts'
import type { History } from './history.ts'
import { nameOf, timeOf } from './names.ts'
import { SCRIPT } from './page-script.ts'
import { LIVE_STYLE } from './page-style.ts'
import type { Total } from './totals.ts'
import { commandLine, RULE } from './variables.ts'

/** All that the page shows. */
export interface View {
  /** Largest first. */
  totals: readonly Total[]
  history: History
  /** Where a tool is to send to. */
  endpoint: string
}

const WAITING = '<span class="pulse" aria-hidden="true"></span>Waiting for the first command'
/** More rows nobody reads, and a stranger can send as many as he likes. */
const MAX_TOTALS = 200

/** The page as it is now; its script keeps it up to date. */
export function livePage(view: View): string {
  return documentOf({
    title: 'otlp-tally listen',
    status:
      '<p role="status" class="said" id="news"></p>\n<p role="status" class="state" id="state"><noscript>Without scripts this page does not update: reload it to see what is new.</noscript></p>',
    main: liveMain(view),
    footer: 'Only this computer can see this page. It is forgotten when <code>otlp-tally listen</code> ends.',
    script: SCRIPT,
    style: LIVE_STYLE,
  })
}

/** What the page may do, for its header: it must not be inside another page either. */
export const LIVE_POLICY: string = `${policyOf({ script: SCRIPT, style: LIVE_STYLE })}; frame-ancestors 'none'`

/** What changes, as HTML. */
export function liveMain(view: View): string {
  const { totals, history } = view
  const { accepted, refused } = history
  const sum = totals.reduce((sum, { total }) => sum + total, 0)
  const claim = `${count(sum, 'invocation')} in ${count(totals.length, 'series')}${refused ? `, ${count(refused, 'request')} refused` : ''}`
  const parts = accepted
    ? [feed(view), totalsTable(totals), remarks(history), bodySection(history.lastBody())]
    : [waiting(view), remarks(history)]
  return `<h1>otlp-tally listen</h1>
<p id="claim">${accepted ? claim : WAITING}</p>
${parts.filter(Boolean).join('\n')}`
}

function waiting({ endpoint }: View): string {
  return `<section aria-labelledby="claim" class="waiting" id="empty">
<p>Run your tool in another terminal:</p>
<pre id="run" role="group" aria-label="The command to run" tabindex="0">${html(commandLine('mytool', endpoint, 'build'))}</pre>
<p>${html(RULE)}.</p>
</section>`
}

/** What came, newest first, under the last minute of it. */
function feed({ history, totals, endpoint }: View): string {
  const items = history.feed
    .entries()
    .map(
      ({ id, time, name, said }) =>
        `<li id="e${id}"><time>${timeOf(time)}</time> <span>${html(name)}</span> <strong>${html(said)}</strong></li>`,
    )
  const tools = [...new Set(totals.map(({ tool }) => tool))]
  const again =
    tools.length === 1 ? `\n<p class="again"><code>${html(commandLine(tools[0]!, endpoint))}</code></p>` : ''
  return `<section aria-labelledby="feed" id="feed-part">
<h2 id="feed">Last minute</h2>
${minute(history.pulse.seconds())}
<ol class="feed" id="feed-list">
${items.join('\n')}
</ol>${again}
</section>`
}

function minute(seconds: readonly number[]): string {
  const most = Math.max(1, ...seconds)
  const bars = seconds.map((count, index) => {
    const height = (100 * count) / most
    return `<rect x="${index}" width=".8" y="${(100 - height).toFixed(1)}" height="${height.toFixed(1)}"/>`
  })
  const sum = seconds.reduce((sum, count) => sum + count, 0)
  return `<svg class="minute" role="img" aria-label="${count(sum, 'invocation')} in the last minute, at most ${thousands(most)} per second" viewBox="0 0 ${seconds.length} 100" preserveAspectRatio="none"><line x1="0" x2="${seconds.length}" y1="100" y2="100"/>${bars.join('')}</svg>
<p class="scale" aria-hidden="true"><small>60 s ago</small> <small>${count(sum, 'invocation')}</small> <small>now</small></p>`
}

function totalsTable(totals: readonly Total[]): string {
  if (!totals.length) return ''
  const most = totals[0]!.total
  const rows = totals.slice(0, MAX_TOTALS).map((total, index) => {
    const width = ((100 * total.total) / most).toFixed(1)
    return `<tr id="t${index}"><th scope="row">${html(nameOf(total))}<svg class="bar" aria-hidden="true"><rect width="${width}%" height="100%"/></svg></th><td>${thousands(total.total)}</td></tr>`
  })
  const more = totals.length - rows.length
  return `<section aria-labelledby="totals" id="totals-part">
<h2 id="totals">Totals</h2>
<div class="scroll" id="totals-list" role="group" aria-labelledby="totals" tabindex="0">
<table class="shares">
<thead class="said"><tr><th scope="col">Series</th><th scope="col">Total</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>${more ? `\n<p><small>And ${thousands(more)} more.</small></p>` : ''}
</div>
</section>`
}

function remarks({ remarks }: History): string {
  if (!remarks.length) return ''
  const items = remarks.map(({ time, sentence, times }) => {
    const often = times > 1 ? ` <small>(${thousands(times)} times)</small>` : ''
    return `<li><small>${timeOf(time)}</small> ${html(sentence)}${often}</li>`
  })
  return `<section aria-labelledby="remarks" id="remarks-part">
<h2 id="remarks">Remarks</h2>
<ul class="remarks scroll" id="remarks-list" tabindex="0">
${items.join('\n')}
</ul>
</section>`
}
