import type { Job, Outcome } from '../core/deliver/job.ts'
import { isUnsyncable } from '../core/files.ts'
import { BURST_PAUSE_MS } from '../core/log/hold.ts'
import { send } from './sender.ts'
import type { Request, Step, Steps } from './step.ts'

/** How a process performs the steps of a delivery. */
export interface Transport {
  post(request: Request, signal: AbortSignal): Promise<Outcome>
  sync(fd: number): void | Promise<void>
  /** True if this process may wait while a burst holds the request back. If not, it is left to a later command. */
  canHold?: boolean
  /** Called when the time is over. The request is aborted by then. */
  onTimeout?(): void
}

/** A delivery that runs. */
export interface Delivery {
  /** Resolves when it is done or given up, within `timeoutMs` after a hold. Never rejects. */
  done: Promise<void>
  /** Ends it now, and records what is known of its request. */
  abandon(): void
}

/** Delivers a job. If another process is sending, waits for it for at most half of the time. */
export function runDelivery(job: Job, { post, sync, canHold, onTimeout }: Transport): Delivery {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let patientUntil = 0
  const startTimer = () => {
    // Not by `Date.now()`: the user may set that clock.
    patientUntil = performance.now() + job.timeoutMs / 2
    timer = setTimeout(() => {
      controller.abort()
      onTimeout?.()
    }, job.timeoutMs)
  }
  const steps = send(job, {
    now: () => Date.now(),
    isPatient: () => performance.now() < patientUntil,
    ...(canHold && { maxHoldMs: BURST_PAUSE_MS }),
  })
  const perform = async (step: Step): Promise<Outcome | undefined> => {
    if (step.do === 'post') return post(step.request, controller.signal)
    // Helpers that wait for the same claim do not all look at the same moment.
    if (step.do === 'wait') await sleep(10 + 20 * Math.random())
    if (step.do === 'hold') {
      clearTimeout(timer)
      await sleep(step.ms)
      startTimer()
    }
    if (step.do === 'sync') for (const fd of step.fds) await syncWhereItCan(sync, fd)
    return undefined
  }
  startTimer()
  return {
    done: performAll(steps, perform)
      // A delivery fails in silence, and the log says what became of it.
      .catch(() => {})
      .finally(() => clearTimeout(timer)),
    abandon: () => void steps.return(),
  }
}

/** A step that fails throws inside the delivery, which may go on with other steps. */
async function performAll(
  steps: Steps<void>,
  perform: (step: Step) => Promise<Outcome | undefined>,
): Promise<void> {
  let next = steps.next()
  while (!next.done) {
    let outcome: Outcome | undefined
    try {
      outcome = await perform(next.value)
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next(outcome)
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
