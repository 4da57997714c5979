import type { TelemetryOptions } from '../options.ts'
import type { Reading } from '../tally/tally.ts'
import type { Attributes, Lists, Series } from '../vocabulary.ts'

/** What is to be sent, and to whom: decided by the command, done by its helper (`src/helper/`). Plain JSON. */
export interface Job {
  url: string
  headers: Readonly<Record<string, string>>
  /** Bound of the whole delivery in ms. */
  timeoutMs: number
  source: Source
  /** The body, once it is made. One that comes with the job may have been sent before, by a process that has ended. */
  body?: Body
}

/** What a body is made of. */
export interface Source {
  resource: Attributes
  /** What describes the metrics, and the lists of what may be sent. */
  options: Pick<TelemetryOptions, 'name' | 'temporality'> & Lists
  /** The stream whose series it carries. */
  folder?: string
  /** The paths of the tallies that this process has counted in. */
  counted: readonly string[]
  /** The only paths of the stream that may be sent, where the lists are missing. */
  only?: readonly string[]
  /** What was counted and is in no stream. Then the folder is only read. */
  own?: readonly Tallied[]
  /** For delta temporality: in which time `own` was counted. */
  interval?: readonly [start: number, time: number]
}

/** A series with what its tally says, or what this process has counted of it. */
export interface Tallied extends Omit<Reading, 'tail'> {
  series: Series
  /** Its tally, below the stream. */
  path: string
}

/** A body, and the note of it where it begins series. */
export interface Body {
  text: string
  note?: Note
}

/** What a process leaves in a stream's folder while it begins series: see `helper/beginnings.ts`. */
export interface Note {
  path: string
  /** For each series that it is about to begin, the path of the file that will mark it as begun. */
  series: readonly string[]
}

/** The helper's program, as it can be used in this process. */
export interface Program {
  /** Delivers. Resolves when that is done or given up, within `timeoutMs`; never rejects. */
  send(job: Job): Promise<void>
  /** The body of a job, as `helper/body.ts` makes it. */
  bodyOf(job: Job, now: number, patient: boolean): Body | 'busy' | undefined
}
