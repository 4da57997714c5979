import { HELPER_VARIABLE } from '../core/decide/environment.ts'
import type { Job } from '../core/deliver/job.ts'
import { fs } from '../core/node.ts'
import { runDelivery } from './drive.ts'
import { postByHttp } from './http.ts'
import { postByFetch } from './post.ts'

export { sendInline } from './inline.ts'
export { preview } from './preview.ts'

/**
 * The program of the helper process: does the one job in its environment, and ends. It loads nothing of the user's and
 * writes only to logs. It kills itself at its time limit: `process.exit()` waits for the thread inside `getaddrinfo`, which
 * takes over 10 s when DNS packets are dropped. Started by hand, without a job, it ends at once.
 */
export function main(): void {
  try {
    closeInherited()
  } catch {
    // no /proc
  }
  run().then(kill, kill)
}

const kill = () => process.kill(process.pid, 'SIGKILL')
/** How long the helper goes on when it is asked to end: a service manager gives at least as much before it kills. */
const LAST_MS = 2000

async function run(): Promise<void> {
  const job = JSON.parse(process.env[HELPER_VARIABLE]!) as Job
  // Up to 300 ms of start-up count towards the limit. The request always times out first, so its outcome is recorded.
  let limit = setTimeout(kill, job.timeoutMs + 400 - Math.min(performance.now(), 300))
  const { done, abandon } = runDelivery(job, {
    post: canFetch() ? postByFetch : postByHttp,
    sync: fs.fdatasyncSync,
    onHold(ms) {
      clearTimeout(limit)
      limit = setTimeout(kill, ms + job.timeoutMs + 400)
    },
  })
  const endSoon = () =>
    setTimeout(() => {
      abandon()
      kill()
    }, LAST_MS)
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, endSoon)
  await done
}

/** `fetch` runs WebAssembly, which cannot be had under `--jitless` and tight limits of memory. */
function canFetch(): boolean {
  try {
    return Boolean(new WebAssembly.Memory({ initial: 1 }))
  } catch {
    return false
  }
}

/** Of `Deno`, how a function of the C library is called. */
interface Library {
  dlopen(file: string, symbols: object): { symbols: { close(fd: number): number } }
}

/** Closes descriptors that the command had inherited (locks, pipes), which libuv passes on to the helper. */
function closeInherited(): void {
  // Elsewhere it cannot happen (macOS: POSIX_SPAWN_CLOEXEC_DEFAULT), and Bun passes none on.
  if (process.platform !== 'linux' || process.versions.bun) return
  // Deno's `fs.closeSync` knows only what Deno has opened. In the helper (`deno eval`) everything is allowed.
  const { Deno } = globalThis as { Deno?: Library }
  const close: (fd: number) => unknown =
    Deno?.dlopen('libc.so.6', { close: { parameters: ['i32'], result: 'i32' } }).symbols.close ?? fs.closeSync
  const CLOEXEC = 0o2000000
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    if (+fd < 3) continue
    try {
      const flags = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]
      // All that Node and Deno open is closed when a program is started, so nothing inherited is.
      if (flags && !(Number.parseInt(flags, 8) & CLOEXEC)) close(+fd)
    } catch {
      // the descriptor of the folder that was just listed
    }
  }
}
