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

/** The same as plain data, for the helper, which knows no list of agents. */
export interface Lists extends Omit<Vocabulary, 'agents'> {
  agents?: readonly string[] | undefined
}

export function listsOf({ commands, events, metricName, failures, agents }: Vocabulary): Lists {
  return { commands, events, metricName, failures, agents: agents ? AGENTS : undefined }
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

/** What names and values are made of, for messages. */
export const NAME_RULE = 'a letter, then letters, digits, "_" or ".", at most 64 characters'
export const VALUE_RULE = '1 to 64 of A-Z a-z 0-9 _ . : - in words with single spaces between them'

/** True for a metric name or an attribute key. */
export const isName = (name: unknown): boolean => isText(name, NAME)
/** True for a text that an attribute can have as its value. */
export const isValue = (value: unknown): boolean => isText(value, VALUE)

/** What is wrong with a set of attributes, in words; undefined when nothing is. */
export function attributesProblem(attributes: unknown, maxWords: number = MAX_LENGTH): string | undefined {
  if (!isRecord(attributes)) return 'attributes: expected an object'
  const keys = Object.keys(attributes)
  if (keys.length > MAX_ATTRIBUTES)
    return `attributes: expected at most ${MAX_ATTRIBUTES}, got ${keys.length}`
  for (const key of keys) {
    const value = attributes[key]
    if (!isName(key)) return `attribute ${show(key)}: expected ${NAME_RULE}`
    if (typeof value === 'boolean') continue
    if (!isValue(value)) return `attribute ${key}: ${show(value)}: expected true, false or ${VALUE_RULE}`
    if ((value as string).split(' ').length > maxWords)
      return `attribute ${key}: ${show(value)}: expected at most ${maxWords} words`
  }
  return undefined
}

/** Why a tool may not count a series, in words; undefined where it may. */
export function seriesProblem(series: Series, vocabulary: Vocabulary): string | undefined {
  const { metric, attributes } = series
  if (!isName(metric)) return `${show(metric)}: expected ${NAME_RULE}`
  const lists = listsOf(vocabulary)
  const listed = isRecord(attributes) && isListed(series, lists)
  const problem = attributesProblem(attributes, listed ? MAX_LENGTH : MAX_WORDS)
  if (problem || listed !== false) return problem
  const wrong = Object.entries(attributes).find(
    ([key, value]) => isListed({ metric, attributes: { [key]: value } }, lists) === false,
  )
  const list = [lists.metricName ?? COMMAND_METRIC, FAILURE_METRIC].includes(metric) ? 'commands' : 'events'
  return `${metric}${wrong ? `: ${wrong[0]}=${show(wrong[1])}` : ''} is not in \`${list}\``
}

/** Whether a series is in the lists of a tool; undefined where it gives no list for it. */
export function isListed({ metric, attributes }: Series, lists: Lists): boolean | undefined {
  const { commands, events, metricName = COMMAND_METRIC, failures, agents } = lists
  const ofCommands = metric === metricName || (failures && metric === FAILURE_METRIC)
  if (!events && !(ofCommands && commands)) return undefined
  const values: Readonly<Record<string, unknown>> | undefined = ofCommands
    ? { command_name: commands ? [...commands, UNKNOWN] : ANY, agent: agents }
    : own(events!, metric)
  let listed: boolean | undefined = values !== undefined
  for (const key in attributes) {
    const value = attributes[key]!
    const known = own(values ?? {}, key)
    // In the job of the helper, `Boolean` is a word.
    const isKnown = Array.isArray(known)
      ? known.includes(value)
      : known && typeof value === (known === ANY ? 'string' : 'boolean')
    if (!isKnown) return false
    if (known === ANY) listed = undefined
  }
  return listed
}

const ANY = 'any'

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
