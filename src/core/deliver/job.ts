import type { HeadDraft } from '../log/record.ts'

/** One delivery, as plain JSON: the command decides what to send and where; its helper (`src/helper/`) does it. */
export interface Job {
  url: string
  headers: Readonly<Record<string, string>>
  /** Time limit of the whole delivery, in ms. */
  timeoutMs: number
  /** At most one request in this time, in ms. */
  intervalMs: number
  /** For `flushTelemetry`: sends now, also in a burst or before the interval is over. */
  ignoreHold?: boolean
  /** The log that the command has appended to. */
  path: string
  /** The folder of the fingerprint. */
  stateFolder: string
  /** The files that may hold the user's no. */
  answers: readonly string[]
  /** The head for a log that has no valid one. */
  draft: HeadDraft
}

/** The headers of every request, besides those that the tool or the user has set. */
export const REQUEST_HEADERS: readonly string[] = ['content-type', 'user-agent', 'otlp-tally-shard']
/** What HTTP and `fetch` add to them. */
export const ADDED_HEADERS: readonly string[] = [
  ...['host', 'connection', 'content-length'],
  ...['accept', 'accept-language', 'accept-encoding', 'sec-fetch-mode'],
]

/** What becomes of a request. `why`: the status, or the code of an error. */
export interface Outcome {
  /** `refused`: it is certain that nothing was stored. `unknown`: nobody can say. */
  what: 'taken' | 'refused' | 'unknown'
  why: string
}

/** What the helper's program offers to this process. */
export interface Program {
  /** Starts a delivery in this process: see `helper/inline.ts`. */
  sendInline(job: Job): Inline
  /** The body that would be sent if these series were counted now. Writes nothing. */
  preview(job: Job, series: readonly string[], now: number): string
}

/** A delivery by the command's own process. */
export interface Inline {
  done: Promise<void>
  /** Ends it now, because the process ends, and records what is known of the request. False if it had ended before. */
  abandon(): boolean
}
