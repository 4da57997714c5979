import { agentIn } from './agent.ts'

/** What a tool may count: only what is in its lists. A word that is not in them is never stored or sent. */

/**
 * Attributes, at most 8. A key is a letter, then letters, digits, `_` or `.`; a value is a boolean, or 1 to 64 of
 * `A-Z a-z 0-9 _ . : -` with single spaces inside.
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

/** Those options of a tool that say what it may count. */
export interface Vocabulary {
  commands: readonly string[]
  events?: EventList | undefined
  metricName?: string | undefined
  agents?: boolean | undefined
}

/** The name under which commands outside `commands` are counted. */
export const UNKNOWN = 'unknown'
export const COMMAND_METRIC = 'command_invocation'
export const FAILURE_METRIC = 'command_failure'

/** The series of a command; undefined if the name is not a string. */
export function commandSeries(name: unknown, vocabulary: Vocabulary): Series | undefined {
  if (typeof name !== 'string') return undefined
  const { commands, metricName = COMMAND_METRIC, agents } = vocabulary
  const agent = agents ? agentIn(process.env)?.agent : undefined
  const command = commands.includes(name) ? name : UNKNOWN
  return { metric: metricName, attributes: { command_name: command, ...(agent && { agent }) } }
}

/** The series of an event; undefined if it is not in the lists. */
export function eventSeries(metric: string, attributes: unknown, vocabulary: Vocabulary): Series | undefined {
  const lists = own(vocabulary.events ?? {}, metric)
  if (!lists || !isRecord(attributes)) return undefined
  const listed: Record<string, string | boolean> = {}
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    if (value === undefined) continue
    const values = own(lists, key)
    if (Array.isArray(values) ? !values.includes(value) : values !== Boolean || typeof value !== 'boolean')
      return undefined
    listed[key] = value as string | boolean
  }
  return { metric, attributes: listed }
}

/** Not `record[key]`: every object has a "constructor". */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

/** True for an object that is nothing but its own keys: not a list, a date, a `Map` or a `Headers`. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  // Not compared with `Object.prototype`: an object of another realm (`node:vm`) has one of its own.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && !Array.isArray(value))
}

/** A deep copy. The caller can change the original after it was checked, but not this. */
export function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T
  if (!isRecord(value)) return value
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key])
  return copy as T
}
