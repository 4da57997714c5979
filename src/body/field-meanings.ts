import { printable } from '../terminal/printable.ts'
import { type Attribute, isDelta, type Metric, metricsOf, named, type Point } from './metrics-of.ts'

/** A field, and what it is for. */
export type FieldMeaning = readonly [field: string, sentence: string]

/** A body can have any number of fields. */
const MAX_FIELDS = 100

/** What each field of a body is for. The body has no errors; the sentences are safe to print. */
export function fieldMeanings(body: unknown): FieldMeaning[] {
  const found = metricsOf(body)
  const name = named('service.name', found[0]?.resource ?? []) || 'the sender'
  const sentences = new Map(Object.entries(isOurs(body) ? ourSentences(name) : anySentences(name)))
  const of = ({ key }: Attribute): FieldMeaning => [
    printable(key),
    sentences.get(key) ?? `an attribute that ${name} has set`,
  ]
  const points = found.flatMap(({ metric }) => metric.sum?.dataPoints ?? [])
  const value = found.some(({ metric }) => isDelta(metric.sum))
    ? 'how often since startTimeUnixNano; if a request is lost, its count is lost'
    : 'total so far; if a request is lost, the next one includes it'
  const values: [keyof Point, string][] = [
    [
      'startTimeUnixNano',
      'counted from this time on, in nanoseconds since 1970; a backend needs it to count right',
    ],
    ['timeUnixNano', 'counted up to this time'],
    ['asInt', value],
    ['asDouble', value],
  ]
  const meanings: FieldMeaning[] = [
    ...found.flatMap(({ resource }) => resource.map(of)),
    ...(found.length ? [['scope', 'the library that measures'] as FieldMeaning] : []),
    ...found.flatMap(({ metric }) => metricMeanings(metric, name)),
    ...points.flatMap(({ attributes }) => (attributes ?? []).map(of)),
    ...values.filter(([field]) => points.some(point => (point[field] ?? null) !== null)),
  ]
  // Each key once, however many resources and points have it.
  return [...new Map(meanings)].slice(0, MAX_FIELDS)
}

/** Whether this library has made the body: only then its ids are what these sentences say. */
function isOurs(body: unknown): boolean {
  const { resourceMetrics } = body as {
    resourceMetrics?: { scopeMetrics?: { scope?: { name?: unknown } | null }[] | null }[] | null
  }
  const scopes = (resourceMetrics ?? []).flatMap(({ scopeMetrics }) => scopeMetrics ?? [])
  return scopes.length > 0 && scopes.every(({ scope }) => scope?.name === 'otlp-tally')
}

/** The members of a metric, without its points. */
function metricMeanings(metric: Metric, name: string): FieldMeaning[] {
  const { sum, description, unit } = metric
  const what = sum?.isMonotonic
    ? `what is counted: something that happened in ${name}`
    : `what is measured in ${name}`
  const members: [string, unknown, string][] = [
    ['description', description, 'the same in words, for people who see it in a backend'],
    ['unit', unit, 'what one of them is'],
    [
      'aggregationTemporality',
      sum?.aggregationTemporality,
      isDelta(sum)
        ? '1: each number is what was added since the one before'
        : '2: each number is the total so far',
    ],
    ['isMonotonic', sum?.isMonotonic, sum?.isMonotonic ? 'true: it only ever grows' : 'false: it may fall'],
  ]
  return [
    [printable(metric.name), what],
    ...members
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([field, , sentence]): FieldMeaning => [field, sentence]),
  ]
}

function ourSentences(name: string): Record<string, string> {
  return {
    'service.name': 'which tool is counted',
    'service.version': `the version of ${name}: shows how many still use an old one`,
    'service.instance.id':
      'a random id of this version on this machine: keeps your counts apart from those of others',
    'user.fingerprint':
      'a random id of this installation: tells a thousand people from one who runs it a thousand times',
    command_name: 'which command; never its arguments',
    agent: 'the coding agent that was detected; absent where none was',
    'os.type': 'the operating system: which ones are in use',
    'host.arch': 'the processor: which ones are in use',
    'process.runtime.name': 'what runs the tool: which runtimes are in use',
    'process.runtime.version': 'its major version: which of them may be dropped',
  }
}

/** By the semantic conventions of OpenTelemetry, for any other sender. */
function anySentences(name: string): Record<string, string> {
  return {
    'service.name': `${name}: what sends this`,
    'service.version': `the version of ${name}`,
    'service.instance.id': `tells this instance of ${name} from others`,
    'telemetry.sdk.name': 'the library that sends this',
    'telemetry.sdk.language': 'the language that this library is for',
    'telemetry.sdk.version': 'the version of this library',
  }
}
