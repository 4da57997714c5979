import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What a user's logs have counted: `{ 'command_invocation,command_name=build': 2 }`. Read as text, not by the code that is
 * tested: a mark is a line of a series and a time.
 */
export function marks(state: string): Record<string, number> {
  const folder = join(state, 'v1')
  const counted: Record<string, number> = {}
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.includes('.log')) continue
    for (const line of readFileSync(join(folder, name), 'latin1').split('\n')) {
      const [, series] = /^([a-z]\S*) \d{13}$/.exec(line) ?? []
      if (series) counted[series] = (counted[series] ?? 0) + 1
    }
  }
  return counted
}
