/**
 * What may be counted at all. The sets are closed, so that no path, argument, secret or sentence can get through by
 * construction: whatever is outside them is not counted, and `log` mode says why.
 */

/**
 * Attributes of one event, at most 8. A key is a letter, then letters, digits, `_` or `.`; a value is a boolean, or 1 to
 * 64 of `A-Z a-z 0-9 _ . : -` and single inner spaces.
 */
export type Attributes = Readonly<Record<string, string | boolean>>

// Lengths are compared, not matched: `{0,63}` is unrolled when it is compiled, and that costs more than all else here.
const MAX_LENGTH = 64
const NAME = /^[A-Za-z][A-Za-z0-9_.]*$/
const VALUE = /^[A-Za-z0-9_.:-]+(?: [A-Za-z0-9_.:-]+)*$/
const MAX_ATTRIBUTES = 8

const NAME_RULE = 'a letter, then letters, digits, "_" or ".", at most 64 characters'
const VALUE_RULE = '1 to 64 of A-Z a-z 0-9 _ . : - and single inner spaces'

/** What is wrong with a metric name, in words; undefined when nothing is. */
export function nameProblem(name: unknown): string | undefined {
  return isText(name, NAME) ? undefined : `${show(name)}: expected ${NAME_RULE}`
}

/** What is wrong with a set of attributes, in words; undefined when nothing is. */
export function attributesProblem(attributes: unknown): string | undefined {
  if (!isRecord(attributes)) return 'attributes: expected an object'
  const entries = Object.entries(attributes)
  if (entries.length > MAX_ATTRIBUTES)
    return `attributes: expected at most ${MAX_ATTRIBUTES}, got ${entries.length}`
  for (const [key, value] of entries) {
    const problem = nameProblem(key)
    if (problem) return `attribute ${problem}`
    if (typeof value !== 'boolean' && !isText(value, VALUE)) {
      return `attribute ${key}: ${show(value)}: expected true, false or ${VALUE_RULE}`
    }
  }
  return undefined
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
  return isRecord(value)
    ? (Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)])) as T)
    : value
}

/** A value as a message may show it: short, printable, on one line, never throwing (a symbol, a proxy, a bigint). */
export function show(value: unknown): string {
  if (typeof value !== 'string') return typeof value
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value.slice(0, 64)).replace(/[^ -~]/g, code)
}
