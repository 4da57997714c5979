import { readConfigText } from '../core/decide/config.ts'
import { type Row, rowsText } from '../core/rows.ts'
import type { Tool } from '../core/tool.ts'
import { count } from '../terminal/count.ts'
import { type Inspection, setBy } from './inspect.ts'
import { label } from './label.ts'
import { locateTelemetry } from './locate.ts'
import type { Ruling } from './otherwise.ts'
import type { StoredStream } from './storage.ts'

/** What each mode means to the person who reads it. */
const meaning = {
  on: 'on: invocations are counted and sent',
  local: 'local: invocations are counted, nothing is sent',
  log: 'log: what would be sent is printed, nothing is counted or sent',
  off: 'off: nothing is counted or sent',
}

/** The report for people: what is in force, why, and where everything lies. */
export function statusText(inspection: Inspection, { options }: Tool): string {
  const { decision, otherwise, endpoint, folders, config, fingerprint, notice, delivery, streams, problems } =
    inspection
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0)
  const rows: Row[] = [
    ['because', `${decision.reason}${line(decision.rule, inspection)}`],
    ...titled(
      'otherwise',
      otherwise.map(ruling => `${ruling.mode}: ${ruling.reason}${line(ruling.rule, inspection)}`),
    ),
    ['endpoint', endpoint.url ? `${endpoint.url} (from ${setBy(inspection)})` : 'none'],
    ...(isPlain(endpoint.url)
      ? [['', 'plain http: whoever is on the way can read what is sent'] as const]
      : []),
    ['config', folders?.config ?? 'none'],
    ['state', folders ? `${folders.state} (${count(bytes, 'byte')} of counts)` : 'none'],
    ['fingerprint', fingerprint?.fingerprint ?? 'not made yet'],
    ['notice', notice.shown ? `shown on ${day(notice.shown)} (version ${notice.version})` : 'not shown yet'],
    ['delivery', delivery ? `${delivery.route}: ${delivery.reason}` : 'none'],
    ...problems.map(problem => ['problem', problem] as const),
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

/** The report for programs. Field names are stable within a major version. */
export function statusJson(inspection: Inspection, { options }: Tool): string {
  const { decision, otherwise, endpoint, folders, config, fingerprint, notice, delivery, streams, problems } =
    inspection
  const withSource = ({ mode, rule, reason }: Ruling) => ({
    ...{ rule, mode, reason },
    source: source(rule, inspection),
  })
  const value = {
    ...{ name: options.name, version: options.version },
    ...withSource(decision),
    otherwise: otherwise.map(withSource),
    endpoint: { url: endpoint.url ?? null, source: setBy(inspection), plain: isPlain(endpoint.url) },
    config: { path: folders?.config ?? null, ...('problem' in config && config) },
    state: folders?.state ?? null,
    fingerprint: fingerprint?.fingerprint ?? null,
    notice: { version: notice.version, shown: notice.shown ?? null },
    delivery: delivery ?? null,
    problems,
    streams: streams.map(({ version, instance, current, series, bytes }) => ({
      ...{ version, instance: instance ?? null, current, bytes },
      series: series.map(({ series, setAside, times }) => ({
        ...series,
        ...{ setAside, count: times.length, first: time(times[0]), last: time(times.at(-1)) },
      })),
    })),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** A title that stands before the first of its lines only. */
function titled(title: string, lines: string[]): Row[] {
  return lines.map((line, index) => [index ? '' : title, line])
}

function counted({ version, current, series }: StoredStream, metricName?: string): string[] {
  const sum = series.reduce((sum, { times }) => sum + times.length, 0)
  const since = sum
    ? `, since ${day(new Date(Math.min(...series.flatMap(({ times }) => times.slice(0, 1)))))}`
    : ''
  const head = `${count(sum, 'invocation')} in ${count(series.length, 'series')} by version ${version}${since}`
  // Of other versions the sum is enough here; `export` has it all.
  if (!current) return [head]
  return [
    head,
    ...series.map(
      ({ series, times, setAside }) =>
        `${String(times.length).padStart(6)}  ${label(series, metricName)}${setAside ? ' (set aside)' : ''}`,
    ),
  ]
}

/** Where a ruling comes from: a variable, a place in the config, a file, or the tool itself. */
function source(rule: number, inspection: Inspection): string {
  const { facts, folders } = inspection
  const state = folders ? folders.state : 'the home folder'
  const variables: Record<number, string> = { 3: 'DO_NOT_TRACK', 4: `${facts.prefix}_TELEMETRY`, 8: 'CI' }
  if (variables[rule]) return variables[rule]
  if (rule === 5 || rule >= 13) return state
  if (rule === 10) return setBy(inspection)
  const number = folders && configLine(rule, folders.config)
  if (number) return `${folders?.config}:${number}`
  return rule === 6 ? `${folders?.config}` : 'the tool'
}

function line(rule: number, { folders }: Inspection): string {
  const number = folders && configLine(rule, folders.config)
  return number ? ` (line ${number})` : ''
}

/** The line of the key that a rule reads in the config, where it has one. */
function configLine(rule: number, path: string): number | undefined {
  const key = { 7: 'enabled', 9: 'air_gapped', 11: 'enabled' }[rule]
  if (!key) return undefined
  try {
    return locateTelemetry(readConfigText(path) ?? '').values.get(key)?.line
  } catch {
    return undefined // what cannot be read is row 6's
  }
}

/** Plain http to another machine. To this one nobody is on the way. */
function isPlain(url: string | undefined): boolean {
  if (!url?.startsWith('http:')) return false
  return !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)
}

const day = (date: Date) => date.toISOString().slice(0, 10)
const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
