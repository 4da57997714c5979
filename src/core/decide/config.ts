import { parse, TomlError } from 'smol-toml'
import { isRecord, show } from '../names.ts'
import { headersOk, timeoutOk } from '../options.ts'
import { readText } from '../regular-file.ts'

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
}

/** A tool's own config may be large, but a file over this is no config, and reading it would be felt. */
export const MAX_CONFIG_BYTES: number = 1 << 20

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
    const text = readText(path, MAX_CONFIG_BYTES)
    return text === undefined ? {} : parseConfig(text)
  } catch (error) {
    return { problem: `it cannot be read (${error instanceof Error ? error.message : error})` }
  }
}

/** Takes `[telemetry]` out of a TOML document. Pure. */
export function parseConfig(text: string): Config | ConfigProblem {
  let table: unknown
  try {
    // Elsewhere in the document may be integers that a JavaScript number cannot hold; they are none of our business.
    table = parse(text.replace(/^\ufeff/, ''), { integersAsBigInt: 'asNeeded' }).telemetry ?? {}
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
  if (!isRecord(table)) return { problem: 'telemetry: expected a table' }
  for (const [key, value] of Object.entries(table)) {
    // An unknown key is most likely a misspelt opt-out: `enabeld = false` must not leave telemetry on.
    if (!Object.hasOwn(keys, key)) return { problem: `telemetry.${key}: there is no such key` }
    const [check, expected] = keys[key as keyof Config]
    if (!check(value)) return { problem: `telemetry.${key}: expected ${expected}, got ${show(value)}` }
  }
  return table
}
