import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * SIGKILL for a server, whether it was started as it is or with a lifeline (test/server.ts), and waits until it is
 * gone. It must not be stopped after that.
 */
export async function killNow(pid: number): Promise<void> {
  const victim = programOf(pid)
  process.kill(victim, 'SIGKILL')
  while (existsSync(`/proc/${victim}`) || existsSync(`/proc/${pid}`)) await sleep(20)
}

/** With a lifeline the shell's first child is the program. */
export function programOf(pid: number): number {
  if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'sh') return pid
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  return children[0]!
}
