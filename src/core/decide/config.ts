import { parse, TomlError } from 'smol-toml'
import { isNear } from '../near.ts'
import { fs } from '../node.ts'
import { baseUrl, boolean, headers, type Rule, timeout, valueProblem } from '../options.ts'
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

const rules: Record<keyof Config, Rule> = {
  enabled: boolean,
  endpoint: baseUrl,
  timeout_ms: timeout,
  air_gapped: boolean,
  headers,
}

/** Reads the file at `path`. No file is an empty config. Never throws. */
export function readConfig(path: string): Config | ConfigProblem {
  try {
    return parseConfig(readConfigText(path) ?? '')
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
    document = text ? parse(text.replace(/^\ufeff/, ''), { integersAsBigInt: 'asNeeded' }) : {}
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const { line, column, codeblock, message } = error
    return { problem: `line ${line}, column ${column}: ${message.split('\n')[0]}`, line, column, codeblock }
  }
  const { telemetry: table = {}, ...others } = document
  if (!isRecord(table)) return { problem: 'telemetry: expected a table' }
  for (const key in table) {
    // An unknown key is most likely a misspelt opt-out: `enabeld = false` must not leave telemetry on.
    const problem = Object.hasOwn(rules, key)
      ? valueProblem(`telemetry.${key}`, rules[key as keyof Config], table[key])
      : `telemetry.${key}: there is no such key`
    if (problem) return { problem }
  }
  for (const key in others) {
    if (isNear(key.toLowerCase(), 'telemetry'))
      return { problem: `${show(key)}: did you mean [telemetry]?`, meant: true }
    const isOptOut =
      (key === 'enabled' && others[key] === false) || (key === 'air_gapped' && others[key] === true)
    if (isOptOut && table[key] === undefined)
      return {
        problem: `${key} = ${others[key]} is not in a table: did you mean to write [telemetry] in the line above it?`,
        meant: true,
      }
  }
  return table
}
