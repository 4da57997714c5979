import { isNear } from './near.ts'
import {
  type Attributes,
  attributesProblem,
  type EventList,
  isName,
  isRecord,
  isText,
  isValue,
  NAME_RULE,
  show,
  VALUE_RULE,
  type Vocabulary,
} from './vocabulary.ts'

/** The options of `initTelemetry`. Most tools set `name`, `version`, `endpoint` and `commands`. */
export interface TelemetryOptions<Command extends string = string, Events extends EventList = EventList>
  extends Vocabulary {
  /**
   * `service.name`. Also names the folders and, in UPPER_SNAKE, the environment variables: `TRIX_TELEMETRY`. The
   * `@scope/` of a package name is dropped.
   */
  name: string
  /** `service.version`, for example `0.19.3`. */
  version: string
  /** Default endpoint, a base URL: `/v1/metrics` is appended to its path. The user's config and environment win. */
  endpoint?: string | undefined
  /**
   * All commands that can ever be sent. Any other is counted as `unknown`, and a literal that is not in the list does
   * not compile. Without it, names follow the alphabet of `Attributes`.
   */
  commands?: readonly Command[] | undefined
  /**
   * All events that can ever be sent: `{ cup_brewed: { size: ['small', 'large'], decaf: Boolean } }`. Anything else is
   * not counted. Without it, they follow the alphabet of `Attributes`.
   */
  events?: Events | undefined
  /** Counts `command_failure` when a command's process ends with an exit code other than 0. Default false. */
  failures?: boolean | undefined
  /** Adds the attribute `agent` where a coding agent runs the command. Default false. */
  agents?: boolean | undefined
  /** Headers of the request to `endpoint`. Never sent to another endpoint that a user configured. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Time limit of the request in milliseconds, 1 to 60000. Default 2000. */
  timeoutMs?: number | undefined
  /** Name of the metric that `trackCommand` counts. Default `command_invocation`. */
  metricName?: string | undefined
  /** `delta` for Datadog, which accepts no cumulative sums: a lost request stays lost. Default `cumulative`. */
  temporality?: 'cumulative' | 'delta' | undefined
  /** `detached`: a helper process sends. `inline`: this process does. Default `auto`: detached where it can work. */
  delivery?: 'auto' | 'detached' | 'inline' | undefined
  /**
   * `explicit`: nothing is counted before the user has said yes. Default `notice`: nothing before the notice was shown.
   */
  consent?: 'notice' | 'explicit' | undefined
  /** Your own text of the notice. */
  notice?: string | undefined
  /** A whole number from 1. Raising it shows the notice again, and sends nothing until then. Default 1. */
  noticeVersion?: number | undefined
  /**
   * How a user calls the telemetry command, for the notice and messages: `ng analytics`. Default `<name> telemetry`.
   * `false` where the tool has none: they then name the variables and the config file instead.
   */
  command?: string | false | undefined
  /** One folder for config and state, absolute or beginning with `~/`, instead of the XDG folders. */
  home?: string | undefined
  /** Constant resource attributes, for example `{ 'os.type': 'linux' }`. A change of the set starts new series. */
  resourceAttributes?: Attributes | undefined
  /** Switches everything off: true, or the reason as a text that `status` and `log` repeat. */
  disabled?: boolean | string | undefined
}

/** True for a valid value; false, or a text that says which part of it is not. */
type Check = (value: unknown) => boolean | string
/** A check, and what it expects. */
export type Rule = readonly [check: Check, expected: string]

export const boolean: Rule = [value => typeof value === 'boolean', 'true or false']
export const baseUrl: Rule = [value => typeof value === 'string', 'a base URL']
const whole = (max: number, what: string): Rule => [
  value => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max,
  `${what} from 1 to ${max}`,
]
/** The bounds of the request's timeout. */
export const timeout: Rule = whole(60_000, 'a whole number of milliseconds')
const oneOf = (...allowed: string[]): Rule => [
  value => allowed.includes(value as string),
  `"${allowed.join('" or "')}"`,
]

/** `fetch` sets these itself, and refuses a request that sets them (undici, `lib/core/request.js`). */
const REFUSED = /^(connection|content-length|expect|keep-alive|transfer-encoding|upgrade)$/i

