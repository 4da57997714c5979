import { parse, TomlError } from 'smol-toml'
import { parentOf, readWhole } from '../files.ts'
import { fs } from '../node.ts'
import { type Check, checkBoolean, checkEndpoint, checkHeaders, checkTimeout } from '../option-problems.ts'
import { isTypo } from '../typo.ts'
import { isRecord } from '../vocabulary.ts'

/** The `[telemetry]` table of the user's config file, as it is written there. The library only reads it. */
export interface Config {
  enabled?: boolean
  endpoint?: string
  timeout_ms?: number
  air_gapped?: boolean
  headers?: Record<string, string>
}

/** Why a config file cannot be used. Then telemetry is off. The sentences are in `explain/config.ts`. */
export type ConfigProblem =
  /** The system's message, or that it is not a file, too large or not UTF-8. */
  | { why: 'unreadable'; message: string }
  /** It belongs to another user, or everybody may write it. */
  | { why: 'foreign' }
  /** Not TOML: where the parser stopped, counted from 1, and the lines around it with a caret. */
  | { why: 'syntax'; message: string; line: number; column: number; codeblock: string }
  /** A value, or a part of it, that is not valid. */
  | { why: 'value'; key: string; value: unknown }
  /** No such key in `[telemetry]`. */
  | { why: 'unknown'; key: string }
  /** A key outside `[telemetry]` that was most likely meant for it. */
  | { why: 'misplaced'; key: string }
  /** Headers without the endpoint that they belong to: they would follow the tool to each of its new servers. */
  | { why: 'headers' }

/** A tool's own config may be large, but a file over this is no config, and reading it would be felt. */
const MAX_CONFIG_BYTES = 1 << 20

const checks: Record<keyof Config, Check> = {
  enabled: checkBoolean,
  endpoint: checkEndpoint,
  timeout_ms: checkTimeout,
  air_gapped: checkBoolean,
  headers: checkHeaders,
}

/**
 * Reads the file at `path`. No file is an empty config, except where the folder of the user's own file is a dangling
 * link: it may be on a volume that is not mounted now, and may hold a no. Never throws.
 */
export function readConfig(path: string, isOwn = true): Config | ConfigProblem {
  try {
    const content = readWhole(path, MAX_CONFIG_BYTES)
    if (!content)
      return isOwn && isHidden(path) ? { why: 'unreadable', message: 'its folder is a dangling link' } : {}
    const { bytes, stats } = content
    const self = process.geteuid?.() ?? stats.uid
    if ((stats.uid !== self && stats.uid !== 0) || (process.geteuid && stats.mode & 0o002))
      return { why: 'foreign' }
    if (!process.getBuiltinModule('node:buffer').isUtf8(bytes))
      return { why: 'unreadable', message: 'it is not UTF-8' }
    return parseConfig(bytes.toString())
  } catch (error) {
    return { why: 'unreadable', message: (error as Error).message }
  }
}

/** True where the folder of an absent file is a link that leads nowhere. */
function isHidden(path: string): boolean {
  const folder = parentOf(path)
  const found = fs.lstatSync(folder, { throwIfNoEntry: false })
  if (!found) return folder !== path && isHidden(folder)
  return found.isSymbolicLink() && !fs.statSync(folder, { throwIfNoEntry: false })
}

export const isProblem = (config: Config | ConfigProblem): config is ConfigProblem => 'why' in config

/** Takes `[telemetry]` out of a TOML document. Pure. */
export function parseConfig(text: string): Config | ConfigProblem {
  let document: Record<string, unknown>
  try {
    // The rest of the document may have integers that a JavaScript number cannot hold. They must not be an error.
    document = text ? parse(text.replace(/^\ufeff/, ''), { integersAsBigInt: 'asNeeded' }) : {}
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const { line, column, codeblock, message } = error
    return { why: 'syntax', message: message.split('\n')[0]!, line, column, codeblock }
  }
  const { telemetry: table = {}, ...others } = document
  if (!isRecord(table)) return { why: 'value', key: 'telemetry', value: table }
  for (const key of Object.keys(table)) {
    // An unknown key is most likely a misspelt opt-out: `enabeld = false` must not leave telemetry on.
    if (!Object.hasOwn(checks, key)) return { why: 'unknown', key }
    const invalid = checks[key as keyof Config](table[key])
    if (invalid.length) return { why: 'value', key, value: invalid[0] }
  }
  if (table.headers && table.endpoint === undefined) return { why: 'headers' }
  const key = Object.keys(others).find(key => isMisplaced(key, others[key], table))
  return key === undefined ? table : { why: 'misplaced', key }
}

/** Other names for a no, without `-` and `_`. */
const OTHER_NO = /^((disable|no|enable)telemetry|telemetry(disabled?|enabled?|off|optout)|donottrack)$/

/** True for an opt-out as people write it outside `[telemetry]`, and for a table with nearly that name. */
function isMisplaced(key: string, value: unknown, table: Config): boolean {
  const word = key.toLowerCase().replaceAll(/[-_]/g, '')
  if (isTypo(word, 'telemetry') || OTHER_NO.test(word)) return true
  // `[trix.telemetry]`
  if (isRecord(value)) return Object.keys(value).some(inner => isTypo(inner.toLowerCase(), 'telemetry'))
  if (typeof value === 'object') return false
  if (isTypo(word, 'airgapped')) return value !== false && table.air_gapped === undefined
  // `enabled = true` at the top may be any tool's own; `enabled = false` is a no unless the table has its own value.
  return isTypo(word, 'enabled') && value !== true && table.enabled === undefined
}
