import type { Server } from '../server.ts'
import { killNow } from './kill.ts'

/** A server that keeps its data and its port, however it ends. */
export interface Restartable {
  /** Of the process that was started: a shell, where it has a lifeline. */
  readonly pid: number
  stop(): Promise<void>
  restart(): Promise<void>
  /** Stops it. Resolves with what starts it again. */
  pause(): Promise<() => Promise<void>>
  /** The same by SIGKILL. */
  kill(): Promise<() => Promise<void>>
}

/** Starts a server that can be started again. */
export async function restartable(start: () => Promise<Server>): Promise<Restartable> {
  let server: Server | undefined = await start()
  const again = async () => {
    server = await start()
  }
  const stop = async () => server?.stop()
  return {
    get pid() {
      return server!.pid
    },
    stop,
    async restart() {
      await stop()
      await again()
    },
    async pause() {
      await stop()
      return again
    },
    async kill() {
      const { pid } = server!
      // It must not be stopped after that.
      server = undefined
      await killNow(pid)
      return again
    },
  }
}
