import { parse, TomlError } from 'smol-toml'
import { fs } from '../node.ts'
import { headersOk, timeoutOk } from '../options.ts'
import { readWhole } from '../tally/files.ts'
import { isRecord, show } from '../vocabulary.ts'

/** The `[telemetry]` table of the user's config file, as it is written there. */
export interface Config {
  enabled?: boolean
  endpoint?: string
  timeout_ms?: number
  air_gapped?: boolean
  headers?: Record<string, string>
}

/** Why a config file cannot be used. Then telemetry is off, and the file is never rewritten. */
export interface ConfigProblem {
  /** One sentence, without the file's name. */
  problem: string
  /** Where a TOML parser stopped, counted from 1, and the lines around it with a caret. */
  line?: number
  column?: number
  codeblock?: string
  /** Something else than `[telemetry]` was most likely meant for it: to add a table would leave two that disagree. */
  meant?: true
}

/** A tool's own config may be large, but a file over this is no config, and reading it would be felt. */
const MAX_CONFIG_BYTES = 1 << 20

const boolean = (value: unknown) => typeof value === 'boolean'
const keys: Record<keyof Config, [check: (value: unknown) => unknown, expected: string]> = {
  enabled: [boolean, 'true or false'],
  endpoint: [value => typeof value === 'string', 'a base URL'],
  timeout_ms: [timeoutOk, 'a whole number of milliseconds from 1 to 60000'],
  air_gapped: [boolean, 'true or false'],
  headers: [headersOk, 'a table of header names and values'],
}

/** Reads the file at `path`. No file is an empty config. Never throws. */
export function readConfig(path: string): Config | ConfigProblem {
  try {
    const text = readConfigText(path)
    return text === undefined ? {} : parseConfig(text)
  } catch (error) {
    return { problem: `it cannot be read (${error instanceof Error ? error.message : error})` }
  }
}

/** The text of a config file; undefined where there is none. Throws for what is not UTF-8 or cannot be read. */
export function readConfigText(path: string): string | undefined {
  // Most users have none, and an error that is thrown and caught would cost more than this look. A device is not
  // opened.
  const found = fs.statSync(path, { throwIfNoEntry: false })
  if (!found) return undefined
  if (!found.isFile()) throw new Error('it is not a regular file')
  const bytes = readWhole(path, MAX_CONFIG_BYTES)?.bytes
  if (bytes && !process.getBuiltinModule('node:buffer').isUtf8(bytes)) throw new Error('it is not UTF-8')
  return bytes?.toString()
}

/** Takes `[telemetry]` out of a TOML document. Pure. */
export function parseConfig(text: string): Config | ConfigProblem {
  let document: Record<string, unknown>
  try {
    // Elsewhere in the document may be integers that a JavaScript number cannot hold; they are none of our business.
    document = parse(text.replace(/^\ufeff/, ''), { integersAsBigInt: 'asNeeded' })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const { line, column, codeblock } = error
    return {
      problem: `line ${line}, column ${column}: ${error.message.split('\n')[0]}`,
      line,
      column,
      codeblock,
    }
  }
  const table = document.telemetry ?? {}
  if (!isRecord(table)) return { problem: 'telemetry: expected a table' }
  for (const [key, value] of Object.entries(table)) {
    // An unknown key is most likely a misspelt opt-out: `enabeld = false` must not leave telemetry on.
    if (!Object.hasOwn(keys, key)) return { problem: `telemetry.${key}: there is no such key` }
    const [check, expected] = keys[key as keyof Config]
    const result = check(value)
    if (result !== true)
      return {
        problem: `telemetry.${key}: expected ${expected}, got ${typeof result === 'string' ? result : show(value)}`,
      }
  }
  for (const key of Object.keys(document)) {
    if (key !== 'telemetry' && isNear(key.toLowerCase(), 'telemetry'))
      return { problem: `${show(key)}: did you mean [telemetry]?`, meant: true }
  }
  for (const [key, optOut] of [
    ['enabled', false],
    ['air_gapped', true],
  ] as const) {
    if (document[key] === optOut && table[key] === undefined)
      return {
        problem: `${key} = ${optOut} is not in a table: did you mean to write [telemetry] in the line above it?`,
        meant: true,
      }
  }
  return table
}

/**
 * True for a word that becomes the other by at most two insertions, removals, replacements or swaps of neighbours (the
 * optimal string alignment distance). Two is what a slip of the fingers costs (`telemtry` 1, `telemetries` 3 is another
 * word); `template` and `telephone` are 5 away.
 */
export function isNear(word: string, wanted: string): boolean {
  if (Math.abs(word.length - wanted.length) > 2) return false
  let before: number[] = []
  let row = Array.from({ length: wanted.length + 1 }, (_, index) => index)
  for (let i = 1; i <= word.length; i++) {
    const next = [i]
    for (let j = 1; j <= wanted.length; j++) {
      const cost = word[i - 1] === wanted[j - 1] ? 0 : 1
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + cost)
      if (word[i - 1] === wanted[j - 2] && word[i - 2] === wanted[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1)
    }
    before = row
    row = next
  }
  return row[wanted.length]! <= 2
}
