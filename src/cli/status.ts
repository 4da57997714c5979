import { commandOf, contents } from '../core/decide/notice.ts'
import { type Row, rowsText } from '../core/rows.ts'
import type { Tool } from '../core/tool.ts'
import { notAnEndpoint } from '../exchange/explain.ts'
import { wayTo } from '../exchange/proxy.ts'
import { count } from '../terminal/count.ts'
import { called } from './context.ts'
import { type Inspection, setBy } from './inspect.ts'
import { label } from './label.ts'
import { lineOf } from './source.ts'
import type { StoredStream } from './storage.ts'
import { isPlain, problemsOf } from './warnings.ts'
import { wayOut } from './way-out.ts'

/** What each mode means to the person who reads it. */
const meaning = {
  on: 'on: invocations are counted and sent',
  local: 'local: invocations are counted, nothing is sent',
  log: 'log: what would be sent is printed, nothing is counted or sent',
  off: 'off: nothing is counted or sent',
}

/** The report for people: what is in effect, why, how to change it, and where everything is. */
export function statusText(inspection: Inspection, tool: Tool): string {
  const { facts, decision, otherwise, endpoint, headers, folders, config, notice, delivery, streams } =
    inspection
  const { options } = tool
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0)
  const way = endpoint.url && wayTo(endpoint.url, facts.env)
  const rows: Row[] = [
    ['because', `${decision.reason}${lineOf(decision.rule, inspection)}`],
    ...titled(
      'without it',
      otherwise.map(ruling => `${ruling.mode}: ${ruling.reason}${lineOf(ruling.rule, inspection)}`),
    ),
    ...titled('change it', wayOut(inspection, tool)),
    ['endpoint', endpointText(inspection)],
    ...(isPlain(endpoint.url)
      ? [['', 'plain http: whoever is on the way can read what is sent'] as const]
      : []),
    ...(way ? [['', way] as const] : []),
    ...(headers.length ? [['headers', `${headers.join(', ')} (go to this endpoint only)`] as const] : []),
    ...(facts.problems().length ? [] : sent(options)),
    ...(commandOf(options) ? [['in full', called(tool, 'preview --all')] as const] : []),
    ['config', folders?.config ?? 'none'],
    ['state', folders ? `${folders.state} (${count(bytes, 'byte')} of counts)` : 'none'],
    ['fingerprint', idText(inspection)],
    ['notice', notice.shown ? `shown on ${day(notice.shown)} (version ${notice.version})` : 'not shown yet'],
    ['delivery', delivery ? `${delivery.route}: ${delivery.reason}` : 'none'],
    ...problemsOf(inspection, options.name).map(problem => ['problem', problem] as const),
    ...titled(
      'counted',
      streams.flatMap(stream => counted(stream, options.metricName)),
    ),
  ]
  if (!streams.length) rows.push(['counted', 'nothing yet'])
  const place = 'codeblock' in config && config.codeblock ? `\n${config.codeblock.trimEnd()}\n` : ''
  // Not wrapped: paths and reasons are there to be copied.
  return `${options.name} telemetry is ${meaning[decision.mode]}\n\n${rowsText(rows)}\n${place}`
}

function endpointText(inspection: Inspection): string {
  const { endpoint, url } = inspection.endpoint
  if (!endpoint) return 'none'
  return `${url ?? notAnEndpoint(endpoint)} (from ${setBy(inspection)})`
}

/** What can be sent. Of options that are not valid nothing is shown: with them, nothing can. */
function sent(options: Tool['options']): Row[] {
  const rows = contents(options, '').filter(([label]) => label !== 'To')
  return [
    ...rows.map(([label, text]) => [label.toLowerCase(), text] as const),
    ...(options.commands && options.events ? [] : [['', openEnded(options)] as const]),
  ]
}

function openEnded({ commands, events }: Tool['options']): string {
  const missing = [...(commands ? [] : ['commands']), ...(events ? [] : ['events'])].join(' or ')
  return `there is no list of its ${missing}: names follow an alphabet without paths, quotes and long text`
}

function idText({ fingerprint, damaged }: Inspection): string {
  if (!fingerprint) return damaged ? 'damaged: the next run makes a new one' : 'not made yet'
  const ends = { good: '', damaged: '', copied: 'of another computer or home', expired: '13 months old' }
  const why = ends[fingerprint.state]
  return `${fingerprint.fingerprint}${why && ` (${why}: the next run makes a new one)`}`
}

/** A title that stands before the first of its lines only. */
function titled(title: string, lines: string[]): Row[] {
  return lines.map((line, index) => [index ? '' : title, line])
}

function counted({ version, local, current, series }: StoredStream, metricName?: string): string[] {
  const sum = series.reduce((sum, { times }) => sum + times.length, 0)
  const since = sum
    ? `, since ${day(new Date(Math.min(...series.flatMap(({ times }) => times.slice(0, 1)))))}`
    : ''
  const whose = local ? ', for you alone' : ''
  const head = `${count(sum, 'invocation')} in ${count(series.length, 'series')} by version ${version}${since}${whose}`
  // Of other versions the sum is enough here; `export` has it all.
  if (!current) return [head]
  return [
    head,
    ...series.map(
      ({ series, times, setAside }) =>
        `${String(times.length).padStart(6)}  ${label(series, metricName)}${setAside ? ' (an earlier file, which was full or damaged)' : ''}`,
    ),
  ]
}

const day = (date: Date) => date.toISOString().slice(0, 10)
