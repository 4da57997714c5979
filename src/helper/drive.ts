import type { Job, Outcome } from '../core/deliver/job.ts'
import { isUnsyncable } from '../core/files.ts'
import { send } from './sender.ts'
import type { Request, Step } from './step.ts'

/** What performs the steps of a delivery in a process. */
export interface Transport {
  post(request: Request, signal: AbortSignal): Promise<Outcome>
  sync(fd: number): void | Promise<void>
}

/** A delivery that runs. */
export interface Delivery {
  /** Resolves when it is done or given up, within `timeoutMs`. Never rejects. */
  done: Promise<void>
  /** Ends it now, and writes down what is known of its request. */
  abandon(): void
}

/** Delivers a job. While another process sends, it waits for half of its time. */
export function runDelivery(job: Job, { post, sync }: Transport): Delivery {
  // Not by `Date.now()`: the user may set that clock.
  const patience = performance.now() + job.timeoutMs / 2
  const steps = send(job, { now: () => Date.now(), isPatient: () => performance.now() < patience })
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), job.timeoutMs)
  const perform = async (step: Step): Promise<Outcome | undefined> => {
    if (step.do === 'post') return post(step.request, controller.signal)
    // Not all at once.
    if (step.do === 'wait') await new Promise(resolve => setTimeout(resolve, 10 + 20 * Math.random()))
    if (step.do === 'sync') for (const fd of step.fds) await syncWhereItCan(sync, fd)
    return undefined
  }
  const run = async () => {
    for (let { value, done } = steps.next(); !done; ) {
      let outcome: Outcome | undefined
      try {
        outcome = await perform(value as Step)
      } catch (error) {
        ;({ value, done } = steps.throw(error))
        continue
      }
      ;({ value, done } = steps.next(outcome))
    }
  }
  return {
    // The contract of this library: a delivery fails in silence, and the log says what became of it.
    done: run()
      .catch(() => {})
      .finally(() => clearTimeout(timer)),
    abandon: () => void steps.return(),
  }
}

async function syncWhereItCan(sync: Transport['sync'], fd: number): Promise<void> {
  try {
    await sync(fd)
  } catch (error) {
    if (!isUnsyncable(error)) throw error
  }
}
