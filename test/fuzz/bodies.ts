import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { oddText } from './fuzz.ts'

// Bodies as senders make them, with a few faults.

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../fixtures/otlp/${name}.json`, import.meta.url), 'utf8'))

const time = { startTimeUnixNano: '1795206980883000000', timeUnixNano: '1795206980886000000' }
const attributes = [
  { key: 'command_name', value: { stringValue: 'build' } },
  { key: 'n', value: { intValue: '5' } },
  { key: 'list', value: { arrayValue: { values: [{ boolValue: true }, { doubleValue: 0.5 }] } } },
  { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { bytesValue: 'AAEC' } }] } } },
]
const exemplar = {
  timeUnixNano: '1',
  asDouble: 1,
  spanId: '0123456789abcdef',
  filteredAttributes: attributes,
}
const everyKind = {
  resourceMetrics: [
    {
      resource: { attributes, droppedAttributesCount: 0 },
      schemaUrl: 'x',
      scopeMetrics: [
        {
          scope: { name: 's', version: '1', attributes },
          metrics: [
            {
              name: 'sum',
              sum: {
                isMonotonic: true,
                aggregationTemporality: 2,
                dataPoints: [{ ...time, attributes, asInt: '3', flags: 0, exemplars: [exemplar] }],
              },
            },
            { name: 'gauge', unit: '1', gauge: { dataPoints: [{ ...time, asDouble: 0.5 }] } },
            {
              name: 'histogram',
              histogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  { ...time, count: '2', sum: 1, bucketCounts: ['1', '1'], explicitBounds: [0.5] },
                ],
              },
            },
            {
              name: 'exponential',
              exponentialHistogram: {
                aggregationTemporality: 2,
                dataPoints: [{ ...time, count: '1', scale: 1, positive: { offset: 0, bucketCounts: ['1'] } }],
              },
            },
            {
              name: 'summary',
              summary: {
                dataPoints: [{ ...time, count: '1', quantileValues: [{ quantile: 0.5, value: 1 }] }],
              },
            },
            { name: 'nothing' },
          ],
        },
      ],
    },
  ],
}
const good: unknown[] = [fixture('first'), fixture('later'), fixture('upgrade'), everyKind]

/** Few texts, so that a long run has few series. */
const text = fc.oneof(
  { weight: 1, arbitrary: oddText },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      ...[
        '',
        '0',
        '-1',
        '1e3',
        '1.5',
        'NaN',
        'Infinity',
        '18446744073709551616',
        '9'.repeat(100),
        'x'.repeat(300),
      ],
      ...[
        '\u001b[2J\u0007',
        '\u009b31m',
        '\u202e',
        '\n',
        '\u2028',
        '\ud800',
        '\u{e0041}',
        'constructor',
        '__proto__',
      ],
    ),
  },
)
/** Stands in a body for something that is nested too deep to be held or printed. */
const DEEP = /"deep (array|value) (\d+)"/g
const deep = fc.constantFrom(
  'deep array 90',
  'deep array 20000',
  'deep value 90',
  'deep value 101',
  'deep value 3000',
)

/** The body that a text of `anyBody` stands for. Its deep places are written only here, so that a report is short. */
export function expand(text: string): string {
  return text.replaceAll(DEEP, (_, kind, depth) => {
    const [open, close] = kind === 'array' ? ['[', ']'] : ['{"arrayValue":{"values":[', ']}}']
    return open!.repeat(depth) + close!.repeat(depth)
  })
}

const replacement: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 6, arbitrary: fc.constantFrom(null, true, false, 0, -1, 1.5, 1, 2, 2 ** 60, 1e308, -0, [], {}) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { toString: null },
      { valueOf: 1, toString: 1 },
      { toJSON: 1 },
      { length: '\u001b[2J' },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: deep },
)
const names = fc.oneof(
  { weight: 1, arbitrary: oddText },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      ...[
        'empty',
        'length',
        'dataPoints',
        'attributes',
        'key',
        'value',
        'name',
        'sum',
        'gauge',
        'data_points',
        'as_int',
      ],
      ...[
        'constructor',
        '__proto__',
        'toString',
        'asInt',
        'asDouble',
        'stringValue',
        'flags',
        'exemplars',
        '\u001b[2J',
      ],
    ),
  },
)
interface Mutation {
  /** Which place of the body, in ten thousandths. */
  place: number
  kind: 'replace' | 'remove' | 'add' | 'rename' | 'repeat'
  name: string
  value: unknown
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(9999),
  kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'rename', 'repeat'),
  name: names,
  value: replacement,
})

type Place = [holder: Record<string, unknown> | unknown[], key: string]

function placesOf(value: unknown, places: Place[] = []): Place[] {
  // Not into what a mutation has nested deeper than a body.
  const pending: [unknown, number][] = [[value, 0]]
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [holder, depth] = next
    if (typeof holder !== 'object' || holder === null || depth > 20) continue
    for (const [key, inner] of Object.entries(holder)) {
      places.push([holder as Record<string, unknown>, key])
      pending.push([inner, depth + 1])
    }
  }
  return places
}

function set(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function mutate(body: unknown, { place, kind, name, value }: Mutation): void {
  const places = placesOf(body)
  const found = places[Math.floor((place * places.length) / 10_000)]
  if (!found) return
  const [holder, key] = found
  const old = structuredClone((holder as Record<string, unknown>)[key])
  if (kind === 'replace') set(holder, key, value)
  else if (kind === 'remove') Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key]
  else if (Array.isArray(holder)) holder.push(old)
  else {
    if (kind === 'rename') delete holder[key]
    set(holder, name, kind === 'add' ? value : old)
  }
}

/** A good body with none to five mutations. */
const mutatedBody = fc
  .tuple(fc.constantFrom(...good), fc.array(mutation, { maxLength: 5 }))
  .map(([body, mutations]) => {
    const copy: unknown = structuredClone(body)
    // Of a copy, or a value could be put into itself.
    for (const one of mutations) mutate(copy, structuredClone(one))
    return JSON.stringify(copy)
  })

/** Such a body, or any JSON, as text for `expand`. */
export const anyBody: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: mutatedBody },
  { weight: 1, arbitrary: fc.json() },
)

export const goodBody: string = JSON.stringify(everyKind)
