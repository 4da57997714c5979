import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ValueType } from '@opentelemetry/api'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Attributes } from '../src/core/vocabulary.ts'
import { encodeMetrics, type Point } from '../src/helper/metrics.ts'
import { decodeBinary, same, strictDecode } from './strict-decode.ts'

interface Input {
  resource: Attributes
  points: Point[]
  temporality: 'cumulative' | 'delta' | undefined
  metricName?: string | undefined
}

const resource = {
  'service.name': 'trix',
  'service.version': '0.19.3',
  'service.instance.id': '0b9f2c1e-4a57-4c3d-9e11-6a2f0d6f3b58',
  'user.fingerprint': '5f1c2c0f9a7e4b6d8c3a1e0f2d4b6a8c5f1c2c0f9a7e4b6d8c3a1e0f2d4b6a8c',
}
const build = { metric: 'command_invocation', attributes: { command_name: 'build' } }
const start = 1795206980883

/** What lies beside the definition in `fixtures/otlp`, by the name of the file. */
const golden: Record<string, Input> = {
  // The invocation that begins a series: zero first, in the same body.
  first: {
    resource,
    temporality: 'cumulative',
    points: [
      { ...build, start, time: start + 1, value: 0 },
      { ...build, start, time: start + 2, value: 1 },
    ],
  },
  // Any later one: every series of the stream, each once, two metrics.
  snapshot: {
    resource: { ...resource, 'os.type': 'linux', 'host.ci': false },
    temporality: 'cumulative',
    points: [
      { ...build, start, time: start + 86_400_000, value: 412 },
      {
        metric: 'safety_triggered',
        attributes: { risk_level: 'high', blocked: true },
        start: start + 1234,
        time: start + 86_400_000,
        value: 3,
      },
      {
        ...build,
        attributes: { command_name: 'db migrate' },
        start: start + 7,
        time: start + 86_400_000,
        value: 9_007_199_254_740_991,
      },
      { metric: 'update_found', attributes: {}, start, time: start + 86_400_000, value: 1 },
    ],
  },
  delta: {
    resource,
    temporality: 'delta',
    points: [{ ...build, start, time: start + 250, value: 2 }],
  },
}

const encode = ({ resource, points, temporality, metricName }: Input) =>
  encodeMetrics(resource, points, { name: 'trix', temporality, metricName })

/** How a metric of trix is described. */
function described(metric: string, metricName = 'command_invocation'): { unit: string; description: string } {
  if (metric === metricName) return { unit: '{invocation}', description: 'Invocations of trix by command.' }
  if (metric === 'command_failure')
    return { unit: '{invocation}', description: 'Failed invocations of trix by command.' }
  return { unit: '{event}', description: 'Events of trix.' }
}

const folder = join(import.meta.dirname, '../fixtures/otlp')
test('every golden body has its input here', () => {
  const names = readdirSync(folder).filter(name => name.endsWith('.json'))
  expect(names.sort()).toEqual(
    Object.keys(golden)
      .map(name => `${name}.json`)
      .sort(),
  )
})

test.each(Object.entries(golden))(
  'the body "%s" is what lies in fixtures/otlp, byte for byte',
  async (name, input) => {
    const body = encode(input)
    // Indented in the file for people to read, without a blank on the wire. `vitest -u` writes the files anew.
    const indented = `${JSON.stringify(JSON.parse(body), null, 2)}\n`
    await expect(indented).toMatchFileSnapshot(join(folder, `${name}.json`))
    expect(body).toBe(JSON.stringify(JSON.parse(body)))
  },
)

test.each(Object.entries(golden))('the body "%s" is in the form that OTLP asks for', (_name, input) => {
  expect(() => strictDecode(JSON.parse(encode(input)))).not.toThrow()
})

