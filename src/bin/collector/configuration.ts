import { largestBody } from './largest-body.ts'
import type { Preview, Value } from './preview.ts'

/** A log of 16 MiB has fewer records, so no series of a real installation exceeds this. */
const MAX_VALUE = 1_000_000
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
/** A pattern, because a new release must not need a new configuration. */
const SEMVER = String.raw`^\d{1,4}\.\d{1,4}\.\d{1,4}(-[0-9A-Za-z.-]{1,24})?$`
const OTHER_VERSION = '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}$'
/** The version of a runtime. */
const NUMBERS = String.raw`^\d{1,3}(\.\d{1,4}){0,2}$`

/**
 * The part of a Collector's configuration that belongs to one tool, as YAML: two processors that accept only what the tool
 * can send. A point with an unknown attribute is dropped as a whole: without the attribute its series would be merged with
 * another one.
 */
export function configuration(preview: Preview): string {
  const { name, version, resource, metrics } = preview
  const service = resource['service.name']
  const names = Array.isArray(service) ? service : [name]
  const optional = Object.entries(resource).filter(([key]) => !REQUIRED.includes(key))
  const perMetric = Object.entries(metrics).map(([metric, { attributes }]) =>
    conditionsOf(metric, attributes),
  )
  return `# All that ${printable(`${name} ${version}`)} can send, made by \`otlp-tally collector\` of what
# \`${printable(name)} telemetry preview --all --json\` prints. Make it again when a command, an event or a value is added.
# The largest body of one version has ${largestBody(preview)} bytes (client_max_body_size in nginx.conf).
processors:
  # Drops what meets one of these conditions. A request on which a condition fails with an error is refused.
  filter/tool:
    error_mode: propagate
    metric_conditions:
${lines([
  `not ${isOneOf('resource.attributes["service.name"]', names)}`,
  isNot('resource.attributes["service.version"]', SEMVER_LIKE.test(version) ? SEMVER : OTHER_VERSION),
  isNot('resource.attributes["service.instance.id"]', UUID),
  isNot('resource.attributes["user.fingerprint"]', '^[0-9a-f]{64}$'),
  `IsMatch(Keys(resource.attributes), ${text(duplicateOf([...REQUIRED, ...optional.map(([key]) => key)]))})`,
  'metric.type != METRIC_DATA_TYPE_SUM',
  `not ${isOneOf('metric.name', Object.keys(metrics))}`,
  'metric.aggregation_temporality != AGGREGATION_TEMPORALITY_CUMULATIVE or metric.is_monotonic != true',
  `datapoint.value_double != 0.0 or datapoint.value_int < 0 or datapoint.value_int > ${MAX_VALUE}`,
  'datapoint.flags != 0 or Len(datapoint.exemplars) > 0',
  'datapoint.time > Now() + Duration("10m") or datapoint.time < Now() - Duration("9600h")',
  'datapoint.start_time > datapoint.time or datapoint.start_time < Now() - Duration("19200h")',
  ...perMetric.flat(),
])}
  # Replaces every text that the sender could choose.
  transform/tool:
    error_mode: propagate
    metric_statements:
${lines([
  `keep_keys(resource.attributes, ${list([...REQUIRED, ...optional.map(([key]) => key)])})`,
  ...optional.map(([key, values]) => {
    const attribute = `resource.attributes[${text(key)}]`
    const wrong =
      typeof values === 'string' || key.endsWith('.version')
        ? isNot(attribute, NUMBERS)
        : `not ${isOneOf(attribute, values)}`
    return `delete_key(resource.attributes, ${text(key)}) where ${wrong}`
  }),
  'set(resource.schema_url, "")',
  'set(scope.schema_url, "")',
  'set(scope.name, "otlp-tally")',
  'set(scope.version, "")',
  'keep_keys(scope.attributes, [])',
  'set(metric.description, "")',
  ...Object.entries(metrics).map(
    ([metric, { unit }]) => `set(metric.unit, ${text(unit)}) where metric.name == ${text(metric)}`,
  ),
])}
`
}

const REQUIRED = ['service.name', 'service.version', 'service.instance.id', 'user.fingerprint']
const SEMVER_LIKE = /^\d{1,4}\.\d{1,4}\.\d{1,4}(-[0-9A-Za-z.-]{1,24})?$/

/** Conditions for points to drop: an attribute has a value that is not listed, or is not listed itself. */
function conditionsOf(metric: string, attributes: Record<string, readonly Value[]>): string[] {
  const when = `metric.name == ${text(metric)} and`
  // The sorted keys as JSON. A key that occurs twice does not match.
  const keys = Object.keys(attributes)
    .sort()
    .map(key => `(${quoted(key)},?)?`)
    .join('')
  return [
    ...Object.entries(attributes).map(([key, values]) => {
      const attribute = `datapoint.attributes[${text(key)}]`
      const there =
        key === 'command_name' ? '' : `ContainsValue(Keys(datapoint.attributes), ${text(key)}) and `
      return `${when} ${there}not ${isOneOf(attribute, values)}`
    }),
    `${when} not IsMatch(Sort(Keys(datapoint.attributes)), ${text(`^\\[${keys}\\]$`)})`,
  ]
}

/** A pattern for a key that occurs twice, of which a store would keep one value. */
function duplicateOf(keys: readonly string[]): string {
  return keys.map(key => `${quoted(key)}.*${quoted(key)}`).join('|')
}

/** A key as JSON, escaped for a regular expression. */
function quoted(key: string): string {
  return `"${key.replace(/[^\w-]/g, '[$&]')}"`
}

function isOneOf(path: string, values: readonly Value[]): string {
  return `ContainsValue(${list(values)}, ${path})`
}

function isNot(path: string, pattern: string): string {
  return `not IsString(${path}) or not IsMatch(${path}, ${text(pattern)})`
}

function list(values: readonly Value[]): string {
  return `[${values.map(value => (typeof value === 'string' ? text(value) : `${value}`)).join(', ')}]`
}

/** A string literal of OTTL. */
function text(value: string): string {
  return JSON.stringify(value)
}

/** A YAML list. `$` is doubled, because the Collector replaces `$NAME` by a variable of its environment. */
function lines(items: readonly string[]): string {
  return items.map(item => `      - '${item.replaceAll('$', '$$$$').replaceAll("'", "''")}'`).join('\n')
}

/** For a comment in YAML. */
function printable(name: string): string {
  return name.replace(/[^ -~]/g, '?')
}
