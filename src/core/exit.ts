import { WINDOWS } from './node.ts'
import type { TelemetryOptions } from './options.ts'

/** Exit codes of a tool that caught a signal and then ended: 128 + SIGHUP, SIGINT, SIGTERM. */
const SIGNAL_CODES = [129, 130, 143]

/** True for an exit code that means a failed command. */
export function isFailure(code: number, { failures }: TelemetryOptions): boolean {
  // The system keeps one byte of it: `process.exit(256)` is a success.
  const status = WINDOWS ? code : code & 255
  const expected = typeof failures === 'object' ? failures.except : []
  return status !== 0 && !SIGNAL_CODES.includes(status) && !expected.includes(status)
}

/**
 * Calls `act` once when this process ends, before the other listeners of `exit`: one that exits or throws then changes
 * nothing. With `late`, after them, as late as Node allows: they may set another exit code, and `act` gets the one that
 * the process really ends with.
 */
export function atExit(act: (code: number) => void, late: boolean): void {
  let exiting = false
  let acted = false
  const actOnce = (code: unknown) => {
    if (!acted) act(Number(code ?? 0))
    acted = true
  }
  const onExit = (code: unknown) => {
    exiting = true
    if (!late || process.listenerCount('exit') < 2) return actOnce(code)
    // `process.exit` ends in `reallyExit`, also when another listener of `exit` calls it.
    const { reallyExit } = process as unknown as { reallyExit: (code?: unknown) => never }
    Object.assign(process, {
      reallyExit(last?: unknown) {
        actOnce(last)
        return reallyExit.call(process, last)
      },
    })
  }
  const onExitLast = () => actOnce(process.exitCode)
  /**
   * A process that ends by itself or by an error does not call `reallyExit`, but one of these events comes before
   * `exit`.
   */
  const listenLast = () => {
    // Another listener of `exit` has thrown.
    if (exiting) return actOnce(process.exitCode ?? 1)
    process.removeListener('exit', onExitLast)
    listen('exit', onExitLast)
  }
  listen('exit', onExit, true)
  if (!late) return
  listen('beforeExit', listenLast)
  listen('uncaughtExceptionMonitor', listenLast)
}

/** Node warns on stderr about the eleventh listener of an event. It must not do so because of ours. */
function listen(event: string, listener: (...args: unknown[]) => void, first = false): void {
  const limit = process.getMaxListeners()
  if (limit && process.listenerCount(event) >= limit) process.setMaxListeners(limit + 1)
  const events: NodeJS.EventEmitter = process
  if (first) events.prependListener(event, listener)
  else events.on(event, listener)
}
