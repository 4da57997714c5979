import { WINDOWS } from './node.ts'
import type { TelemetryOptions } from './options.ts'
import { isTypo } from './typo.ts'
import { isRecord } from './vocabulary.ts'

/** An option that is not valid: which, and the part of its value that is not. */
export interface OptionProblem {
  option: string
  value: unknown
  /** There is no such option; one that is spelt nearly the same, where there is one. */
  unknown?: { near: string | undefined }
}

/** True for a valid value; `{ part }` where it is only a part of it that is not. */
export type Check = (value: unknown) => boolean | { part: unknown }

// Lengths are compared, not matched: `{0,63}` is unrolled when it is compiled, which costs more than all else here.
const MAX_LENGTH = 64
const MAX_ATTRIBUTES = 8
const NAME = /^[A-Za-z][A-Za-z0-9_.]*$/
const VALUE = /^[A-Za-z0-9_.:-]+(?: [A-Za-z0-9_.:-]+)*$/

const isText = (value: unknown, form: RegExp) =>
  typeof value === 'string' && value.length <= MAX_LENGTH && form.test(value)
/** What a command or the value of an attribute can be. */
export const isValue = (value: unknown): boolean => isText(value, VALUE)
const isSentence: Check = value => typeof value === 'string' && value !== ''
export const isBoolean: Check = value => typeof value === 'boolean'
const isWhole = (least: number, most: number): Check => {
  return value => Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}
const isOneOf = (...allowed: unknown[]): Check => {
  return value => allowed.includes(value)
}

const isList: Check = value => {
  if (!Array.isArray(value)) return false
  const wrong = value.find(one => !isValue(one))
  return wrong === undefined && !value.includes(undefined) ? true : { part: wrong }
}

const isAttributes: Check = value => {
  if (!isRecord(value)) return false
  const keys = Object.keys(value)
  if (keys.length > MAX_ATTRIBUTES) return false
  const wrong = keys.find(key => {
    const given = value[key]
    return !isText(key, NAME) || RESERVED.includes(key) || !(typeof given === 'boolean' || isValue(given))
  })
  return wrong === undefined ? true : { part: wrong }
}

const isEvents: Check = value => {
  if (!isRecord(value)) return false
  for (const metric of Object.keys(value)) {
    const attributes = value[metric]
    const keys = isRecord(attributes) ? Object.keys(attributes) : undefined
    if (!isText(metric, NAME) || !keys || keys.length > MAX_ATTRIBUTES) return { part: metric }
    for (const key of keys) {
      const values = (attributes as Record<string, unknown>)[key]
      if (!isText(key, NAME) || !(values === Boolean || isList(values) === true))
        return { part: `${metric}.${key}` }
    }
  }
  return true
}

/** `fetch` sets these itself, and refuses a request that sets them (undici, `lib/core/request.js`). */
const REFUSED = /^(connection|content-length|expect|host|keep-alive|transfer-encoding|upgrade)$/i

/** Headers that `fetch` accepts: a token as name (RFC 9110 §5.6.2), visible ASCII and spaces as value. */
export const isHeaders: Check = value => {
  if (!isRecord(value)) return false
  const wrong = Object.keys(value).find(name => {
    const text = value[name]
    return (
      REFUSED.test(name) ||
      !/^[\w!#$%&'*+.^`|~-]+$/.test(name) ||
      typeof text !== 'string' ||
      !/^[ -~]*$/.test(text)
    )
  })
  return wrong === undefined ? true : { part: wrong }
}

export const isEndpoint: Check = value => typeof value === 'string'
export const isTimeout: Check = isWhole(1, 60_000)

/** What the library itself says of a resource. */
const RESERVED = ['service.name', 'service.version', 'service.instance.id', 'user.fingerprint']

const DAYS_30 = 30 * 24 * 3_600_000

const checks: Record<keyof TelemetryOptions, Check> = {
  name: value => isText(value, /^(@[A-Za-z0-9][A-Za-z0-9_.-]*\/)?[A-Za-z0-9][A-Za-z0-9_.-]*$/),
  version: value => isText(value, /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/),
  // A string here, a URL only in the decision: the user's config may hold the endpoint that is in effect.
  endpoint: isEndpoint,
  commands: isList,
  events: isEvents,
  failures: value =>
    typeof value === 'boolean' ||
    (isRecord(value) && Array.isArray(value.except) && value.except.every(isWhole(0, 255))),
  agents: isBoolean,
  environment: isBoolean,
  headers: isHeaders,
  timeoutMs: isTimeout,
  intervalMs: isWhole(0, DAYS_30),
  metricName: value => isText(value, NAME),
  delivery: isOneOf('auto', 'detached', 'inline'),
  consent: isOneOf('notice', 'explicit'),
  notice: isSentence,
  noticeVersion: isWhole(1, 1e9),
  policy: value => typeof value === 'string' && /^https?:\/\/[!-~]+$/.test(value),
  command: value => value === false || isSentence(value),
  home: value => typeof value === 'string' && (WINDOWS ? /^(~?[/\\]|[A-Za-z]:[/\\])/ : /^~?\//).test(value),
  resourceAttributes: isAttributes,
  disabled: value => typeof value === 'boolean' || typeof value === 'string',
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
    const valid = checks[option as keyof TelemetryOptions](value)
    return valid === true ? [] : { option, value: valid ? valid.part : value }
  })
}

/** The first problem that makes the tool's folders unknown; undefined if they are known. */
export function homeProblem(problems: readonly OptionProblem[]): OptionProblem | undefined {
  return problems.find(({ option }) => ['options', 'name', 'home'].includes(option))
}
