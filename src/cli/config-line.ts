import { readFileSync } from 'node:fs'
import { type Config, type ConfigProblem, isProblem, parseConfig, readConfig } from '../core/decide/config.ts'

/** For each row of the decision that a config file can cause: the cause, if the file has it. */
const causes: Readonly<Record<number, (config: Config | ConfigProblem) => unknown>> = {
  6: config => (isProblem(config) && 'key' in config ? config.key : undefined),
  7: config => !isProblem(config) && config.enabled === false,
  9: config => !isProblem(config) && config.air_gapped,
  13: config => !isProblem(config) && config.enabled,
}
/** Each line is tried, so a longer file is not searched. */
const MAX_LINES = 2000

/**
 * The line of a config file, from 1, without which the cause is gone; undefined if there is no such line. A comment or a
 * text that only looks like the key is therefore never named.
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
