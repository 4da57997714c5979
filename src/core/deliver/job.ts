import type { HeadDraft } from '../log/record.ts'

/** One delivery, as plain JSON: the command decides what to send and where; its helper (`src/helper/`) does it. */
export interface Job {
  url: string
  headers: Readonly<Record<string, string>>
  /** Bound of the whole delivery in ms. */
  timeoutMs: number
  /** At most one request in this time, in ms. */
  intervalMs: number
  /** `flushTelemetry`: the interval and bursts are ignored. */
  ignoreHold?: boolean
  /** The log that the command has appended to. */
  path: string
  /** The folder of the fingerprint. */
  stateFolder: string
  /** The files that may hold the user's no. */
  answers: readonly string[]
  /** For a log of which no head is valid. */
  draft: HeadDraft
}

/** The headers of every request besides those of the tool and of the user, and what HTTP and `fetch` add to them. */
export const REQUEST_HEADERS: readonly string[] = ['content-type', 'user-agent', 'otlp-tally-shard']
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

/** The helper's program, as it can be used in this process. */
export interface Program {
  /** Starts a delivery in this process: see `helper/inline.ts`. */
  sendInline(job: Job): Inline
  /** The body that would be sent if these series were counted now. Writes nothing. */
  preview(job: Job, series: readonly string[], now: number): string
}

/** A delivery by the command's own process. */
export interface Inline {
  done: Promise<void>
  /** The process ends: writes down what is known of the request. False where all of it was done before. */
  abandon(): boolean
}
