import { printable } from '../terminal/printable.ts'
import { type Attribute, isDelta, type Metric, metricsOf, named, type Point } from './metrics-of.ts'

/** A field, and what it is for. */
export type Row = readonly [field: string, sentence: string]

/** A stranger's body can have any number of fields. */
const MAX_ROWS = 100

/** A sentence for each field that is in a body without errors, safe to print: what it is for. */
export function meaning(body: unknown): Row[] {
  const found = metricsOf(body)
  const name = named('service.name', found[0]?.resource ?? []) || 'the sender'
  const sentences = new Map(Object.entries(sentencesOf(name)))
  const of = ({ key }: Attribute): Row => [
    printable(key),
    sentences.get(key) ?? `a word or a yes/no that ${name} has chosen`,
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
  const rows: Row[] = [
    ...found.flatMap(({ resource }) => resource.map(of)),
    ...(found.length ? [['scope', 'the library that counts'] as Row] : []),
    ...found.flatMap(({ metric }) => measured(metric, name)),
    ...points.flatMap(({ attributes }) => (attributes ?? []).map(of)),
    ...values.filter(([field]) => points.some(point => (point[field] ?? null) !== null)),
  ]
  // Of many resources and points each key once.
  return [...new Map(rows)].slice(0, MAX_ROWS)
}

/** The members of a metric beside its points. */
function measured(metric: Metric, name: string): Row[] {
  const { sum, description, unit } = metric
  const what = sum ? `what is counted: something that happened in ${name}` : `what is measured in ${name}`
  const members: [string, unknown, string][] = [
    ['description', description, 'the same in words, for whoever looks at it in a backend'],
    ['unit', unit, 'what one of them is'],
    [
      'aggregationTemporality',
      sum?.aggregationTemporality,
      isDelta(sum)
        ? '1: each number is what was added since the one before'
        : '2: each number is the total so far',
    ],
    ['isMonotonic', sum?.isMonotonic, 'true: it only ever grows'],
  ]
  return [
    [printable(metric.name), what],
    ...members
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([field, , said]): Row => [field, said]),
  ]
}

function sentencesOf(name: string): Record<string, string> {
  return {
    'service.name': `${name}: which tool is counted`,
    'service.version': `the version of ${name}: shows how many still use an old one`,
    'service.instance.id':
      'a random id of this version on this machine: keeps your counts apart from those of others',
    'user.fingerprint':
      'a random id of this installation: tells a thousand people from one who runs it a thousand times',
    command_name: 'which command; never its arguments',
    agent: 'the coding agent that ran the command; absent where a person did',
  }
}
