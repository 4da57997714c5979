import { WINDOWS } from './node.ts'
import type { TelemetryOptions } from './options.ts'
import { isTypo } from './typo.ts'
import { isRecord } from './vocabulary.ts'

/** An option that is not valid: which, and the part of its value that is not. */
export interface OptionProblem {
  option: string
  value: unknown
  /** There is no such option. `near`: one that is spelt nearly the same. */
  unknown?: { near: string | undefined }
}

/** What is not valid about a value: its first part that is not, or all of it. Empty for a valid value. */
export type Check = (value: unknown) => unknown[]

/** A check that finds a value valid or not, as a whole. */
const check = (isValid: (value: unknown) => boolean): Check => {
  return value => (isValid(value) ? [] : [value])
}

// Lengths are compared, not matched: `{0,63}` is unrolled when it is compiled, which costs more than everything else
// here.
const MAX_LENGTH = 64
const MAX_ATTRIBUTES = 8
const NAME = /^[A-Za-z][A-Za-z0-9_.]*$/
const VALUE = /^[A-Za-z0-9_.:-]+(?: [A-Za-z0-9_.:-]+)*$/

const isText = (value: unknown, form: RegExp) =>
  typeof value === 'string' && value.length <= MAX_LENGTH && form.test(value)
/** What a command or the value of an attribute can be. */
export const isValue = (value: unknown): boolean => isText(value, VALUE)
const isSentence = (value: unknown) => typeof value === 'string' && value !== ''
const isWhole = (least: number, most: number) => {
  return (value: unknown) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

export const checkBoolean: Check = check(value => typeof value === 'boolean')
const checkOneOf = (...allowed: unknown[]) => check(value => allowed.includes(value))

const checkList: Check = value => {
  if (!Array.isArray(value)) return [value]
  // A copy, because `filter` would skip what is missing in a sparse list.
  return [...value].filter(one => !isValue(one)).slice(0, 1)
}

const checkAttributes: Check = value => {
  if (!isRecord(value)) return [value]
  const keys = Object.keys(value)
  if (keys.length > MAX_ATTRIBUTES) return [value]
  const isWrong = (key: string) => {
    const given = value[key]
    return !isText(key, NAME) || RESERVED.includes(key) || !(typeof given === 'boolean' || isValue(given))
  }
  return keys.filter(isWrong).slice(0, 1)
}

const checkEvents: Check = value => {
  if (!isRecord(value)) return [value]
  for (const metric of Object.keys(value)) {
    const attributes = value[metric]
    const keys = isRecord(attributes) ? Object.keys(attributes) : undefined
    if (!isText(metric, NAME) || !keys || keys.length > MAX_ATTRIBUTES) return [metric]
    for (const key of keys) {
      const values = (attributes as Record<string, unknown>)[key]
      if (!isText(key, NAME) || (values !== Boolean && checkList(values).length)) return [`${metric}.${key}`]
    }
  }
  return []
}

/** `fetch` sets these itself, and refuses a request that sets them (undici, `lib/core/request.js`). */
const REFUSED = /^(connection|content-length|expect|host|keep-alive|transfer-encoding|upgrade)$/i

/** Headers that `fetch` accepts: a token as name (RFC 9110 §5.6.2), visible ASCII and spaces as value. */
export const checkHeaders: Check = value => {
  if (!isRecord(value)) return [value]
  const isWrong = (name: string) => {
    const text = value[name]
    return (
      REFUSED.test(name) ||
      !/^[\w!#$%&'*+.^`|~-]+$/.test(name) ||
      typeof text !== 'string' ||
      !/^[ -~]*$/.test(text)
    )
  }
  return Object.keys(value).filter(isWrong).slice(0, 1)
}

export const checkEndpoint: Check = check(value => typeof value === 'string')
export const checkTimeout: Check = check(isWhole(1, 60_000))

/** The resource attributes that the library sets. */
const RESERVED = ['service.name', 'service.version', 'service.instance.id', 'user.fingerprint']

const DAYS_30 = 30 * 24 * 3_600_000

const checks: Record<keyof TelemetryOptions, Check> = {
  name: check(value => isText(value, /^(@[A-Za-z0-9][A-Za-z0-9_.-]*\/)?[A-Za-z0-9][A-Za-z0-9_.-]*$/)),
  version: check(value => isText(value, /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/)),
  // A string here, a URL only in the decision: the user's config may hold the endpoint that is in effect.
  endpoint: checkEndpoint,
  commands: checkList,
  events: checkEvents,
  failures: check(
    value =>
      typeof value === 'boolean' ||
      (isRecord(value) && Array.isArray(value.except) && value.except.every(isWhole(0, 255))),
  ),
  agents: checkBoolean,
  environment: checkBoolean,
  headers: checkHeaders,
  timeoutMs: checkTimeout,
  intervalMs: check(isWhole(0, DAYS_30)),
  metricName: check(value => isText(value, NAME)),
  delivery: checkOneOf('auto', 'detached', 'inline'),
  consent: checkOneOf('notice', 'explicit'),
  notice: check(isSentence),
  noticeVersion: check(isWhole(1, 1e9)),
  policy: check(value => typeof value === 'string' && /^https?:\/\/[!-~]+$/.test(value)),
  command: check(value => value === false || isSentence(value)),
  home: check(
    value => typeof value === 'string' && (WINDOWS ? /^(~?[/\\]|[A-Za-z]:[/\\])/ : /^~?\//).test(value),
  ),
  resourceAttributes: checkAttributes,
  disabled: check(value => typeof value === 'boolean' || typeof value === 'string'),
}

const REQUIRED = ['name', 'version', 'commands']

/**
 * The options that are not valid; none when all are. Types refuse most of it at build time, but the callers may write
 * JavaScript. The sentences are in `explain/option.ts`: an ordinary command never shows one.
 */
export function optionProblems(options: unknown): OptionProblem[] {
  if (typeof options !== 'object' || options === null) return [{ option: 'options', value: options }]
  const given = options as Record<string, unknown>
  const names = [...REQUIRED, ...Object.keys(given).filter(name => !REQUIRED.includes(name))]
  return names.flatMap(option => {
    const value = given[option]
    if (!Object.hasOwn(checks, option)) {
      const isNear = (slips: number) => (name: string) =>
        isTypo(option.toLowerCase(), name.toLowerCase(), slips)
      const near = Object.keys(checks).find(isNear(1)) ?? Object.keys(checks).find(isNear(2))
      return { option, value, unknown: { near } }
    }
    if (value === undefined && !REQUIRED.includes(option)) return []
    return checks[option as keyof TelemetryOptions](value).map(invalid => ({ option, value: invalid }))
  })
}

/** The first problem that makes the tool's folders unknown; undefined if they are known. */
export function homeProblem(problems: readonly OptionProblem[]): OptionProblem | undefined {
  return problems.find(({ option }) => ['options', 'name', 'home'].includes(option))
}
