import type { Inline, Job } from '../core/deliver/job.ts'
import { fs } from '../core/node.ts'
import { deliver } from './drive.ts'
import { postByHttp } from './http.ts'
import type { Request } from './sender.ts'

/** A delivery by the command's own process: touches nothing of the host's, and waits for no disk. */
export function sendInline(job: Job): Inline {
  let request: Request | undefined
  let ended = false
  const { done, abandon } = deliver(job, {
    post: (sent, signal) => postByHttp((request = sent), signal),
    sync: fd =>
      new Promise((resolve, reject) => fs.fdatasync(fd, error => (error ? reject(error) : resolve()))),
  })
  return {
    done: done.then(() => void (ended = true)),
    abandon() {
      if (ended) return false
      abandon()
      return !request?.left
    },
  }
}
