import type { Inline, Job } from '../core/deliver/job.ts'
import { fs } from '../core/node.ts'
import { runDelivery } from './drive.ts'
import { postByHttp } from './http.ts'

/** A delivery by the command's own process. Before the POST it syncs asynchronously; only a refusal syncs in place. */
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
