import { readConfigText } from '../core/decide/config.ts'
import type { Environment } from '../core/decide/folders.ts'
import { foldersOf } from '../core/decide/folders.ts'
import type { Tool } from '../core/tool.ts'
import type { Context } from './context.ts'
import { setEnabled } from './edit.ts'
import { forget } from './forget.ts'
import { quietFacts } from './inspect.ts'
import { rulingsOf } from './otherwise.ts'
import { replaceFile } from './replace-file.ts'

/** `enable`: writes the one value, then says what is in effect. The exit code is 1 when it could not be written. */
export function enable({ tool, env, stdout, stderr }: Context): number {
  const failure = writeEnabled(true, tool, env)
  if (failure) stderr.write(failure)
  else stdout.write(`${effectOf(true, tool, env)}\n`)
  return failure ? 1 : 0
}

/**
 * `disable`: writes the one value, removes the installation's ids, and says what is true then: off, off though it could
 * not be written, or not off. The exit code is 0 only where it was written and is in effect.
 */
export function disable({ tool, env, stdout, stderr }: Context): number {
  const failure = writeEnabled(false, tool, env)
  const off = rulingsOf(quietFacts(tool, env))[0]!.mode !== 'on'
  // (not understood)
  const { lines, left } = failure && !off ? { lines: [], left: false } : forget(tool, env)
  if (failure) stderr.write(`${failure}\n`)
  const out = failure || left || !off ? stderr : stdout
  out.write([effectOf(false, tool, env, !failure), ...lines].map(line => `${line}\n`).join(''))
  return failure || left || !off ? 1 : 0
}

/** Writes `telemetry.enabled` into the user's config. Returns what to tell them where that could not be. */
export function writeEnabled(enabled: boolean, tool: Tool, env: Environment): string | undefined {
  const { name, home } = tool.options
  const config = foldersOf(name, home, env)?.config
  const byHand = `\nTo do it by hand, write into it:\n\n[telemetry]\nenabled = ${enabled}\n`
  const failure = (reason: string, codeblock = '', way = byHand) =>
    `${name} telemetry: ${config ?? 'the config file'} was not changed: ${reason}\n` +
    (codeblock && `\n${codeblock.trimEnd()}\n`) +
    way
  if (!config) return failure('there is no home folder')
  try {
    const found = quietFacts(tool, env).config()
    // A second table beside the one that was meant would leave two that disagree.
    if ('problem' in found && found.meant)
      return failure(
        found.problem,
        '',
        `\nCorrect that, and it is in effect; or put this in its place:\n\n[telemetry]\nenabled = ${enabled}\n`,
      )
    const before = readConfigText(config)
    const edit = setEnabled(before ?? '', enabled)
    if ('refused' in edit) return failure(edit.refused, edit.codeblock)
    if (edit.text !== before) replaceFile(config, edit.text, before)
    return undefined
  } catch (error) {
    return failure((error as Error).message)
  }
}

/** What is in effect after `enabled` was written, or was not, and what else decides. */
export function effectOf(enabled: boolean, tool: Tool, env: Environment, written = true): string {
  const facts = quietFacts(tool, env)
  const { mode, rule, reason } = rulingsOf(facts)[0]!
  const { name } = tool.options
  const done = `enabled = ${enabled} is written to ${facts.folders()?.config}`
  if (!written)
    return mode === 'off'
      ? `${name} telemetry is off all the same: ${reason}`
      : `${name} telemetry is NOT off, but ${mode}: ${reason}`
  if (enabled === (mode !== 'off')) {
    // Another mistake in the file switches off too, whatever is written beside it.
    if (rule === 6) return `${name} telemetry is off: ${done}\nThe file has a mistake besides: ${reason}`
    return rule === 7 || rule === 11
      ? `${name} telemetry is ${mode}: ${done}`
      : `${name} telemetry is ${mode}: ${done}, and besides ${reason}`
  }
  const stays = mode === 'off' || mode === 'on' ? mode : `${mode}, which sends nothing`
  return `${done}, but ${name} telemetry stays ${stays}: ${reason}`
}
