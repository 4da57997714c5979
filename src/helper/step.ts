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
  /** A burst: the request waits for this time, and carries what is counted meanwhile. */
  | { do: 'hold'; ms: number }
  /** A power cut must not take back what is about to be sent. */
  | { do: 'sync'; fds: readonly number[] }
  /** The one POST. `next` is called with its outcome. */
  | { do: 'post'; request: Request }

/** A part of a delivery, and what it returns. */
export type Steps<T> = Generator<Step, T, Outcome | undefined>

/** One request, as it goes out. */
export interface Request {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** True as soon as a byte of it may have left this process. */
  sent: boolean
}

/** The outcome of a request that got no answer. */
export function unanswered({ sent }: Request, why: string): Outcome {
  return { what: sent ? 'unknown' : 'refused', why }
}

/** What a delivery needs to know of time. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Whether there is still time to wait for another process. */
  isPatient(): boolean
  /** How long the delivery may wait until its request is due, in ms. By default it leaves that to a later command. */
  maxHoldMs?: number
}
