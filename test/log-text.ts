import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// The logs of a user, read as text and not by the code that is tested. docs/exactness.md shows one.

/** The names of the logs in a folder `v1`, also of those that were set aside. */
export function logsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(name => name.includes('.log')) : []
}

function recordsIn(folder: string): string[][] {
  return logsIn(folder).map(name => readFileSync(join(folder, name), 'latin1').split('\n'))
}

/** How often each series was counted: `{ 'command_invocation,command_name=build': 2 }`. */
export function marksIn(folder: string): Record<string, number> {
  const marks: Record<string, number> = {}
  for (const record of recordsIn(folder).flat()) {
    const [, series] = /^([a-z]\S*) \d{13}$/.exec(record) ?? []
    if (series) marks[series] = (marks[series] ?? 0) + 1
  }
  return marks
}

/**
 * Resolves when the next command can send all that is counted: the claims of processes that were killed have expired, and
 * the last request was made more than a second ago, as it has to be in a burst.
 */
export async function canSend(folder: string): Promise<void> {
  const times = recordsIn(folder).flatMap(records => {
    const settled = records.flatMap(record => /^!(?:taken|refused|unknown) (\w+) /.exec(record)?.[1] ?? [])
    return records.flatMap(record => {
      const [, nonce, life, time] = /^!send (\w+) \d+ (\d+) (\d{13})$/.exec(record) ?? []
      // A claim that was made by a wrong clock is not waited for.
      if (!nonce || Number(time) > Date.now()) return []
      return Number(time) + (settled.includes(nonce) ? 1000 : Number(life)) + 1
    })
  })
  await sleep(Math.max(0, ...times.map(time => time - Date.now())))
}
