import { documentOf, policyOf } from '../../report/document.ts'
import { html } from '../../report/html.ts'
import { shortNumber } from '../../terminal/number.ts'
import { plural } from '../../terminal/plural.ts'
import type { Activity } from './activity.ts'
import { bodySection } from './body-section.ts'
import { nameOf, timeOf } from './names.ts'
import { SCRIPT } from './page-script.ts'
import { LIVE_STYLE } from './page-style.ts'
import type { Part, Total } from './totals.ts'
import { commandLine, RULE } from './variables.ts'

/** What the page shows. */
export interface View {
  /** Commands first, largest first. */
  totals: readonly Total[]
  /** Metrics that arrived and are not counted. */
  others: readonly string[]
  activity: Activity
  /** For a tool to send to. */
  endpoint: string
}

const WAITING = '<span class="pulse" aria-hidden="true"></span>Waiting for the first command'
/** A sender can send any number of names. */
const MAX_TOTALS = 100
const MAX_PARTS = 20

/** The page as it is now; its script keeps it up to date. */
export function livePage(view: View): string {
  return documentOf({
    title: 'otlp-tally listen',
    status:
      '<p role="status" class="visually-hidden" id="news"></p>\n<p role="status" class="state" id="state"><noscript>Without scripts this page does not update: reload it to see what is new.</noscript></p>',
    main: liveMain(view),
    footer: 'Only this computer can see this page. It is forgotten when <code>otlp-tally listen</code> ends.',
    script: SCRIPT,
    style: LIVE_STYLE,
    connects: true,
  })
}

/** The content security policy, as a header: only there it can forbid frames. */
export const LIVE_POLICY: string = `${policyOf({ script: SCRIPT, style: LIVE_STYLE, connects: true })}; frame-ancestors 'none'`

/** The part of the page that is updated. */
export function liveMain(view: View): string {
  const { totals, activity, others } = view
  const { accepted, refused } = activity
  const refusals = refused ? `, ${plural(refused, 'request')} refused` : ''
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
        remarks(activity),
        bodySection(activity.lastBody()),
        others.length
          ? `<p class="others" id="others">Received and not counted: ${html(others.join(', '))}.</p>`
          : '',
      ]
    : [waiting(view), remarks(activity)]
  return `<h1>otlp-tally listen</h1>
<p id="headline">${accepted ? `${headlineOf(totals)}${refusals}` : WAITING}</p>
${parts.filter(Boolean).join('\n')}`
}

/** Runs, failures and events are three numbers: they are not added up. */
function headlineOf(totals: readonly Total[]): string {
  const sum = (kind: Total['kind'], field: 'runs' | 'failed') =>
    totals.reduce((sum, total) => (total.kind === kind ? sum + total[field] : sum), 0)
  const [runs, failed, events] = [sum('command', 'runs'), sum('command', 'failed'), sum('event', 'runs')]
  const commands = totals.filter(({ kind }) => kind === 'command').length
  return [
    ...(runs || !events ? [`${plural(runs, 'run')} of ${plural(commands, 'command')}`] : []),
    ...(failed ? [`${shortNumber(failed)} failed`] : []),
    ...(events ? [plural(events, 'event')] : []),
  ].join(', ')
}

function waiting({ endpoint }: View): string {
  return `<section aria-labelledby="headline" class="waiting" id="empty">
<p>Run your tool in another terminal:</p>
<pre id="run" role="group" aria-label="The command to run" tabindex="0">${html(commandLine('mytool', endpoint, 'build'))}</pre>
<p>${html(RULE)}.</p>
</section>`
}

/** The last minute as a chart, then the latest arrivals. */
function feed({ activity, totals, endpoint }: View): string {
  const items = activity.feed
    .entries()
    .map(
      ({ id, time, kind, name, added }) =>
        `<li id="e${id}" class="${kind}"><time>${timeOf(time)}</time> <span>${html(name)}</span> <strong>${added}</strong></li>`,
    )
  const tools = [...new Set(totals.map(({ tool }) => tool))]
  const again =
    tools.length === 1
      ? `\n<p class="again">Run more: <code>${html(commandLine(tools[0]!, endpoint))}</code></p>`
      : ''
  return `<section aria-labelledby="feed" id="feed-part">
<h2 id="feed">Just arrived</h2>
${minute(activity.lastMinute.seconds())}
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
  return `<svg class="minute" role="img" aria-label="${plural(sum, 'run')} in the last minute, at most ${shortNumber(most)} per second" viewBox="0 0 ${seconds.length} 100" preserveAspectRatio="none"><line x1="0" x2="${seconds.length}" y1="100" y2="100"/>${bars.join('')}</svg>
<p class="scale" aria-hidden="true"><small>60 s ago</small> <small>${plural(sum, 'run')}</small> <small>now</small></p>`
}

/** A row per name, which unfolds to its versions and agents. */
function totalsList(heading: string, id: string, totals: readonly Total[]): string {
  if (!totals.length) return ''
  const most = totals[0]!.runs || 1
  const items = totals.slice(0, MAX_TOTALS).map(total => {
    const width = ((100 * total.runs) / most).toFixed(1)
    const failed = total.failed ? ` <small>${shortNumber(total.failed)} failed</small>` : ''
    return `<li id="t${total.id}"><details id="d-t${total.id}"><summary><span>${html(nameOf(total))}${failed}</span> <strong>${shortNumber(total.runs)}</strong><svg class="bar" aria-hidden="true"><rect width="${width}%" height="100%"/></svg></summary>${partsList(total.parts)}</details></li>`
  })
  const more = totals.length - items.length
  return `<section aria-labelledby="${id}" id="${id}-part">
<h2 id="${id}">${heading}</h2>
<ul class="totals" id="${id}-list">
${items.join('\n')}
</ul>${more ? `\n<p><small>And ${shortNumber(more)} more.</small></p>` : ''}
</section>`
}

function partsList(parts: readonly Part[]): string {
  const items = parts.slice(0, MAX_PARTS).map(({ version, agent, runs, failed }) => {
    const who = [version || 'no version', ...(agent === undefined ? [] : [`by ${agent}`])].join(' ')
    return `<li><span>${html(who)}${failed ? ` <small>${shortNumber(failed)} failed</small>` : ''}</span> <strong>${shortNumber(runs)}</strong></li>`
  })
  const more = parts.length - items.length
  return `<ul>${items.join('')}${more ? `<li>and ${shortNumber(more)} more</li>` : ''}</ul>`
}

function remarks({ remarks }: Activity): string {
  if (!remarks.length) return ''
  const items = remarks.map(({ time, sentence, times }) => {
    const often = times > 1 ? ` <small>(${shortNumber(times)} times)</small>` : ''
    return `<li><small>${timeOf(time)}</small> ${html(sentence)}${often}</li>`
  })
  return `<section aria-labelledby="remarks" id="remarks-part">
<h2 id="remarks">Remarks</h2>
<ul class="remarks" id="remarks-list">
${items.join('\n')}
</ul>
</section>`
}
