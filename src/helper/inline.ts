import type { Inline, Job } from '../core/deliver/job.ts'
import { fs } from '../core/node.ts'
import { runDelivery } from './drive.ts'
import { postByHttp } from './http.ts'

/**
 * A delivery by the command's own process. Its `sync` before the POST does not block; only the one after a refusal
 * does.
 */
export function sendInline(job: Job): Inline {
  let ended = false
  const { done, abandon } = runDelivery(job, {
    post: postByHttp,
    sync: fd =>
      new Promise((resolve, reject) => fs.fdatasync(fd, error => (error ? reject(error) : resolve()))),
  })
  return {
    done: done.then(() => void (ended = true)),
    abandon() {
      if (!ended) abandon()
      return !ended
    },
  }
}
