import type { Environment } from '../decide/folders.ts'
import { foldersOf } from '../decide/folders.ts'
import { readRegularFile } from '../regular-file.ts'
import type { Tool } from '../telemetry.ts'
import { setEnabled } from './edit.ts'
import { replaceFile } from './replace-file.ts'
import { report } from './report.ts'
import type { Output } from './run.ts'

const MAX_BYTES = 1 << 20

/**
 * `enable` and `disable`: writes the one value, then says what is in force. Returns the exit code: 1 when it could not
 * be written, with the reason and the lines to write by hand, so that "disabled" is never said falsely.
 */
export function switchTo(
  enabled: boolean,
  tool: Tool,
  env: Environment,
  stdout: Output,
  stderr: Output,
): number {
  const { name, home } = tool.options
  const config = foldersOf(name, home, env)?.config
  const failed = (reason: string, codeblock = '') => {
    stderr.write(
      `${name} telemetry: ${config ?? 'the config file'} was not changed: ${reason}\n` +
        (codeblock && `\n${codeblock.trimEnd()}\n`) +
        `\nTo do it by hand, write into it:\n\n[telemetry]\nenabled = ${enabled}\n`,
    )
    return 1
  }
  if (!config) return failed('there is no home folder')
  try {
    const before = readRegularFile(config, MAX_BYTES)
    const edit = setEnabled(before ?? '', enabled)
    if ('refused' in edit) return failed(edit.refused, edit.codeblock)
    if (edit.text !== before) replaceFile(config, edit.text, before)
  } catch (error) {
    return failed((error as Error).message)
  }
  const { mode, reason } = report(tool, env).decision
  const asked = enabled ? mode !== 'off' : mode === 'off'
  stdout.write(
    asked
      ? `${name} telemetry is ${mode} (${reason})\n`
      : `enabled = ${enabled} is written to ${config}, but ${name} telemetry stays ${mode}: ${reason}\n`,
  )
  return 0
}
