import {
  type Attributes,
  attributesProblem,
  type EventList,
  isRecord,
  isText,
  nameProblem,
  show,
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

type Check = (value: unknown) => boolean | string | undefined

const text: Check = value => typeof value === 'string' && value !== ''
const boolean: Check = value => typeof value === 'boolean'
const oneOf =
  (...allowed: string[]): Check =>
  value =>
    allowed.includes(value as string)
const whole =
  (min: number, max: number): Check =>
  value =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max

/** `fetch` sets these itself, and refuses a request that sets them (undici, `lib/core/request.js`). */
const REFUSED = /^(connection|content-length|expect|keep-alive|transfer-encoding|upgrade)$/i

/** A request header that `fetch` accepts: a token as name (RFC 9110 §5.6.2), visible ASCII and spaces as value. */
export const headersOk: Check = value => {
  if (!isRecord(value)) return false
  for (const [name, text] of Object.entries(value)) {
    if (REFUSED.test(name)) return `${name}, which \`fetch\` sets itself and refuses`
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || typeof text !== 'string' || !/^[ -~]*$/.test(text))
      return false
  }
  return true
}

/** The bounds of the request's timeout, which the config's `timeout_ms` shares. */
export const timeoutOk: Check = whole(1, 60_000)

const valuesOk = (values: unknown): boolean | string => {
  if (!Array.isArray(values)) return false
  const wrong = values.findIndex(value => typeof value !== 'string' || attributesProblem({ value }))
  return wrong < 0 || show(values[wrong])
}

const commandsOk: Check = value => {
  const result = valuesOk(value)
  return typeof result === 'string'
    ? `${result} in it: a name is 1 to 64 of A-Z a-z 0-9 _ . : - in words with single spaces between them`
    : result
}

const eventsOk: Check = value => {
  if (!isRecord(value)) return false
  for (const [metric, attributes] of Object.entries(value)) {
    if (nameProblem(metric)) return nameProblem(metric)
    if (!isRecord(attributes)) return `${metric}: ${show(attributes)}`
    const problem = attributesProblem(Object.fromEntries(Object.keys(attributes).map(key => [key, true])))
    if (problem) return problem
    for (const [key, values] of Object.entries(attributes)) {
      const ok = values === Boolean || valuesOk(values)
      if (ok !== true) return `${metric}.${key}: ${ok || show(values)}`
    }
  }
  return true
}

/** One row per option: the check (true, or a text in place of the value), what was expected, whether it is required. */
const checks: Record<keyof TelemetryOptions, [check: Check, expected: string, required?: true]> = {
  name: [
    value => typeof value === 'string' && isText(nameOf(value), /^[A-Za-z0-9][A-Za-z0-9_.-]*$/),
    'a letter or digit, then letters, digits, "_", "." or "-", at most 64 characters, with or without a @scope/',
    true,
  ],
  version: [
    value => isText(value, /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/),
    'a version such as "1.2.3", at most 64 characters',
    true,
  ],
  // A string here, a URL only in the decision: the user's config may hold the endpoint that is in effect.
  endpoint: [value => typeof value === 'string', 'a base URL'],
  commands: [commandsOk, 'a list of command names'],
  events: [
    eventsOk,
    '{ cup_brewed: {} }, that is metrics, each with its attributes, each with Boolean or a list of its values',
  ],
  failures: [boolean, 'true or false'],
  agents: [boolean, 'true or false'],
  headers: [headersOk, 'an object of header names and values'],
  timeoutMs: [timeoutOk, 'a whole number of milliseconds from 1 to 60000'],
  metricName: [value => !nameProblem(value), 'a letter, then letters, digits, "_" or "."'],
  temporality: [oneOf('cumulative', 'delta'), '"cumulative" or "delta"'],
  delivery: [oneOf('auto', 'detached', 'inline'), '"auto", "detached" or "inline"'],
  consent: [oneOf('notice', 'explicit'), '"notice" or "explicit"'],
  notice: [text, 'a text'],
  noticeVersion: [whole(1, 1e9), 'a whole number from 1'],
  command: [value => value === false || text(value), 'how it is called, such as "trix telemetry", or false'],
  home: [
    value => typeof value === 'string' && /^(~?[/\\]|[A-Za-z]:[/\\])/.test(value),
    'an absolute path, or one that begins with "~/"',
  ],
  resourceAttributes: [
    value =>
      attributesProblem(value) ??
      !Object.keys(value as object).some(key =>
        /^(service\.(name|version|instance\.id)|user\.fingerprint)$/.test(key),
      ),
    'attributes other than service.name, service.version, service.instance.id and user.fingerprint',
  ],
  disabled: [value => typeof value === 'boolean' || typeof value === 'string', 'true, false or the reason'],
}

/** `; did you mean commands?` for an option that is begun, or one slip away: a letter more, less, other or swapped. */
function nearest(option: string): string {
  const slips = (word: string) => [word, ...[...word].map((_, at) => word.slice(0, at) + word.slice(at + 1))]
  const given = option.toLowerCase()
  const near = Object.keys(checks).find(name => {
    const known = name.toLowerCase()
    return (
      (given.length > 3 && known.startsWith(given)) || slips(known).some(slip => slips(given).includes(slip))
    )
  })
  return near ? `; did you mean ${near}?` : ''
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
  const given = options as Record<string, unknown>
  const problems: string[] = []
  for (const option of new Set(['name', 'version', ...Object.keys(given)])) {
    const rule = Object.hasOwn(checks, option) ? checks[option as keyof TelemetryOptions] : undefined
    if (!rule) {
      problems.push(`${option}: there is no such option${nearest(option)}`)
      continue
    }
    const [check, expected, required] = rule
    const value = given[option]
    const result = (value === undefined && !required) || check(value)
    if (result !== true)
      problems.push(
        `${option}: expected ${expected}, got ${typeof result === 'string' ? result : show(value)}`,
      )
  }
  return problems
}
