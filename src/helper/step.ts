import type { Outcome } from '../core/deliver/job.ts'

/**
 * A delivery is a generator of steps. Between two of them other processes may act: `drive.ts` performs the steps in a
 * process, and the model in test/fuzz tries all orders of several senders.
 */
export type Step =
  /** Other processes may have appended something. */
  | { do: 'pause' }
  /** Another process is sending. */
  | { do: 'wait' }
  /** Commands follow each other fast: this request carries what is counted in this time. */
  | { do: 'hold'; ms: number }
  /** What is delivered must not be taken back by a power cut. */
  | { do: 'sync'; fds: readonly number[] }
  /** The one POST. `next` is called with its outcome. */
  | { do: 'post'; request: Request }

/** A part of a delivery: its steps, and what comes of it. */
export type Steps<T> = Generator<Step, T, Outcome | undefined>

/** One request, as it goes out. */
export interface Request {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** False as long as it is certain that no byte has left this process. */
  mayHaveLeft: boolean
}

/** What the sender asks of its process. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Whether there is still time to wait for another process. */
  isPatient(): boolean
  /** How long a request may be held back, in ms. Without it, one that is not due is left to a later command. */
  maxHoldMs?: number
}
