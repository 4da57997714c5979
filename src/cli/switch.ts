import { readConfigText } from '../core/decide/config.ts'
import type { Environment } from '../core/decide/folders.ts'
import { foldersOf } from '../core/decide/folders.ts'
import type { Tool } from '../core/telemetry.ts'
import { setEnabled } from './edit.ts'
import { quietFacts } from './inspect.ts'
import { rulingsOf } from './otherwise.ts'
import { replaceFile } from './replace-file.ts'
import type { Context } from './run.ts'

/**
 * `enable` and `disable`: writes the one value, then says what is in force. Returns the exit code: 1 when it could not
 * be written, with the reason and the lines to write by hand, so that "disabled" is never said falsely.
 */
export function switchTo(enabled: boolean, { tool, env, stdout, stderr }: Context): number {
  const failure = writeEnabled(enabled, tool, env)
  if (failure) stderr.write(failure)
  else stdout.write(`${inForce(enabled, tool, env)}\n`)
  return failure ? 1 : 0
}

/** Writes `telemetry.enabled` into the user's config. Returns what to tell them where that could not be. */
export function writeEnabled(enabled: boolean, tool: Tool, env: Environment): string | undefined {
  const { name, home } = tool.options
  const config = foldersOf(name, home, env)?.config
  const failure = (reason: string, codeblock = '') =>
    `${name} telemetry: ${config ?? 'the config file'} was not changed: ${reason}\n` +
    (codeblock && `\n${codeblock.trimEnd()}\n`) +
    `\nTo do it by hand, write into it:\n\n[telemetry]\nenabled = ${enabled}\n`
  if (!config) return failure('there is no home folder')
  try {
    const before = readConfigText(config)
    const edit = setEnabled(before ?? '', enabled)
    if ('refused' in edit) return failure(edit.refused, edit.codeblock)
    if (edit.text !== before) replaceFile(config, edit.text, before)
    return undefined
  } catch (error) {
    return failure((error as Error).message)
  }
}

/** What is in force after `enabled` was written, and what else decides where that is not it. */
export function inForce(enabled: boolean, tool: Tool, env: Environment): string {
  const facts = quietFacts(tool, env)
  const { mode, reason } = rulingsOf(facts)[0]!
  const { name } = tool.options
  return enabled === (mode !== 'off')
    ? `${name} telemetry is ${mode} (${reason})`
    : `enabled = ${enabled} is written to ${facts.folders()?.config}, but ${name} telemetry stays ${mode}: ${reason}`
}
