import { WINDOWS } from './node.ts'
import type { TelemetryOptions } from './options.ts'

/** Exit codes of a tool that caught a signal and then ended: 128 + SIGHUP, SIGINT, SIGTERM. */
const SIGNAL_CODES = [129, 130, 143]

/** True for an exit code that means a failed command. */
export function isFailure(code: number, { failures }: TelemetryOptions): boolean {
  // The system keeps one byte of it: `process.exit(256)` is a success.
  const status = WINDOWS ? code : code & 255
  const results = typeof failures === 'object' ? failures.except : []
  return status !== 0 && !SIGNAL_CODES.includes(status) && !results.includes(status)
}

/**
 * Calls `act` once at the end of this process, before all other listeners: one that exits or throws then changes
 * nothing. With `late`, and if other listeners follow that may set another exit code, it is called as late as Node
 * allows: with the code that the process really ends with.
 */
export function atExit(act: (code: number) => void, late: boolean): void {
  let exiting = false
  let ended = false
  const end = (code: unknown) => {
    if (!ended) act(Number(code ?? 0))
    ended = true
  }
  const first = (code: unknown) => {
    exiting = true
    if (!late || process.listenerCount('exit') < 2) return end(code)
    // `process.exit` ends here, also when another listener calls it.
    const { reallyExit } = process as unknown as { reallyExit: (code?: unknown) => never }
    Object.assign(process, {
      reallyExit(last?: unknown) {
        end(last)
        return reallyExit.call(process, last)
      },
    })
  }
  const last = () => {
    if (late) end(process.exitCode)
  }
  /** Behind the listeners that there are now. A tool that ends by itself, or by an error, passes here before. */
  const follow = () => {
    // Another listener of `exit` has thrown.
    if (exiting) return end(process.exitCode ?? 1)
    process.removeListener('exit', last)
    listen('exit', last)
  }
  listen('exit', first, true)
  if (!late) return
  listen('beforeExit', follow)
  listen('uncaughtExceptionMonitor', follow)
}

/** Node warns on stderr of the eleventh listener. The tool may have ten, and ours must not be the one too many. */
function listen(event: string, listener: (...args: unknown[]) => void, before = false): void {
  const limit = process.getMaxListeners()
  if (limit && process.listenerCount(event) >= limit) process.setMaxListeners(limit + 1)
  const events: NodeJS.EventEmitter = process
  if (before) events.prependListener(event, listener)
  else events.on(event, listener)
}
