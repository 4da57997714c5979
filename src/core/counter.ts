import { saysNo } from './decide/consent.ts'
import type { Decision } from './decide/decide.ts'
import type { Mode } from './decide/environment.ts'
import { answerFiles } from './decide/folders.ts'
import type { Job } from './deliver/job.ts'
import { ensureFingerprint, fingerprintPath } from './log/fingerprint.ts'
import { mark } from './log/mark.ts'
import { LOCAL, LOGS, logName } from './log/name.ts'
import { type HeadDraft, headRecord, seriesText } from './log/record.ts'
import { crypto, fs, SEP } from './node.ts'
import type { TelemetryOptions } from './options.ts'
import { environmentAttributes } from './runtime-attributes.ts'
import { version, WRITTEN } from './version.ts'
import { type Attributes, COMMAND_METRIC, type Series } from './vocabulary.ts'

/** Counts as one decision allows. */
export interface Counter {
  readonly mode: Mode
  /** Counts one invocation: in the log when this returns; with `log` in memory only. Throws where it cannot. */
  count(series: Series, now: number): void
  /** The series that this process has counted. */
  readonly counted: readonly string[]
  /** Until then, in ms since 1970, nothing need be sent: see `log/hold.ts`. */
  readonly heldUntil: number
  /** A helper that waits until then is due at the end of this process: see `log/hold.ts`. */
  readonly leads: boolean
  /** What delivers the counts; undefined where nothing is sent. */
  job(ignoreHold?: boolean): Job | undefined
}

export function counterFor(options: TelemetryOptions, { mode, folders, target }: Decision): Counter {
  const { stateFolder } = folders!
  const { intervalMs = 0, version: toolVersion } = options
  const draft = draftOf(options)
  const isLocal = mode === 'local'
  const url = target?.url ?? 'local'
  const path = [
    stateFolder,
    isLocal ? LOCAL : LOGS,
    logName(toolVersion, url, draft.metric, draft.resource),
  ].join(SEP)
  const counted: string[] = []
  let heldUntil = 0
  let leads = false
  return {
    mode,
    counted,
    get heldUntil() {
      return heldUntil
    },
    get leads() {
      return leads
    },
    count(series, now) {
      const text = seriesText(series)
      counted.push(text)
      if (mode === 'log') return
      // A clock at 1970 (a computer without a battery): the record says when the library was written, at the earliest.
      const time = Math.max(now, WRITTEN)
      const marked = mark(path, text, time, intervalMs, stamp =>
        headRecord(
          stamp,
          crypto().randomUUID(),
          isLocal ? draft : { fingerprint: ensureFingerprint(stateFolder, now), ...draft },
        ),
      )
      heldUntil = marked.heldUntil
      leads ||= marked.leads
      // `disable` may have come between the decision and this log. One of the two always sees the other.
      if (marked.made && !isLocal && saysNo(answerFiles(folders!))) {
        for (const file of [path, fingerprintPath(stateFolder)]) fs.rmSync(file, { force: true })
        throw new Error('it was disabled just now')
      }
    },
    job(ignoreHold = false) {
      if (!counted.length || !target || isLocal) return undefined
      return {
        url: target.url,
        headers: {
          ...target.headers,
          'content-type': 'application/json',
          'user-agent': `otlp-tally/${version}`,
        },
        timeoutMs: target.timeoutMs,
        intervalMs,
        ...(ignoreHold && { ignoreHold: true }),
        path,
        stateFolder,
        answers: answerFiles(folders!),
        draft,
      }
    },
  }
}

/** What the head of this tool's log says, but for the ids. */
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
