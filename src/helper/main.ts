import { HELPER_VARIABLE } from '../core/decide/environment.ts'
import type { Job } from '../core/deliver/job.ts'
import { fs } from '../core/node.ts'
import { runDelivery } from './drive.ts'
import { postByHttp } from './http.ts'
import { postByFetch } from './post.ts'

export { sendInline } from './inline.ts'
export { preview } from './preview.ts'

/**
 * The program of the helper process: does the job in its environment, and ends. It loads no file of the user and writes
 * only to logs. To end, it kills itself: `process.exit()` waits for the thread inside `getaddrinfo`, which takes over
 * 10 s when DNS packets are dropped. Started by hand, without a job, it ends at once.
 */
export function main(): void {
  try {
    closeInherited()
  } catch {
    // /proc is not mounted
  }
  run().then(kill, kill)
}

const kill = () => process.kill(process.pid, 'SIGKILL')
/** How long the helper continues after SIGTERM. Service managers wait at least as long before they kill. */
const LAST_MS = 2000
/** From the request's timeout to the end of the helper, if it has not ended by then. */
const MARGIN_MS = 100

async function run(): Promise<void> {
  const job = JSON.parse(process.env[HELPER_VARIABLE]!) as Job
  const end = () => {
    abandon()
    kill()
  }
  const { done, abandon } = runDelivery(job, {
    post: canFetch() ? postByFetch : postByHttp,
    sync: fs.fdatasyncSync,
    canHold: true,
    // Its own timer, started before, could end this process before the request's timeout is recorded.
    onTimeout: () => setTimeout(end, MARGIN_MS),
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => setTimeout(end, LAST_MS))
  await done
}

/** `fetch` needs WebAssembly, which does not work with `--jitless` or very little memory. */
function canFetch(): boolean {
  try {
    return Boolean(new WebAssembly.Memory({ initial: 1 }))
  } catch {
    return false
  }
}

/** The part of the global `Deno` that calls the C library. */
interface DenoGlobal {
  dlopen(file: string, symbols: object): { symbols: { close(fd: number): number } }
}

/** Closes descriptors that the command had inherited, such as locks and pipes: libuv passes them on to the helper. */
function closeInherited(): void {
  // Elsewhere it cannot happen (macOS: POSIX_SPAWN_CLOEXEC_DEFAULT), and Bun passes none on.
  if (process.platform !== 'linux' || process.versions.bun) return
  // Deno's `fs.closeSync` knows only what Deno has opened. In the helper (`deno eval`) everything is allowed.
  const { Deno } = globalThis as { Deno?: DenoGlobal }
  const close: (fd: number) => unknown =
    Deno?.dlopen('libc.so.6', { close: { parameters: ['i32'], result: 'i32' } }).symbols.close ?? fs.closeSync
  const CLOEXEC = 0o2000000
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    if (+fd < 3) continue
    try {
      const flags = /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]
      // Node and Deno open everything with O_CLOEXEC. What lacks it was inherited.
      if (flags && !(Number.parseInt(flags, 8) & CLOEXEC)) close(+fd)
    } catch {
      // the descriptor of the folder that was just listed
    }
  }
}
