import { type Attributes, attributesProblem, isRecord, isText, nameProblem, show } from './names.ts'

/** What a tool says of itself, once, before it counts anything. Only `name`, `version` and `endpoint` are usual. */
export interface TelemetryOptions {
  /** `service.name`. Also names the folders and, in UPPER_SNAKE, the environment variables: `TRIX_TELEMETRY`. */
  name: string
  /** `service.version`, for example `0.19.3`. */
  version: string
  /** Default endpoint, a base URL: `/v1/metrics` is appended to its path. The user's config and environment win. */
  endpoint?: string | undefined
  /** Headers of the request to `endpoint`. Never sent to another endpoint that a user configured. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Bound of the one request in ms, 1 to 60000. Default 2000. */
  timeoutMs?: number | undefined
  /** Name of the metric that `trackCommand` counts. Default `command_invocation`. */
  metricName?: string | undefined
  /** `delta` for Datadog, which takes no cumulative sums: what is lost stays lost. Default `cumulative`. */
  temporality?: 'cumulative' | 'delta' | undefined
  /** `detached`: a helper process sends. `inline`: this process does. Default `auto`: detached where it can work. */
  delivery?: 'auto' | 'detached' | 'inline' | undefined
  /** `explicit`: nothing before the user said yes. Default `notice`: nothing before the notice was shown. */
  consent?: 'notice' | 'explicit' | undefined
  /** Own text of the notice. */
  notice?: string | undefined
  /** A whole number from 1. Raising it shows the notice again, and sends nothing until it was seen. Default 1. */
  noticeVersion?: number | undefined
  /** One folder for config and state, absolute or beginning with `~/`, instead of the XDG folders. */
  home?: string | undefined
  /** Constant resource attributes, for example `{ 'os.type': 'linux' }`. A change of the set starts new series. */
  resourceAttributes?: Attributes | undefined
  /** True switches everything off: a `--no-telemetry` flag, a project's own setting, a test suite. */
  disabled?: boolean | undefined
}

type Check = (value: unknown) => boolean | string | undefined

const text: Check = value => typeof value === 'string' && value !== ''
const oneOf =
  (...allowed: string[]): Check =>
  value =>
    allowed.includes(value as string)
const whole =
  (min: number, max: number): Check =>
  value =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max

/** A request header that `fetch` takes: a token as name (RFC 9110 §5.6.2), visible ASCII and spaces as value. */
export const headersOk: Check = value =>
  isRecord(value) &&
  Object.entries(value).every(
    ([name, text]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof text === 'string' && /^[ -~]*$/.test(text),
  )

/** The bounds of the request's timeout, which the config's `timeout_ms` shares. */
export const timeoutOk: Check = whole(1, 60_000)

/** One row an option: whether it must be there, the check (true, or a sentence of its own), what was expected. */
const checks: Record<keyof TelemetryOptions, [check: Check, expected: string, required?: true]> = {
  name: [
    value => isText(value, /^[A-Za-z0-9][A-Za-z0-9_.-]*$/),
    'a letter or digit, then letters, digits, "_", "." or "-", at most 64 characters',
    true,
  ],
  version: [
    value => isText(value, /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/),
    'a version such as "1.2.3", at most 64 characters',
    true,
  ],
  // A string here, a URL only in the decision: the user's config may hold the endpoint that counts.
  endpoint: [value => typeof value === 'string', 'a base URL'],
  headers: [headersOk, 'an object of header names and values'],
  timeoutMs: [timeoutOk, 'a whole number of milliseconds from 1 to 60000'],
  metricName: [value => !nameProblem(value), 'a letter, then letters, digits, "_" or "."'],
  temporality: [oneOf('cumulative', 'delta'), '"cumulative" or "delta"'],
  delivery: [oneOf('auto', 'detached', 'inline'), '"auto", "detached" or "inline"'],
  consent: [oneOf('notice', 'explicit'), '"notice" or "explicit"'],
  notice: [text, 'a text'],
  noticeVersion: [whole(1, 1e9), 'a whole number from 1'],
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
  disabled: [value => typeof value === 'boolean', 'true or false'],
}

/** The problem for which it is not known whose folders they would be; undefined where there is none such. */
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
  for (const [option, [check, expected, required]] of Object.entries(checks)) {
    const value = given[option]
    if (value === undefined && !required) continue
    const result = check(value)
    if (result !== true)
      problems.push(
        `${option}: expected ${expected}, got ${typeof result === 'string' ? result : show(value)}`,
      )
  }
  for (const option of Object.keys(given)) {
    if (!Object.hasOwn(checks, option)) problems.push(`${option}: there is no such option`)
  }
  return problems
}
