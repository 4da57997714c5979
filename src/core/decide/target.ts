import type { TelemetryOptions } from '../options.ts'
import type { Config } from './config.ts'
import { kindsOf, type Terms } from './consent.ts'
import { parseEndpoint } from './endpoint.ts'
import { environmentPrefix } from './environment.ts'
import type { Environment } from './folders.ts'

/** The endpoint as it was set, and who set it. */
export interface ChosenEndpoint {
  endpoint: string | undefined
  source: 'environment' | 'config' | 'tool'
}

/** Where the counts go, once row 10 is passed. */
export interface Target extends Terms {
  url: string
  /** On this machine, so that nothing leaves it. */
  local: boolean
  /** The tool or the user's config names this very URL. */
  trusted: boolean
  source: ChosenEndpoint['source']
  headers: Readonly<Record<string, string>>
  timeoutMs: number
}

/** The endpoint that is in effect: the environment's, else the config's, else the tool's. */
export function endpointOf(options: TelemetryOptions, env: Environment, config: Config): ChosenEndpoint {
  const given = env[`${environmentPrefix(options.name)}_TELEMETRY_ENDPOINT`]
  if (given) return { endpoint: given, source: 'environment' }
  const source = config.endpoint === undefined ? 'tool' : 'config'
  return { endpoint: config.endpoint ?? options.endpoint, source }
}

/**
 * Where the counts go; undefined if the endpoint is not an http(s) URL. The tool's headers are sent only to the tool's
 * endpoint, the config's only to the config's: a token never reaches another server.
 */
export function targetOf(
  options: TelemetryOptions,
  config: Config,
  { endpoint, source }: ChosenEndpoint,
): Target | undefined {
  const parsed = endpoint ? parseEndpoint(endpoint) : undefined
  if (!parsed) return undefined
  const named = [options, config].filter(
    ({ endpoint }) => endpoint && parseEndpoint(endpoint)?.url === parsed.url,
  )
  const headers: Record<string, string> = {}
  for (const { headers: given = {} } of named)
    for (const name of Object.keys(given)) headers[name.toLowerCase()] = given[name]!
  // The `.env` file of a repository can set the environment, and its endpoint may belong to another customer of the
  // same service. So for such an endpoint the user agrees to the whole URL, not only to its origin.
  const trusted = named.length > 0
  return {
    ...parsed,
    source,
    headers,
    trusted,
    origin: trusted ? parsed.origin : parsed.url,
    noticeVersion: options.noticeVersion ?? 1,
    kinds: kindsOf(options),
    timeoutMs: config.timeout_ms ?? options.timeoutMs ?? 2000,
  }
}
