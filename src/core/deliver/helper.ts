import { HELPER_MARK } from './helper-mark.ts'
import { type Post, post } from './post.ts'

const { readFile } = process.getBuiltinModule('node:fs')

/**
 * The helper process: reads one request from stdin, sends it, ends. It loads nothing of the user's, writes nothing,
 * and cannot outlive its bound: with DNS packets dropped neither the natural end nor `process.exit()` would come
 * within 10 s, because both join the thread that is inside `getaddrinfo`. So it kills itself.
 */
const timeoutMs = Number(process.env[HELPER_MARK])
const kill = () => process.kill(process.pid, 'SIGKILL')
// Counted from the start of the process, of which some 40 ms are gone here.
setTimeout(kill, timeoutMs + 400 - performance.now())

readFile(0, 'utf8', async (error, input) => {
  const end = error ? -1 : input.indexOf('\n')
  if (end > 0) {
    const { length, ...request } = JSON.parse(input.slice(0, end)) as Omit<Post, 'body'> & { length: number }
    const body = input.slice(end + 1)
    // A command that was killed while it wrote leaves a part of the body. Its count is in the next one.
    if (body.length === length) await post({ ...request, body })
  }
  kill()
})
