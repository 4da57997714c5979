import type { TelemetryOptions } from '../options.ts'
import type { Config, ConfigProblem } from './config.ts'
import { metricsUrl } from './endpoint.ts'
import type { Environment, Folders } from './folders.ts'
import type { Notice } from './notice.ts'

/** All that a decision depends on. What costs a system call is a function, asked only when a row needs it. */
export interface Facts {
  options: TelemetryOptions
  /** Of the environment variables: `TRIX` for `TRIX_TELEMETRY`. */
  prefix: string
  env: Environment
  /** This runtime cannot do it, or would have to ask the user for permission. Then nothing else is looked at. */
  denied: string | undefined
  disabled: boolean | string
  /** What is wrong with the options of `initTelemetry`. */
  problems: () => readonly string[]
  /** Where the tool's files are. Undefined where there is no home. */
  folders: () => Folders | undefined
  /** Why nothing may be written to the state folder. */
  stateProblem: () => string | undefined
  config: () => Config | ConfigProblem
  noticeSeen: (notice: Notice) => boolean
  /** Shows the notice if it can; whatever it answers, this run stays off. */
  showNotice: (notice: Notice) => boolean
}

/** `on`: count and send. `local`: count, never send. `log`: print what would be sent. `off`: nothing. */
export type Mode = 'on' | 'local' | 'log' | 'off'

export interface Decision {
  mode: Mode
  /** The row of the table in docs/decision.md that decided. */
  rule: number
  /** The user said yes, in the environment or in the config; a notice that was shown is not that. */
  explicit: boolean
  /** Extra detail for the reason: a system error, or that the notice was shown in this run. */
  detail?: string
}

/** The endpoint that is in effect. */
export interface Endpoint {
  endpoint: string | undefined
  /** Where the POST goes; undefined where the endpoint is not an http(s) URL. */
  url: string | undefined
  /** Who set it. */
  source: 'environment' | 'config' | 'tool'
}

const off = (rule: number): Decision => ({ mode: 'off', rule, explicit: false })

/**
 * Decides by the table in docs/decision.md, the first row that matches. Reads what the facts read, writes nothing but
 * the notice, never throws. `TRIX_TELEMETRY=on|log|local` only skips rows 7, 8 and 11 to 14, so it answers after row
 * 10.
 */
export function decide(facts: Facts): Decision {
  const { denied, env, options, prefix } = facts
  if (denied) return off(0)
  const asked = wordOf(env[`${prefix}_TELEMETRY`])
  // The cheap rows first: an opt-out by the environment touches nothing else. All of these say off.
  const early = optOut(facts, asked)
  if (early) return early
  if (facts.problems().length) return off(0)
  try {
    if (facts.stateProblem()) return off(5)
    const config = facts.config()
    if ('problem' in config) return off(6)
    if (!asked && config.enabled === false) return off(7)
    if (asked === 'local') return { mode: 'local', rule: 4, explicit: true }
    // Where `on` would send nothing, `log` prints that, and counts nothing either.
    if (config.air_gapped) return asked === 'log' ? off(9) : { mode: 'local', rule: 9, explicit: true }
    const endpoint = endpointOf(facts, config)
    if (!endpoint.url) return off(10)
    if (asked) return { mode: asked, rule: 4, explicit: true }
    if (config.enabled) return { mode: 'on', rule: 11, explicit: true }
    if (options.consent === 'explicit') return off(12)
    const notice = noticeOf(options, endpoint)
    if (facts.noticeSeen(notice)) return { mode: 'on', rule: 14, explicit: false }
    return facts.showNotice(notice) ? { ...off(13), detail: 'the notice was shown in this run' } : off(13)
  } catch (error) {
    // A state folder that cannot be entered, a notice mark that is a folder: what is not known means off.
    return { ...off(5), detail: (error as Error).message }
  }
}

/** Rows 1 to 4 and 8, for which nothing is read but the environment. */
export function optOut(
  { disabled, env }: Pick<Facts, 'disabled' | 'env'>,
  asked: Mode | undefined,
): Decision | undefined {
  if (env[HELPER_VARIABLE] !== undefined) return off(1)
  if (disabled !== false) return off(2)
  if (isSet(env.DO_NOT_TRACK)) return off(3)
  if (asked === 'off') return off(4)
  return !asked && isSet(env.CI) ? off(8) : undefined
}

/** Holds the request of the helper process, and marks it: it delivers, and must never count or start a helper. */
export const HELPER_VARIABLE = 'OTLP_TALLY_HELPER'

/** What the tool's own variable asks for. Any value that is not understood means off. */
export function wordOf(value: string | undefined): Mode | undefined {
  switch (value?.trim().toLowerCase()) {
    case undefined:
      return undefined
    case 'on':
    case '1':
    case 'true':
    case 'yes':
      return 'on'
    case 'local':
      return 'local'
    case 'log':
      return 'log'
    default:
      return 'off'
  }
}

/** How `DO_NOT_TRACK` and `CI` are read: set to anything but empty, `0` and `false`. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && !/^(|0|false)$/i.test(value.trim())
}

/** The config where it is valid, an empty one where it is not: then row 6 has answered. */
export function settingsOf(facts: Facts): Config {
  const config = facts.config()
  return 'problem' in config ? {} : config
}

/** Which endpoint is in effect, and who set it. */
export function endpointOf({ env, options, prefix }: Facts, config: Config): Endpoint {
  const given = env[`${prefix}_TELEMETRY_ENDPOINT`]
  const endpoint = given || (config.endpoint ?? options.endpoint)
  const source = given ? 'environment' : config.endpoint !== undefined ? 'config' : 'tool'
  return { endpoint, url: endpoint ? metricsUrl(endpoint) : undefined, source }
}

/**
 * The headers that go to it, with names in lower case. They stay with the endpoint that they were set for: the tool's
 * with the tool's, the config's with the config's (or the tool's, where the config names none), and an endpoint from
 * the environment gets neither, so that a token never reaches a server that it was not made for.
 */
export function headersOf(
  { options }: Facts,
  config: Config,
  source: Endpoint['source'],
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const from of [source === 'tool' && options.headers, source !== 'environment' && config.headers]) {
    if (from) for (const name in from) headers[name.toLowerCase()] = from[name]!
  }
  return headers
}

/** What the user has to have seen before anything is sent. */
function noticeOf({ name, noticeVersion = 1 }: TelemetryOptions, { endpoint, source }: Endpoint): Notice {
  // A user who set another endpoint already knows where the counts go.
  const host = source === 'tool' ? hostOf(endpoint!) : undefined
  return { name, version: noticeVersion, host, endpoint: endpoint! }
}

/** The host of an endpoint, without what would differ between two ways to write it. */
function hostOf(endpoint: string): string {
  return (/^[a-z]+:\/\/([^/?#]+)/i.exec(endpoint)?.[1] ?? '').toLowerCase()
}
