import { removeIfDisabled } from './decide/consent.ts'
import type { Decision } from './decide/decide.ts'
import type { Mode } from './decide/environment.ts'
import { answerFiles } from './decide/folders.ts'
import type { Job } from './deliver/job.ts'
import { ensureFingerprint, fingerprintPath } from './log/fingerprint.ts'
import { mark } from './log/mark.ts'
import { logPath } from './log/name.ts'
import { type HeadDraft, headRecord, seriesText } from './log/record.ts'
import { crypto } from './node.ts'
import type { TelemetryOptions } from './options.ts'
import { environmentAttributes } from './runtime-attributes.ts'
import type { Stamp } from './stamp.ts'
import { EARLIEST, version } from './version.ts'
import { type Attributes, COMMAND_METRIC, type Series } from './vocabulary.ts'

/** Counts as one decision allows. */
export interface Counter {
  readonly mode: Mode
  /**
   * Counts one invocation. When this returns, it is in the log; in `log` mode only in memory. Throws where it cannot.
   */
  count(series: Series, now: number): void
  /** The series that this process has counted. */
  readonly counted: readonly string[]
  /** `Marked.heldUntil` of the last count. */
  readonly heldUntil: number
  /** `Marked.leads` of one of the counts. */
  readonly leads: boolean
  /** Delivers the counts; undefined where nothing is sent. */
  job(ignoreHold?: boolean): Job | undefined
}

const HEADERS = { 'content-type': 'application/json', 'user-agent': `otlp-tally/${version}` }

export function counterFor(options: TelemetryOptions, { mode, folders, target }: Decision): Counter {
  const { stateFolder } = folders!
  const { intervalMs = 0 } = options
  const isLocal = mode === 'local'
  const answers = answerFiles(folders!)
  const draft = draftOf(options)
  const path = logPath(stateFolder, options.version, isLocal ? undefined : target!.url, draft)

  const counter = {
    mode,
    counted: [] as string[],
    heldUntil: 0,
    leads: false,
    count(series: Series, now: number): void {
      const text = seriesText(series)
      counter.counted.push(text)
      if (mode === 'log') return
      let isNew = false
      const headFor = (stamp: Stamp) => {
        isNew = true
        const full = isLocal ? draft : { fingerprint: ensureFingerprint(stateFolder, now), ...draft }
        return headRecord(stamp, crypto().randomUUID(), full)
      }
      try {
        // Otherwise a clock at 1970 would make the series begin then.
        const marked = mark(path, text, Math.max(now, EARLIEST), intervalMs, headFor)
        counter.heldUntil = marked.heldUntil
        counter.leads ||= marked.leads
      } finally {
        if (isNew && !isLocal)
          removeIfDisabled(
            answers,
            [path, fingerprintPath(stateFolder)],
            new Error('it was disabled just now'),
          )
      }
    },
    job(ignoreHold = false): Job | undefined {
      if (!counter.counted.length || !target || isLocal) return undefined
      const { url, timeoutMs } = target
      const headers = { ...target.headers, ...HEADERS }
      return { url, headers, timeoutMs, intervalMs, ignoreHold, path, stateFolder, answers, draft }
    },
  }
  return counter
}

/** The head of this tool's log without the ids. */
export function draftOf(options: TelemetryOptions): HeadDraft {
  return { metric: options.metricName ?? COMMAND_METRIC, resource: resourceOf(options) }
}

function resourceOf({ name, version, environment, resourceAttributes }: TelemetryOptions): Attributes {
  return {
    'service.name': name,
    'service.version': version,
    ...(environment && environmentAttributes()),
    ...resourceAttributes,
  }
}
