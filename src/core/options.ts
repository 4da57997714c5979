import type { Attributes, EventList, Vocabulary } from './vocabulary.ts'

/**
 * The options of `initTelemetry`. A tool sets `name`, `version`, `endpoint` and `commands`; the others have defaults.
 */
export interface TelemetryOptions<Command extends string = string, Events extends EventList = EventList>
  extends Vocabulary {
  /**
   * What users type, or the name of the package: `trix`, `@acme/trix`. It becomes `service.name`, and names the folders
   * and the environment variables: `TRIX_TELEMETRY`, `ACME_TRIX_TELEMETRY`.
   */
  name: string
  /** `service.version`, for example `0.19.3`. */
  version: string
  /** Default endpoint, a base URL: `/v1/metrics` is appended to its path. The user's config and environment win. */
  endpoint?: string | undefined
  /**
   * All commands that can ever be sent. Any other is counted as `unknown`. May be computed:
   * `program.commands.map(command => command.name())`.
   */
  commands: readonly Command[]
  /**
   * All events that can ever be sent: `{ cup_brewed: { size: ['small', 'large'], decaf: Boolean } }`. Anything else is
   * not counted. Default `{}`.
   */
  events?: Events | undefined
  /**
   * Counts `command_failure` when the process ends with an exit code other than 0. `except`: exit codes that are results,
   * not failures. Default false.
   */
  failures?: boolean | { readonly except: readonly number[] } | undefined
  /** Adds the attribute `agent` where a coding agent runs the command. Default false. */
  agents?: boolean | undefined
  /**
   * Adds the resource attributes `os.type`, `host.arch`, `process.runtime.name` and the major of
   * `process.runtime.version`. Default false.
   */
  environment?: boolean | undefined
  /** Headers of the request to `endpoint`. Never sent to another endpoint that a user configured. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Time limit of the request in milliseconds, 1 to 60000. Default 2000. */
  timeoutMs?: number | undefined
  /** At most one request in so many milliseconds; the next one has all counts. At most 30 days. Default 0. */
  intervalMs?: number | undefined
  /** Name of the metric that `trackCommand` counts. Default `command_invocation`. */
  metricName?: string | undefined
  /** `detached`: a helper process sends. `inline`: this process does. Default `auto`: detached where it can work. */
  delivery?: 'auto' | 'detached' | 'inline' | undefined
  /**
   * `explicit`: nothing is counted before the user has said yes. Default `notice`: nothing before the notice was shown.
   */
  consent?: 'notice' | 'explicit' | undefined
  /** Your own first paragraph of the notice. What is sent, where to and how to switch it off always follow. */
  notice?: string | undefined
  /** A whole number from 1. If you raise it, the notice is shown or the question asked again. Default 1. */
  noticeVersion?: number | undefined
  /** A URL that explains more. The notice, the question and `status` show it. */
  policy?: string | undefined
  /**
   * How a user calls the telemetry command, for the notice and messages: `ng analytics`. Default `<name> telemetry`.
   * `false`: the tool has none, and they name the variables and the config file instead.
   */
  command?: string | false | undefined
  /** One folder for config and state, absolute or beginning with `~/`, instead of the XDG folders. */
  home?: string | undefined
  /** Constant resource attributes, for example `{ channel: 'beta' }`. A change of the set starts new series. */
  resourceAttributes?: Attributes | undefined
  /** Switches everything off: true, or the reason, which `status` and `log` show. */
  disabled?: boolean | string | undefined
}

/** How a user calls the telemetry command; undefined where the tool has none. */
export function telemetryCommandOf({ name, command }: TelemetryOptions): string | undefined {
  return command === false ? undefined : (command ?? `${name.replace(/^@[^/]*\//, '')} telemetry`)
}

/**
 * True for a flag and for the telemetry command. A hook that runs for every command also runs for these, but nobody
 * should be counted for managing telemetry.
 */
export function isNeverCounted(name: string, { name: tool, command }: TelemetryOptions): boolean {
  if (/^(-|telemetry([ :.]|$))/.test(name)) return true
  // `analytics` of `ng analytics`.
  const [, subcommand = ''] = command ? (/^\S+ (.+)$/.exec(command) ?? []) : []
  if (!subcommand) return false
  return name === subcommand || name.startsWith(`${subcommand} `) || name === `${tool} ${subcommand}`
}
