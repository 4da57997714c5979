import type { Row } from '../core/rows.ts'
import { printable } from '../terminal/printable.ts'
import { type Attribute, isDelta, type Metric, metricsOf, named, type Point } from './metrics-of.ts'

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
    ? 'how often since startTimeUnixNano: a number that is lost on the way stays lost'
    : 'how often, in all: a number that is lost on the way is in the next one'
  const values: [keyof Point, string][] = [
    [
      'startTimeUnixNano',
      'since when it is counted, in nanoseconds: a backend cannot count right without it',
    ],
    ['timeUnixNano', 'up to when it is counted'],
    ['asInt', value],
    ['asDouble', value],
  ]
  const rows: Row[] = [
    ...found.flatMap(({ resource }) => resource.map(of)),
    ...(found.length ? [['scope', 'which library has measured'] as Row] : []),
    ...found.map(({ metric }) => measured(metric, name)),
    ...points.flatMap(({ attributes }) => (attributes ?? []).map(of)),
    ...values.filter(([field]) => points.some(point => (point[field] ?? null) !== null)),
  ]
  // Of many resources and points each key once.
  return [...new Map(rows)].slice(0, MAX_ROWS)
}

function measured({ name: metric, sum }: Metric, name: string): Row {
  const what = sum ? `what is counted: something that happened in ${name}` : `what is measured in ${name}`
  return [printable(metric), what]
}

function sentencesOf(name: string): Record<string, string> {
  return {
    'service.name': `${name}: which tool is counted`,
    'service.version': `the version of ${name}: to see how many still use an old one`,
    'service.instance.id':
      'a random id of this version on this machine: keeps your counts from being mixed with those of others',
    'user.fingerprint':
      'a random id of this installation, made once: to tell a thousand people from one who runs it a thousand times',
    command_name: 'which command; never what was written behind it',
  }
}
