import type { Job, Outcome } from '../core/deliver/job.ts'
import { isUnsyncable } from '../core/files.ts'
import { BURST_PAUSE_MS } from '../core/log/hold.ts'
import { send } from './sender.ts'
import type { Request, Step } from './step.ts'

/** What performs the steps of a delivery in a process. */
export interface Transport {
  post(request: Request, signal: AbortSignal): Promise<Outcome>
  sync(fd: number): void | Promise<void>
  /** Called before a request is held back for this time, which does not count towards the limit. Absent where it may not be. */
  onHold?(ms: number): void
}

/** A delivery that runs. */
export interface Delivery {
  /** Resolves when it is done or given up, within `timeoutMs`. Never rejects. */
  done: Promise<void>
  /** Ends it now, and writes down what is known of its request. */
  abandon(): void
}

/** Delivers a job. While another process sends, it waits for half of its time. */
export function runDelivery(job: Job, { post, sync, onHold }: Transport): Delivery {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let patience = 0
  const startTimer = () => {
    // Not by `Date.now()`: the user may set that clock.
    patience = performance.now() + job.timeoutMs / 2
    timer = setTimeout(() => controller.abort(), job.timeoutMs)
  }
  startTimer()
  const steps = send(job, {
    now: () => Date.now(),
    isPatient: () => performance.now() < patience,
    ...(onHold && { maxHoldMs: BURST_PAUSE_MS }),
  })
  const perform = async (step: Step): Promise<Outcome | undefined> => {
    if (step.do === 'post') return post(step.request, controller.signal)
    // Not all at once.
    if (step.do === 'wait') await sleep(10 + 20 * Math.random())
    if (step.do === 'hold') {
      clearTimeout(timer)
      onHold?.(step.ms)
      await sleep(step.ms)
      startTimer()
    }
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

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function syncWhereItCan(sync: Transport['sync'], fd: number): Promise<void> {
  try {
    await sync(fd)
  } catch (error) {
    if (!isUnsyncable(error)) throw error
  }
}
