import type { Tool } from '../core/tool.ts'
import { type Inspection, setBy } from './inspect.ts'
import type { Ruling } from './otherwise.ts'
import { sourceOf } from './source.ts'
import { isPlain, problemsOf } from './warnings.ts'
import { wayOut } from './way-out.ts'

/** The report for programs. Field names are stable within a major version. */
export function statusJson(inspection: Inspection, tool: Tool): string {
  const { decision, otherwise, endpoint, headers, folders, config, fingerprint, notice, delivery, streams } =
    inspection
  const { options } = tool
  const withSource = ({ mode, rule, reason }: Ruling) => ({
    ...{ rule, mode, reason },
    source: sourceOf(rule, inspection),
  })
  const value = {
    ...{ name: options.name, version: options.version },
    ...withSource(decision),
    otherwise: otherwise.map(withSource),
    change: wayOut(inspection, tool),
    endpoint: {
      ...{ url: endpoint.url ?? null, source: setBy(inspection), plain: isPlain(endpoint.url) },
      headers,
    },
    config: { path: folders?.config ?? null, ...('problem' in config && config) },
    state: folders?.state ?? null,
    fingerprint: fingerprint?.fingerprint ?? null,
    notice: { version: notice.version, shown: notice.shown ?? null },
    delivery: delivery ?? null,
    problems: problemsOf(inspection, options.name),
    streams: streams.map(({ version, local, instance, current, series, bytes }) => ({
      ...{ version, local, instance: instance ?? null, current, bytes },
      series: series.map(({ series, setAside, times }) => ({
        ...series,
        ...{ setAside, count: times.length, first: time(times[0]), last: time(times.at(-1)) },
      })),
    })),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
