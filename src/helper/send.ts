import type { Job } from '../core/deliver/job.ts'
import { settle } from './beginnings.ts'
import { bodyOf } from './body.ts'
import { post } from './post.ts'

/** How long to wait before looking again whether others are done: not all at once. */
const retryMs = () => 10 + 20 * Math.random()

/**
 * Delivers. Resolves when that is done or given up, within `timeoutMs`; never rejects. While another process begins
 * series, it waits for half of its time.
 */
export async function send(job: Job): Promise<void> {
  const { url, headers, timeoutMs } = job
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeoutMs)
  // Not by `Date.now()`: the user may set that clock.
  const patience = performance.now() + timeoutMs / 2
  try {
    const again = job.body?.note
    while (!job.body) {
      const body = bodyOf(job, Date.now(), performance.now() < patience)
      if (!body) return
      if (body === 'busy') await new Promise(resolve => setTimeout(resolve, retryMs()))
      else job.body = body
    }
    const { text, note } = job.body
    const request = { url, headers, body: text, signal: controller.signal }
    const nothingTaken = await post(request, note !== undefined)
    // What became of the first request is not known, so the answer to a second one proves nothing.
    if (note) settle(note, nothingTaken && !again)
  } catch {
    // the stream was removed meanwhile, or the disk is full: the next command's body carries the total
  } finally {
    clearTimeout(timer)
  }
}