/** Headers that `fetch` accepts: a token as name (RFC 9110 §5.6.2), visible ASCII and spaces as value. */
export const headers: Rule = [
  value => {
    if (!isRecord(value)) return false
    for (const [name, text] of Object.entries(value)) {
      if (REFUSED.test(name)) return `${name}, which \`fetch\` sets itself and refuses`
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || typeof text !== 'string' || !/^[ -~]*$/.test(text))
        return false
    }
    return true
  },
  'header names and values',
]

const list: Check = value =>
  Array.isArray(value) && (value.every(isValue) || show(value.find(one => !isValue(one))))

const events: Check = value => {
  if (!isRecord(value)) return false
  for (const [metric, attributes] of Object.entries(value)) {
    if (!isName(metric)) return show(metric)
    if (!isRecord(attributes)) return `${metric}: ${show(attributes)}`
    const problem = attributesProblem(Object.fromEntries(Object.keys(attributes).map(key => [key, true])))
    if (problem) return `${metric}: ${problem}`
    for (const [key, values] of Object.entries(attributes)) {
      const ok = values === Boolean || list(values)
      if (ok !== true) return `${metric}.${key}: ${ok || show(values)}`
    }
  }
  return true
}

const text: Check = value => typeof value === 'string' && value !== ''

const RESERVED = ['service.name', 'service.version', 'service.instance.id', 'user.fingerprint']

const rules: Record<keyof TelemetryOptions, Rule> = {
  name: [
    value => typeof value === 'string' && isText(nameOf(value), /^[A-Za-z0-9][A-Za-z0-9_.-]*$/),
    'a letter or digit, then letters, digits, "_", "." or "-", at most 64 characters, with or without a @scope/',
  ],
  version: [
    value => isText(value, /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/),
    'a version such as "1.2.3", at most 64 characters',
  ],
  // A string here, a URL only in the decision: the user's config may hold the endpoint that is in effect.
  endpoint: baseUrl,
  commands: [list, `a list of names, each ${VALUE_RULE}`],
  events: [events, 'metrics, each with its attributes, each with Boolean or a list of its values'],
  failures: boolean,
  agents: boolean,
  headers,
  timeoutMs: timeout,
  metricName: [isName, NAME_RULE],
  temporality: oneOf('cumulative', 'delta'),
  delivery: oneOf('auto', 'detached', 'inline'),
  consent: oneOf('notice', 'explicit'),
  notice: [text, 'a text'],
  noticeVersion: whole(1e9, 'a whole number'),
  command: [value => value === false || text(value), 'how it is called, such as "trix telemetry", or false'],
  home: [
    value => typeof value === 'string' && /^(~?[/\\]|[A-Za-z]:[/\\])/.test(value),
    'an absolute path, or one that begins with "~/"',
  ],
  resourceAttributes: [
    value => attributesProblem(value) ?? !RESERVED.some(key => Object.hasOwn(value as object, key)),
    `attributes other than ${RESERVED.join(', ')}`,
  ],
  disabled: [value => typeof value === 'boolean' || typeof value === 'string', 'true, false or the reason'],
}

/** A sentence about a value that is not valid; undefined where it is. */
export function valueProblem(name: string, [check, expected]: Rule, value: unknown): string | undefined {
  const result = check(value)
  if (result === true) return undefined
  return `${name}: expected ${expected}, got ${typeof result === 'string' ? result : show(value)}`
}

/** The name by which the tool is known: `trix` for `@acme/trix`. */
export function nameOf(name: string): string {
  return name.replace(/^@[^/]*\//, '')
}

/** The first problem that makes the tool's folders unknown; undefined if they are known. */
export function homeProblem(problems: readonly string[]): string | undefined {
  return problems.find(problem => /^(options|name|home):/.test(problem))
}

/**
 * What is wrong with the options, a sentence each, naming the option and what was expected; empty when nothing is.
 * Types refuse most of it at build time, but the callers may write JavaScript.
 */
export function optionProblems(options: unknown): string[] {
  if (typeof options !== 'object' || options === null) return ['options: expected an object']
  // `name` and `version` are required.
  const given: Record<string, unknown> = { name: undefined, version: undefined, ...options }
  return Object.keys(given).flatMap(option => {
    if (Object.hasOwn(rules, option)) {
      if (given[option] === undefined && !/^(name|version)$/.test(option)) return []
      return valueProblem(option, rules[option as keyof TelemetryOptions], given[option]) ?? []
    }
    const near = Object.keys(rules).find(name => isNear(option.toLowerCase(), name.toLowerCase()))
    return `${option}: there is no such option${near ? `; did you mean ${near}?` : ''}`
  })
}
