import { readFileSync } from 'node:fs'
import { parseEndpoint } from '../core/decide/endpoint.ts'
import { shared } from '../core/global.ts'
import { initTelemetry } from '../core/handle.ts'
import { hasCode } from '../core/node.ts'
import { optionProblems } from '../core/option-problems.ts'
import type { TelemetryOptions } from '../core/options.ts'
import type { Attributes } from '../core/vocabulary.ts'
import { endpointSentence } from '../exchange/sentences.ts'
import { optionSentence } from '../explain/option.ts'
import { printable } from '../terminal/printable.ts'

interface Count {
  /** An event if `events` of the options has it, otherwise a command. */
  name: string
  /** `key=value` of an event. */
  pairs: readonly string[]
  /** A JSON file with the options of `initTelemetry`. */
  file: string
  /** Replaces that of the file. */
  version?: string | undefined
}

/**
 * `otlp-tally count NAME [key=value …]`. Returns the exit code: 0 whether it counts or telemetry is off, 2 for a mistake in
 * the command line or the file.
 */
export function count({ name, pairs, file, version }: Count): number {
  const options = readOptions(file, version)
  if (typeof options === 'string') return misuse(options)
  const isEvent = Object.hasOwn(options.events ?? {}, name)
  if (!isEvent && pairs.length)
    return misuse(`${printable(name)}: ${printable(file)} has no such event, and a command has no attributes`)
  const attributes = attributesOf(pairs, options.events?.[name] ?? {})
  if (typeof attributes === 'string') return misuse(attributes)
  // A notice would go to the output of a script, or of a hook that nobody reads. So it counts as shown already.
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
    // In JSON the type `Boolean` is written "boolean".
    for (const attributes of Object.values<Record<string, unknown>>(options?.events ?? {})) {
      for (const key of Object.keys(attributes ?? {}))
        if (attributes[key] === 'boolean') attributes[key] = Boolean
    }
    const [problem] = optionProblems(options)
    if (problem) return `${printable(file)}: ${optionSentence(problem)}`
    const { endpoint } = options
    if (endpoint && !parseEndpoint(endpoint))
      return `${printable(file)}: endpoint: ${endpointSentence(endpoint)}`
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

function misuse(sentence: string): number {
  process.stderr.write(`otlp-tally count: ${sentence}\n`)
  return 2
}
