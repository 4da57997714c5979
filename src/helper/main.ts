import { HELPER_VARIABLE } from '../core/decide/environment.ts'
import type { Job } from '../core/deliver/job.ts'
import { fs } from '../core/node.ts'
import { deliver } from './drive.ts'
import { postByHttp } from './http.ts'
import { postByFetch } from './post.ts'

export { explain } from './explain.ts'
export { sendInline } from './inline.ts'
export { preview } from './preview.ts'

/**
 * The program of the helper process: does the one job that is in its environment, and ends. It loads nothing of the
 * user's, writes only into logs, and cannot outlive its bound: with DNS packets
 * dropped neither the natural end nor `process.exit()` would come within 10 s, because both join the thread that is
 * inside `getaddrinfo`. So it kills itself. Started by hand, without a job, it ends at once.
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
  // Counted from the start of the process, of which some 40 ms are gone here. However slow that was, the request gives up
  // before, and the log says what became of it.
  setTimeout(kill, job.timeoutMs + 400 - Math.min(performance.now(), 300))
  const { done, abandon } = deliver(job, {
    post: canFetch() ? postByFetch : postByHttp,
    sync: fs.fdatasyncSync,
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
