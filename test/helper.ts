import { readdirSync, readlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { listen } from './loopback.ts'
import { GUARD_MS, isLinux } from './machine.ts'
import { isAnyStarting, processesWith } from './processes.ts'

/** A Collector that takes connections and never answers. */
export interface Hanging {
  endpoint: string
  /** Resolves with the first connection. */
  connected: Promise<Socket>
}

export async function startHanging(): Promise<Hanging> {
  let connect: (socket: Socket) => void
  const connected = new Promise<Socket>(resolve => (connect = resolve))
  const address = await listen(createServer(socket => connect(socket)))
  return { endpoint: `http://${address}`, connected }
}

/** The pids of the helpers that serve this home. */
export function helpers(home: string): number[] {
  return processesWith(`HOME=${home}`)
    .filter(({ isHelper }) => isHelper)
    .map(({ pid }) => pid)
}

/** Resolves when all helpers of this home have ended. Only then a test can say that nothing is sent. */
export async function helpersEnded({ home }: { home: string }): Promise<void> {
  if (isLinux) await until(() => !isAnyStarting() && helpers(home).length === 0)
  else await new Promise(resolve => setTimeout(resolve, 500))
}

/** What a process has open, by descriptor. */
export function openFiles(pid: number): Record<string, string> {
  const files: Record<string, string> = {}
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      files[fd] = readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      // closed meanwhile
    }
  }
  return files
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + GUARD_MS
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${GUARD_MS} ms: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
