import { readFileSync } from 'node:fs'
import { parseEndpoint } from '../core/decide/endpoint.ts'
import { shared } from '../core/global.ts'
import { initTelemetry } from '../core/handle.ts'
import { hasCode } from '../core/node.ts'
import { optionProblems } from '../core/option-problems.ts'
import type { TelemetryOptions } from '../core/options.ts'
import type { Attributes } from '../core/vocabulary.ts'
import { notAnEndpoint } from '../exchange/explain.ts'
import { optionSentence } from '../explain/decision.ts'
import { printable } from '../terminal/printable.ts'

interface Count {
  /** An event, where `events` of the options has it; else a command. */
  name: string
  /** `key=value` of an event. */
  pairs: readonly string[]
  /** A JSON file with the options of `initTelemetry`. */
  file: string
  /** Instead of the file's. */
  version?: string | undefined
}

/**
 * `otlp-tally count NAME [key=value …]`: for hooks, scripts and tools in other languages. The exit code is 0 whether it
 * counts or is off, and 2 for a mistake in the command line or the file.
 */
export function count({ name, pairs, file, version }: Count): number {
  const options = readOptions(file, version)
  if (typeof options === 'string') return misused(options)
  const isEvent = Object.hasOwn(options.events ?? {}, name)
  if (!isEvent && pairs.length)
    return misused(
      `${printable(name)}: ${printable(file)} has no such event, and a command has no attributes`,
    )
  const attributes = attributesOf(pairs, options.events?.[name] ?? {})
  if (typeof attributes === 'string') return misused(attributes)
  // No notice is shown here: a hook has no reader, and a script's output is its own.
  shared().noticed = true
  const { trackCommand, trackEvent } = initTelemetry(options as TelemetryOptions<string, Events>)
  if (isEvent) trackEvent(name, attributes)
  else trackCommand(name)
  return 0
}

type Events = Record<string, Record<string, readonly string[] | BooleanConstructor>>

/** The options, or what is wrong with the file. */
function readOptions(file: string, version: string | undefined): TelemetryOptions | string {
  try {
    const given = JSON.parse(readFileSync(file, 'utf8'))
    const options = version === undefined ? given : { ...given, version }
    for (const attributes of Object.values<Record<string, unknown>>(options?.events ?? {})) {
      // JSON has no `Boolean`.
      for (const key of Object.keys(attributes ?? {}))
        if (attributes[key] === 'boolean') attributes[key] = Boolean
    }
    const [problem] = optionProblems(options)
    if (problem) return `${printable(file)}: ${optionSentence(problem)}`
    const { endpoint } = options
    if (endpoint && !parseEndpoint(endpoint))
      return `${printable(file)}: endpoint: ${notAnEndpoint(endpoint)}`
    return options
  } catch (error) {
    return `${printable(file)}: ${hasCode(error, 'ENOENT') ? 'there is no such file' : printable((error as Error).message, 200)}`
  }
}

function attributesOf(
  pairs: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Attributes | string {
  const attributes: Record<string, string | boolean> = {}
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (key === undefined) return `${printable(pair)}: expected key=value`
    const isBoolean = values[key] === Boolean && /^(true|false)$/.test(value!)
    attributes[key] = isBoolean ? value === 'true' : value!
  }
  return attributes
}

function misused(sentence: string): number {
  process.stderr.write(`otlp-tally count: ${sentence}\n`)
  return 2
}
