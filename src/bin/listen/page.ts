import { documentOf, policyOf } from '../../report/document.ts'
import { html } from '../../report/html.ts'
import { count } from '../../terminal/count.ts'
import { short } from '../../terminal/number.ts'
import { bodySection } from './body-section.ts'
import type { History } from './history.ts'
import { nameOf, timeOf } from './names.ts'
import { SCRIPT } from './page-script.ts'
import { LIVE_STYLE } from './page-style.ts'
import type { Part, Total } from './totals.ts'
import { commandLine, RULE } from './variables.ts'

/** All that the page shows. */
export interface View {
  /** Commands first, largest first. */
  totals: readonly Total[]
  /** What has come and is not counted. */
  others: readonly string[]
  history: History
  /** Where a tool is to send to. */
  endpoint: string
}

const WAITING = '<span class="pulse" aria-hidden="true"></span>Waiting for the first command'
/** More rows nobody reads, and a stranger can send as many as he likes. */
const MAX_TOTALS = 100
const MAX_PARTS = 20

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
    connects: true,
  })
}

/** What the page may do, for its header: it must not be inside another page either. */
export const LIVE_POLICY: string = `${policyOf({ script: SCRIPT, style: LIVE_STYLE, connects: true })}; frame-ancestors 'none'`

/** What changes, as HTML. */
export function liveMain(view: View): string {
  const { totals, history, others } = view
  const { accepted, refused } = history
  const refusals = refused ? `, ${count(refused, 'request')} refused` : ''
  const parts = accepted
    ? [
        feed(view),
        totalsList(
          'Commands',
          'runs',
          totals.filter(({ kind }) => kind === 'command'),
        ),
        totalsList(
          'Events',
          'events',
          totals.filter(({ kind }) => kind === 'event'),
        ),
        remarks(history),
        bodySection(history.lastBody()),
        others.length
          ? `<p class="others" id="others">Received and not counted: ${html(others.join(', '))}.</p>`
          : '',
      ]
    : [waiting(view), remarks(history)]
  return `<h1>otlp-tally listen</h1>
<p id="claim">${accepted ? `${claimOf(totals)}${refusals}` : WAITING}</p>
${parts.filter(Boolean).join('\n')}`
}

/** Runs, failures and events are three things, and are not added up. */
function claimOf(totals: readonly Total[]): string {
  const sum = (kind: Total['kind'], field: 'runs' | 'failed') =>
    totals.reduce((sum, total) => (total.kind === kind ? sum + total[field] : sum), 0)
  const [runs, failed, events] = [sum('command', 'runs'), sum('command', 'failed'), sum('event', 'runs')]
  const commands = totals.filter(({ kind }) => kind === 'command').length
  return [
    ...(runs || !events ? [`${count(runs, 'run')} of ${count(commands, 'command')}`] : []),
    ...(failed ? [`${short(failed)} failed`] : []),
    ...(events ? [count(events, 'event')] : []),
  ].join(', ')
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
      ({ id, time, kind, name, said }) =>
        `<li id="e${id}" class="${kind}"><time>${timeOf(time)}</time> <span>${html(name)}</span> <strong>${said}</strong></li>`,
    )
  const tools = [...new Set(totals.map(({ tool }) => tool))]
  const again =
    tools.length === 1
      ? `\n<p class="again">Run more: <code>${html(commandLine(tools[0]!, endpoint))}</code></p>`
      : ''
  return `<section aria-labelledby="feed" id="feed-part">
<h2 id="feed">Just arrived</h2>
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
  return `<svg class="minute" role="img" aria-label="${count(sum, 'run')} in the last minute, at most ${short(most)} per second" viewBox="0 0 ${seconds.length} 100" preserveAspectRatio="none"><line x1="0" x2="${seconds.length}" y1="100" y2="100"/>${bars.join('')}</svg>
<p class="scale" aria-hidden="true"><small>60 s ago</small> <small>${count(sum, 'run')}</small> <small>now</small></p>`
}

/** By name; what each is made of unfolds. */
function totalsList(heading: string, id: string, totals: readonly Total[]): string {
  if (!totals.length) return ''
  const most = totals[0]!.runs || 1
  const items = totals.slice(0, MAX_TOTALS).map(total => {
    const width = ((100 * total.runs) / most).toFixed(1)
    const failed = total.failed ? ` <small>${short(total.failed)} failed</small>` : ''
    return `<li id="t${total.id}"><details id="d-t${total.id}"><summary><span>${html(nameOf(total))}${failed}</span> <strong>${short(total.runs)}</strong><svg class="bar" aria-hidden="true"><rect width="${width}%" height="100%"/></svg></summary>${partsList(total.parts)}</details></li>`
  })
  const more = totals.length - items.length
  return `<section aria-labelledby="${id}" id="${id}-part">
<h2 id="${id}">${heading}</h2>
<ul class="totals" id="${id}-list">
${items.join('\n')}
</ul>${more ? `\n<p><small>And ${short(more)} more.</small></p>` : ''}
</section>`
}

function partsList(parts: readonly Part[]): string {
  const items = parts.slice(0, MAX_PARTS).map(({ version, agent, runs, failed }) => {
    const who = [version || 'no version', ...(agent === undefined ? [] : [`by ${agent}`])].join(' ')
    return `<li><span>${html(who)}${failed ? ` <small>${short(failed)} failed</small>` : ''}</span> <strong>${short(runs)}</strong></li>`
  })
  const more = parts.length - items.length
  return `<ul>${items.join('')}${more ? `<li>and ${short(more)} more</li>` : ''}</ul>`
}

function remarks({ remarks }: History): string {
  if (!remarks.length) return ''
  const items = remarks.map(({ time, sentence, times }) => {
    const often = times > 1 ? ` <small>(${short(times)} times)</small>` : ''
    return `<li><small>${timeOf(time)}</small> ${html(sentence)}${often}</li>`
  })
  return `<section aria-labelledby="remarks" id="remarks-part">
<h2 id="remarks">Remarks</h2>
<ul class="remarks" id="remarks-list">
${items.join('\n')}
</ul>
</section>`
}
