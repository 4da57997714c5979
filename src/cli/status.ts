import type { Attributes } from '../names.ts'
import type { Report } from './report.ts'

/** What each mode means to the person who reads it. */
const meaning = {
  on: 'on: invocations are counted and sent',
  local: 'local: invocations are counted, nothing is sent',
  log: 'log: what would be sent is printed, nothing is counted or sent',
  off: 'off: nothing is counted or sent',
}

/** The report for people: what is in force, why, and where everything lies. */
export function statusText(report: Report): string {
  const { name, decision, endpoint, folders, config, fingerprint, notice, delivery, tallied, problems } =
    report
  const rows: [string, string][] = [
    ['because', decision.reason],
    ['endpoint', endpoint.url ? `${endpoint.url} (from ${endpoint.source})` : 'none'],
    ['config', folders?.config ?? 'none'],
    ['state', folders?.state ?? 'none'],
    ['fingerprint', fingerprint ?? 'not made yet'],
    ['notice', notice ? `shown (version ${notice})` : 'not shown yet'],
    ['delivery', `${delivery.route}: ${delivery.reason}`],
    ...problems.map(problem => ['problem', problem] as [string, string]),
    [
      'counted',
      tallied.length ? `by version ${report.version} since ${since(report)}` : 'nothing by this version',
    ],
    ...tallied.map(
      ({ series, count }) => ['', `${String(count).padStart(6)}  ${label(series)}`] as [string, string],
    ),
  ]
  const text = rows.map(([title, value]) => `  ${title.padEnd(12)} ${value}`).join('\n')
  const place = 'codeblock' in config && config.codeblock ? `\n\n${config.codeblock.trimEnd()}` : ''
  return `${name} telemetry is ${meaning[decision.mode]}\n\n${text}${place}\n`
}

/** The report for programs. Field names are stable within a major version. */
export function statusJson(report: Report): string {
  const {
    name,
    version,
    decision,
    endpoint,
    folders,
    config,
    fingerprint,
    instance,
    tallied,
    notice,
    delivery,
    problems,
  } = report
  const { mode, rule, reason } = decision
  return `${JSON.stringify(
    {
      name,
      version,
      mode,
      rule,
      reason,
      endpoint: { url: endpoint.url ?? null, source: endpoint.source },
      config: { path: folders?.config ?? null, ...('problem' in config && config) },
      state: folders?.state ?? null,
      fingerprint: fingerprint ?? null,
      instance: instance ?? null,
      notice,
      delivery,
      problems,
      series: tallied.map(({ series, count, start }) => ({
        ...series,
        count,
        since: new Date(start).toISOString(),
      })),
    },
    null,
    2,
  )}\n`
}

function since({ tallied }: Report): string {
  return new Date(Math.min(...tallied.map(({ start }) => start))).toISOString().slice(0, 10)
}

function label({ metric, attributes }: { metric: string; attributes: Attributes }): string {
  return [metric, ...Object.entries(attributes).map(([key, value]) => `${key}=${value}`)].join(' ')
}
