import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that a test started as a process. */
export interface Server {
  /** Of the process that was started: with a lifeline, the shell's. */
  pid: number
  /** Ends it, and resolves when it has written all that it writes. */
  stop(): Promise<void>
}

/** How to start one. */
export interface Start {
  title: string
  command: string
  args: readonly string[]
  /** All of its environment: what OTEL_ variables the developer has are not part of a test. */
  env?: Record<string, string> | undefined
  /** Where its output goes, added to what is there. */
  log: string
  /** Whether it answers now. */
  ready(): Promise<boolean>
}

/**
 * Starts a server and waits until it answers. Its stdin is its lifeline: it has to end when our end of the pipe is
 * closed, however this process dies.
 */
export async function startServer({ title, command, args, env = {}, log, ready }: Start): Promise<Server> {
  const output = await open(log, 'a')
  const child = spawn(command, args, { env, stdio: ['pipe', output.fd, output.fd] })
  await once(child, 'spawn')
  await output.close()

  const deadline = Date.now() + 60_000
  while (!(await ready().catch(() => false))) {
    if (ended(child) || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`The ${title} does not answer:\n${await readFile(log, 'utf8')}`)
    }
    await sleep(50)
  }
  return { pid: child.pid!, stop: () => stop(title, child, log) }
}

/**
 * The same command for a program that does not care for its stdin: a shell that hands SIGTERM on, and sends it when
 * stdin ends.
 */
export function withLifeline(command: string, args: readonly string[]): { command: string; args: string[] } {
  const script =
    '"$@" & pid=$!; trap "kill $pid" TERM; { cat; kill $pid 2>/dev/null; } <&3 & wait $pid; wait $pid'
  return { command: '/bin/sh', args: ['-c', `exec 3<&0 </dev/null; ${script}`, 'sh', command, ...args] }
}

/** A GET or POST that has a second: whether it was answered with success. */
export async function answers(url: string, init: RequestInit = {}): Promise<boolean> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(1000) })
  await response.text()
  return response.ok
}

async function stop(title: string, child: ChildProcess, log: string): Promise<void> {
  if (!ended(child)) {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await exit
    clearTimeout(force)
  }
  if (child.exitCode !== 0)
    throw new Error(`The ${title} did not end by itself:\n${await readFile(log, 'utf8')}`)
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Ports that were free a moment ago, all held at once so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}
