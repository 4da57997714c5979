import { AGENTS } from './agent.ts'

/**
 * What may be counted. With `commands` and `events` it is a list, and nothing else can be sent. Without them it is an
 * alphabet, which keeps out paths, flags with values, quotes, addresses and long text, but not a short word that is
 * passed by mistake.
 */

/**
 * Attributes of one event, at most 8. A key is a letter, then letters, digits, `_` or `.`; a value is a boolean, or 1
 * to 64 of `A-Z a-z 0-9 _ . : -` in at most four words with single spaces between them.
 */
export type Attributes = Readonly<Record<string, string | boolean>>

/** One metric with one set of attributes: what has a count of its own. */
export interface Series {
  metric: string
  attributes: Attributes
}

/** The metrics that `trackEvent` may count, each with its attributes and their values. */
export type EventList = Readonly<
  Record<string, Readonly<Record<string, readonly string[] | BooleanConstructor>>>
>

/** Of the options of a tool, those that say what it may count. */
export interface Vocabulary {
  commands?: readonly string[] | undefined
  events?: EventList | undefined
  metricName?: string | undefined
  failures?: boolean | undefined
  agents?: boolean | undefined
}

/** The name under which commands outside `commands` are counted. */
export const UNKNOWN = 'unknown'
export const COMMAND_METRIC = 'command_invocation'
export const FAILURE_METRIC = 'command_failure'

// Lengths are compared, not matched: `{0,63}` is unrolled when it is compiled, which costs more than all else here.
const MAX_LENGTH = 64
const NAME = /^[A-Za-z][A-Za-z0-9_.]*$/
const VALUE = /^[A-Za-z0-9_.:-]+(?: [A-Za-z0-9_.:-]+)*$/
const MAX_ATTRIBUTES = 8
const MAX_WORDS = 4

const NAME_RULE = 'a letter, then letters, digits, "_" or ".", at most 64 characters'
const VALUE_RULE = '1 to 64 of A-Z a-z 0-9 _ . : - in words with single spaces between them'

/** A sentence about an invalid metric name or attribute key; undefined if it is valid. */
export function nameProblem(name: unknown): string | undefined {
  return isText(name, NAME) ? undefined : `${show(name)}: expected ${NAME_RULE}`
}

/** What is wrong with a set of attributes, in words; undefined when nothing is. */
export function attributesProblem(attributes: unknown, maxWords: number = MAX_LENGTH): string | undefined {
  if (!isRecord(attributes)) return 'attributes: expected an object'
  const entries = Object.entries(attributes)
  if (entries.length > MAX_ATTRIBUTES)
    return `attributes: expected at most ${MAX_ATTRIBUTES}, got ${entries.length}`
  for (const [key, value] of entries) {
    const problem = nameProblem(key)
    if (problem) return `attribute ${problem}`
    if (typeof value === 'boolean') continue
    if (!isText(value, VALUE))
      return `attribute ${key}: ${show(value)}: expected true, false or ${VALUE_RULE}`
    if ((value as string).split(' ').length > maxWords)
      return `attribute ${key}: ${show(value)}: expected at most ${maxWords} words`
  }
  return undefined
}

/** Why a tool may not count or send a series, in words; undefined where it may. */
export function seriesProblem({ metric, attributes }: Series, vocabulary: Vocabulary): string | undefined {
  const { commands, events, metricName = COMMAND_METRIC, failures, agents } = vocabulary
  const ofCommands = metric === metricName || (failures && metric === FAILURE_METRIC)
  const list = ofCommands ? commands : events
  const problem = nameProblem(metric) ?? attributesProblem(attributes, list ? MAX_LENGTH : MAX_WORDS)
  if (problem) return problem
  if (ofCommands) {
    if (!commands && !events) return undefined
    for (const [key, value] of Object.entries(attributes)) {
      const listed =
        key === 'command_name'
          ? typeof value === 'string' && (!commands || value === UNKNOWN || commands.includes(value))
          : key === 'agent' && agents && AGENTS.includes(value as string)
      if (!listed) return `${metric}: ${key}=${show(value)} is not in \`commands\``
    }
    return undefined
  }
  if (!events) return undefined
  const event = own(events, metric)
  if (!event) return `${show(metric)} is not in \`events\``
  for (const [key, value] of Object.entries(attributes)) {
    const values = own(event, key)
    const listed = Array.isArray(values) ? values.includes(value) : values && typeof value === 'boolean'
    if (!listed) return `${metric}: ${key}=${show(value)} is not in \`events\``
  }
  return undefined
}

/** Only own keys: "constructor" is in every object. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

/** True for a string of at most 64 characters that has the form. */
export function isText(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && value.length <= MAX_LENGTH && form.test(value)
}

/** True for an object that is nothing but its own keys: not a list, a date, a `Map` or a `Headers`. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  // Not compared with `Object.prototype`: an object of another realm (`node:vm`) has one of its own.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value))
}

/** The same value, but no longer the caller's to change: what was found valid is what is used. */
export function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T
  if (!isRecord(value)) return value
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key])
  return copy as T
}

/** A value as a message may show it: short, printable, on one line, never throwing (a symbol, a proxy, a bigint). */
export function show(value: unknown): string {
  if (typeof value === 'boolean') return `${value}`
  if (typeof value !== 'string') return typeof value
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value.slice(0, 64)).replace(/[^ -~]/g, code)
}
