import { readFileSync } from 'node:fs'
import { type Config, type ConfigProblem, isProblem, parseConfig, readConfig } from '../core/decide/config.ts'

/** Of these rows, what in a config file decides. */
const causes: Readonly<Record<number, (config: Config | ConfigProblem) => unknown>> = {
  6: config => (isProblem(config) && 'key' in config ? config.key : undefined),
  7: config => !isProblem(config) && config.enabled === false,
  9: config => !isProblem(config) && config.air_gapped,
  13: config => !isProblem(config) && config.enabled,
}
/** More lines than any config of a tool has are not tried. */
const MAX_LINES = 2000

/**
 * The line, from 1, that decides in a config file: without it, the cause is gone. Undefined if no single line
 * decides. So a comment or a text that only looks like the key is never named.
 */
export function lineOf(file: string, row: number): number | undefined {
  const causeIn = causes[row]
  if (!causeIn) return undefined
  try {
    const cause = causeIn(readConfig(file))
    if (!cause) return undefined
    const lines = readFileSync(file, 'utf8').split('\n')
    if (lines.length > MAX_LINES) return undefined
    const word = row === 6 ? `${cause}`.split('.').at(-1)! : row === 9 ? 'air_gapped' : 'enabled'
    const at = lines.findIndex((line, index) => {
      if (!line.includes(word)) return false
      const rest = parseConfig(lines.toSpliced(index, 1).join('\n'))
      return !(isProblem(rest) && rest.why === 'syntax') && causeIn(rest) !== cause
    })
    return at < 0 ? undefined : at + 1
  } catch {
    return undefined // it cannot be read any more
  }
}
