import type { Decision } from './decide/decide.ts'
import { environmentPrefix, modeFrom } from './decide/environment.ts'
import { supported } from './node.ts'
import { type TelemetryOptions, telemetryCommandOf } from './options.ts'
import { lacking } from './permissions.ts'
import { writeStderr } from './stderr.ts'

/** `TRIX_TELEMETRY=log`: tells its user, on stderr, what would be sent, and why something is not counted. */

export function isLogMode({ name }: TelemetryOptions): boolean {
  if (!supported || lacking('env')) return false
  return modeFrom(process.env[`${environmentPrefix(`${name}`)}_TELEMETRY`]) === 'log'
}

/** Writes why something is not counted; nothing in any other mode. */
export function explain(options: TelemetryOptions, why: string): void {
  // A name that the caller has passed may hold what a terminal obeys.
  const code = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`
  if (isLogMode(options)) say(options, `none (${why.slice(0, 500).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, code)})`)
}

export function say({ name }: TelemetryOptions, text: string): void {
  writeStderr(`${name} telemetry: ${text}\n`)
}

/** Each row in a few words. Sentences are for `status`, which no command runs: they would cost each one its size. */
const ROWS = [
  ...[
    'not valid',
    'the helper',
    'switched off',
    'a variable says no',
    'a variable says no',
    'the state folder',
  ],
  ...['not valid', 'enabled = false', 'you said no', '', 'no endpoint', '', 'a test runner', '', 'a CI', ''],
  ...['not agreed to', '', 'the notice was not shown', 'the notice was shown just now'],
]

/** Why nothing is counted, and what said so. */
export function shortReason(
  options: TelemetryOptions,
  { row, cause = {} }: Decision,
  disabled: boolean | string,
): string {
  const { variable, file, missing, message, config, endpoint, options: problems = [] } = cause
  const given = row === 2 && typeof disabled === 'string' ? disabled : ''
  const key = config && 'key' in config && config.key
  const source = endpoint?.source
  const names = problems.map(({ option }) => option)
  const found = [given, variable, file, key, source, missing, message, ...names].filter(Boolean).join(', ')
  const command = telemetryCommandOf(options)
  return `${ROWS[row]}${found && `: ${found}`}${command ? `; "${command} status" explains it` : ''}`
}
