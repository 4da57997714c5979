import { lstatSync } from 'node:fs'
import { basename, join } from 'node:path'
import { draftOf } from '../core/counter.ts'
import { namesIn } from '../core/files.ts'
import { LOCAL, LOGS, logPath, parseLogName } from '../core/log/name.ts'
import { parseSeries } from '../core/log/record.ts'
import { hasCode } from '../core/node.ts'
import type { TelemetryOptions } from '../core/options.ts'
import { COMMAND_METRIC, FAILURE_METRIC, type Series } from '../core/vocabulary.ts'
import type { Fold } from '../helper/fold.ts'
import { type Mark, readLog } from '../helper/read-log.ts'

export interface StoredLog {
  path: string
  version: string
  /** The hash of the endpoint that it was counted for. */
  endpoint: string
  /** Counted with `local` or `air_gapped`: nothing sends it. */
  local: boolean
  /** The one that the next command appends to. */
  current: boolean
  bytes: number
  fold: Fold
}

/** What a series counts. A failed run is counted as a run and as a failure. */
export type Kind = 'run' | 'failure' | 'event'

/** The paths of all logs in a state folder. Throws if it cannot be listed. */
export function logPaths(stateFolder: string, kind: typeof LOGS | typeof LOCAL): string[] {
  const folder = join(stateFolder, kind)
  return namesIn(folder)
    .filter(name => parseLogName(name))
    .map(name => join(folder, name))
}

/** The log to which a command appends, for an endpoint or for `local`. */
export function currentLog(stateFolder: string, options: TelemetryOptions, url: string | undefined): string {
  return logPath(stateFolder, options.version, url, draftOf(options))
}

/** All logs, the current ones first, then by version. Calls `onMark` for each mark. Throws if a log cannot be read. */
export function storedLogs(
  stateFolder: string,
  current: readonly string[],
  onMark?: (mark: Mark, path: string) => void,
): StoredLog[] {
  const logs = ([LOGS, LOCAL] as const).flatMap(kind =>
    logPaths(stateFolder, kind).flatMap(path => {
      const stats = lstatSync(path, { throwIfNoEntry: false })
      if (!stats?.isFile()) return []
      const { endpoint } = parseLogName(basename(path))!
      const fold = unlessGone(() => readLog(path, onMark && (mark => onMark(mark, path))))
      if (!fold) return []
      const version = `${fold.head?.resource['service.version'] ?? basename(path).split('-')[0]}`
      const isCurrent = current.includes(path)
      return [{ path, version, endpoint, local: kind === LOCAL, current: isCurrent, bytes: stats.size, fold }]
    }),
  )
  const newest = (a: StoredLog, b: StoredLog) =>
    b.version.localeCompare(a.version, 'en', { numeric: true }) || lastOf(b) - lastOf(a)
  return logs.sort((a, b) => Number(b.current) - Number(a.current) || newest(a, b))
}

/** Undefined for a log that is gone: a command may have set it aside, or a helper removed it. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

export function kindOf(metric: string, commandMetric: string = COMMAND_METRIC): Kind {
  return metric === commandMetric ? 'run' : metric === FAILURE_METRIC ? 'failure' : 'event'
}

/** Parses a series of a log. */
export function seriesIn(text: string, { head }: Fold): Series & { kind: Kind } {
  const series = parseSeries(text)!
  return { ...series, kind: kindOf(series.metric, head?.metric) }
}

/** How many of each kind were counted. */
export function totalsOf(fold: Fold): Record<Kind, number> {
  const totals = { run: 0, failure: 0, event: 0 }
  for (const [text, { value }] of fold.series) totals[seriesIn(text, fold).kind] += value
  return totals
}

/** The time of the first mark, in ms since 1970; undefined if there is none. */
export function firstOf({ series }: Fold): number | undefined {
  return series.size ? Math.min(...[...series.values()].map(({ first }) => first)) : undefined
}

const lastOf = ({ fold }: StoredLog) => Math.max(fold.time, firstOf(fold) ?? 0)
