import type { Decision } from './decide/decide.ts'
import { environmentPrefix, modeFrom } from './decide/environment.ts'
import { supported } from './node.ts'
import { type TelemetryOptions, telemetryCommandOf } from './options.ts'
import { lacking } from './permissions.ts'
import { writeStderr } from './stderr.ts'

/** `TRIX_TELEMETRY=log`: writes to stderr what would be sent, and why something is not counted. */

export function isLogMode({ name }: TelemetryOptions): boolean {
  if (!supported || lacking('env')) return false
  return modeFrom(process.env[`${environmentPrefix(`${name}`)}_TELEMETRY`]) === 'log'
}

/** In `log` mode, writes why something is not counted. */
export function explain(options: TelemetryOptions, why: string): void {
  // Names that the caller passes may have control characters.
  const code = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`
  if (isLogMode(options))
    say(options, `not counted (${why.slice(0, 500).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, code)})`)
}

export function say({ name }: TelemetryOptions, text: string): void {
  writeStderr(`${name} telemetry: ${text}\n`)
}

/** The rows that mean `off`, in a few words. `status` has sentences, which would make each command load more. */
const ROWS: Readonly<Record<number, string>> = {
  0: 'not valid',
  1: 'the helper',
  2: 'switched off',
  3: 'a variable says no',
  4: 'a variable says no',
  5: 'the state folder',
  6: 'not valid',
  7: 'enabled = false',
  8: 'you said no',
  10: 'no endpoint',
  12: 'a test runner',
  14: 'a CI',
  16: 'not agreed to',
  18: 'the notice was not shown',
  19: 'the notice was shown just now',
}

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
