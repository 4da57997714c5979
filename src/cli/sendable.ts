import { AGENTS } from '../core/agent.ts'
import type { Target } from '../core/decide/target.ts'
import { ADDED_HEADERS, REQUEST_HEADERS } from '../core/deliver/job.ts'
import type { TelemetryOptions } from '../core/options.ts'
import { COMMAND_METRIC, FAILURE_METRIC, UNKNOWN } from '../core/vocabulary.ts'
import { describe } from '../helper/body.ts'

/** All values of an attribute, or the name of their form. */
export type Values = readonly (string | boolean)[] | string

/** Everything that a tool can ever send, as `preview --all --json` prints it. Field names are stable. */
export interface Sendable {
  name: string
  version: string
  /** Null if there is no endpoint. */
  url: string | null
  /** The names of all headers of a request. */
  headers: readonly string[]
  /** The resource attributes by key. */
  resource: Readonly<Record<string, Values>>
  /** By name, each with the attributes of its points. */
  metrics: Readonly<Record<string, { unit: string; attributes: Readonly<Record<string, Values>> }>>
}

// The values of `environment: true` (see core/runtime-attributes.ts), with the names of semantic conventions 1.44.
const OS_TYPES = [
  ...[
    'aix',
    'android',
    'cygwin',
    'darwin',
    'freebsd',
    'haiku',
    'linux',
    'netbsd',
    'openbsd',
    'solaris',
    'windows',
  ],
]
const ARCHES = [
  ...[
    'amd64',
    'arm32',
    'arm64',
    'loong64',
    'mips',
    'mipsel',
    'ppc',
    'ppc64',
    'riscv64',
    's390',
    's390x',
    'x86',
  ],
]

export function sendableOf(options: TelemetryOptions, target: Target | undefined): Sendable {
  const { name, version, environment, resourceAttributes = {} } = options
  const constants = Object.entries(resourceAttributes).map(([key, value]) => [key, [value]])
  return {
    ...{ name, version, url: target?.url ?? null },
    headers: [...new Set([...REQUEST_HEADERS, ...Object.keys(target?.headers ?? {}), ...ADDED_HEADERS])],
    resource: {
      'service.name': [name],
      'service.version': [version],
      'service.instance.id': 'uuid',
      'user.fingerprint': '64 hex digits',
      ...(environment && {
        'os.type': OS_TYPES,
        'host.arch': ARCHES,
        'process.runtime.name': ['bun', 'deno', 'nodejs'],
        'process.runtime.version': 'whole number',
      }),
      ...Object.fromEntries(constants),
    },
    metrics: metricsOf(options),
  }
}

function metricsOf({ name, metricName = COMMAND_METRIC, ...options }: TelemetryOptions): Sendable['metrics'] {
  const { commands, events = {}, failures, agents } = options
  const ofCommands: Record<string, Values> = {
    command_name: [...new Set([...commands, UNKNOWN])],
    ...(agents && { agent: AGENTS }),
  }
  const metrics: [string, Record<string, Values>][] = [
    [metricName, ofCommands],
    ...(failures ? [[FAILURE_METRIC, ofCommands] as [string, Record<string, Values>]] : []),
    ...Object.entries(events).map(([metric, attributes]): [string, Record<string, Values>] => [
      metric,
      Object.fromEntries(
        Object.entries(attributes).map(([key, values]) => [
          key,
          Array.isArray(values) ? [...(values as readonly string[])] : [true, false],
        ]),
      ),
    ]),
  ]
  return Object.fromEntries(
    metrics.map(([metric, attributes]) => [
      metric,
      { unit: describe(metric, metricName, name).unit, attributes },
    ]),
  )
}
