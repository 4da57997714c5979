import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that takes connections and never answers. */
export interface Hanging {
  endpoint: string
  /** Resolves with the first connection. */
  connected: Promise<Socket>
}

export async function startHanging(): Promise<Hanging> {
  const sockets = new Set<Socket>()
  let connect: (socket: Socket) => void
  const connected = new Promise<Socket>(resolve => (connect = resolve))
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    connect(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`, connected }
}

/** The pids of the helpers that serve this home. */
export function helpers(home: string): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      return (
        environment.includes(`HOME=${home}`) &&
        environment.some(entry => entry.startsWith('OTLP_TALLY_HELPER='))
      )
    } catch {
      return false // gone meanwhile
    }
  })
}

/** Resolves when all that the commands of this home have started is done: until then nobody can say that nothing is sent. */
export async function helpersEnded({ home }: { home: string }): Promise<void> {
  if (process.platform === 'linux') await until(() => helpers(home).length === 0)
  else await new Promise(resolve => setTimeout(resolve, 500))
}

/** What a process has open, by descriptor. */
export function openFiles(pid: string): Record<string, string> {
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

/** Resolves when it is so; rejects after 15 s. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