/** The same data as the OpenTelemetry SDK has it in memory. */
function asSdk({ resource, points, temporality, metricName }: Input): ResourceMetrics {
  const names = [...new Set(points.map(({ metric }) => metric))]
  const hrTime = (ms: number, nanos = 0): [number, number] => [
    Math.floor(ms / 1000),
    (ms % 1000) * 1_000_000 + nanos,
  ]
  return {
    resource: resourceFromAttributes(resource),
    scopeMetrics: [
      {
        scope: { name: 'otlp-tally' },
        metrics: names.map(name => ({
          descriptor: { name, ...described(name, metricName), valueType: ValueType.INT },
          aggregationTemporality:
            temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: points
            .filter(({ metric }) => metric === name)
            .map(({ attributes, start, time, nanos, value }) => ({
              attributes,
              startTime: hrTime(start),
              endTime: hrTime(time, nanos),
              value,
            })),
        })),
      },
    ],
  }
}

/** The SDK writes a count as a number, which OTLP does not ask for, and one zero that may as well be left out. */
function sdkJson(input: Input): unknown {
  const json = new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(asSdk(input)))
  return JSON.parse(json, (key, value) => {
    if (key === 'asInt') return String(value)
    return key === 'droppedAttributesCount' && value === 0 ? undefined : value
  })
}

function agreesWithSdk(input: Input): void {
  const ours = JSON.parse(encode(input))
  expect(ours).toEqual(sdkJson(input))
  const binary = decodeBinary(ProtobufMetricsSerializer.serializeRequest(asSdk(input))!)
  expect(same(strictDecode(ours), binary)).toBe(true)
}

test.each(Object.entries(golden))(
  'the OpenTelemetry SDK says the body "%s" in the same words',
  (_name, input) => {
    agreesWithSdk(input)
  },
)

test.each(['README.md', 'docs/TELEMETRY.md'])('the body that %s shows is one', name => {
  const text = readFileSync(join(import.meta.dirname, '..', name), 'utf8')
  const [, body] = /^```json\n([\s\S]*?)^```$/m.exec(text)!
  const { resourceMetrics } = JSON.parse(body!)
  expect(() => strictDecode({ resourceMetrics })).not.toThrow()
  const keys = resourceMetrics[0].resource.attributes.map(({ key }: { key: string }) => key)
  expect(keys).toEqual(Object.keys(resource))
})

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ']
const name = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...letters, ...'0123456789_.'), maxLength: 63 }),
  )
  .map(([first, rest]) => first + rest)
const word = fc.string({
  unit: fc.constantFrom(...letters, ...'0123456789_.:-'),
  minLength: 1,
  maxLength: 20,
})
const value = fc.oneof(
  fc.array(word, { minLength: 1, maxLength: 3 }).map(words => words.join(' ')),
  fc.boolean(),
)
// `__proto__` cannot come up: a key begins with a letter.
const attributes = fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true })
const points = fc.array(
  fc.record({
    metric: fc.oneof(fc.constantFrom('command_invocation', 'command_failure', 'safety_triggered'), name),
    attributes,
    start: fc.integer({ min: 1, max: 2e12 }),
    time: fc.integer({ min: 2, max: 4e12 }),
    nanos: fc.integer({ min: 0, max: 999_999 }),
    value: fc.maxSafeNat(),
  }),
  { minLength: 1, maxLength: 20 },
)

test('whatever may be counted is said as the OpenTelemetry SDK says it, in JSON and in protobuf', () => {
  const temporality = fc.constantFrom('cumulative', 'delta', undefined)
  const metricName = fc.constantFrom(undefined, 'safety_triggered', 'command_failure')
  fc.assert(
    fc.property(fc.record({ resource: attributes, points, temporality, metricName }), agreesWithSdk),
    {
      numRuns: 300,
    },
  )
})

test('a value that was changed is noticed by the comparison', () => {
  const input = golden.snapshot!
  const binary = decodeBinary(ProtobufMetricsSerializer.serializeRequest(asSdk(input))!)
  for (const change of [
    { value: 2 },
    { start: start - 1 },
    { time: start + 1 },
    { nanos: 1 },
    { attributes: {} },
  ]) {
    const points = input.points.with(0, { ...input.points[0]!, ...change })
    expect(same(strictDecode(JSON.parse(encode({ ...input, points }))), binary)).toBe(false)
  }
})
