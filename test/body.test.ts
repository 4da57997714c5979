import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ValueType } from '@opentelemetry/api'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headRecord, parseSeries, seriesText } from '../src/core/log/record.ts'
import { type Attributes, COMMAND_METRIC } from '../src/core/vocabulary.ts'
import { bodyOf, partOf } from '../src/helper/body.ts'
import { emptyFold, type Fold, feed } from '../src/helper/fold.ts'
import { decodeBinary, same, strictDecode } from './strict-decode.ts'

const NOW = 1795900000000
const ids = {
  id: '0b9f2c1e-4a57-4c3d-9e11-6a2f0d6f3b58',
  fingerprint: '5f1c2c0f9a7e4b6d8c3a1e0f2d4b6a8c5f1c2c0f9a7e4b6d8c3a1e0f2d4b6a8c',
}
const resourceOf = (version: string, more: Attributes = {}) => ({
  'service.name': 'trix',
  'service.version': version,
  ...more,
})

/** The fold of a log up to its open claim, as a helper has it when it makes a body. */
function foldOf(resource: Attributes, records: string, { id, fingerprint } = ids): Fold {
  const fold = emptyFold()
  const head = headRecord([5358629, NOW], id, { fingerprint, metric: COMMAND_METRIC, resource })
  feed(fold, `\n${head}\n${records}`)
  return fold
}

const marks = (series: string, count: number) => `${series} ${NOW}\n`.repeat(count)
const BUILD = 'command_invocation,command_name=build'
const claim = (ms: number) => `!send abcdefgh 1 3000 ${ms}\n`
const taken = (ms: number) => `!taken abcdefgh 200 ${ms}\n`

/** The logs of the bodies in `fixtures/otlp`, by the name of the file. */
const golden: Record<string, Fold[]> = {
  // The first invocation of a series: a zero comes before it, in the same body.
  first: [foldOf(resourceOf('0.19.3'), marks(BUILD, 1) + claim(NOW + 40))],
  // A later one: every series of the log, a zero for the new one, and three metrics.
  later: [
    foldOf(
      resourceOf('0.19.3', { 'os.type': 'linux', beta: false }),
      marks(BUILD, 411) +
        marks('safety_triggered,blocked:true,risk_level=high', 3) +
        marks('command_invocation,command_name=db+migrate', 2) +
        claim(NOW + 40) +
        taken(NOW + 90) +
        marks(BUILD, 1) +
        marks('update_found', 1) +
        claim(NOW + 86_400_000),
    ),
  ],
  // After an upgrade: what the version before has not sent yet, under its own id.
  upgrade: [
    foldOf(resourceOf('0.20.0'), marks(BUILD, 1) + claim(NOW + 86_400_000)),
    foldOf(resourceOf('0.19.3'), marks(BUILD, 7) + claim(NOW + 86_400_001), {
      ...ids,
      id: '7c1d9a52-1b0e-4f5e-8a57-0f4d2b8f6c11',
    }),
  ],
}

const encode = (folds: readonly Fold[]) => bodyOf(folds.map(partOf))

/** How a metric of trix is described. */
function described(metric: string, metricName = 'command_invocation'): { unit: string; description: string } {
  if (metric === metricName) return { unit: '{invocation}', description: 'Invocations of trix by command.' }
  if (metric === 'command_failure')
    return { unit: '{invocation}', description: 'Failed invocations of trix by command.' }
  return { unit: '{event}', description: 'Events of trix.' }
}

/** A point as the SDK has it: the zero of a series that begins, and its count. */
function sdkPoints(fold: Fold, metric: string): object[] {
  const hrTime = (ms: number): [number, number] => [Math.floor(ms / 1000), (ms % 1000) * 1_000_000]
  return [...fold.series].flatMap(([text, { value, start }]) => {
    const series = parseSeries(text)!
    if (series.metric !== metric) return []
    const point = (ms: number, value: number) => ({
      attributes: series.attributes,
      startTime: hrTime(start),
      endTime: hrTime(ms),
      value,
    })
    const zero = fold.open!.begins.includes(text) ? [point(fold.time - 1, 0)] : []
    return [...zero, point(fold.time, value)]
  })
}

/** The same data as the OpenTelemetry SDK has it in memory. */
function asSdk(fold: Fold): ResourceMetrics {
  const { resource, id, fingerprint, metric: metricName } = fold.head!
  const { 'service.name': name, 'service.version': version, ...constants } = resource
  const names = [...new Set([...fold.series.keys()].map(text => parseSeries(text)!.metric))]
  return {
    resource: resourceFromAttributes({
      ...{ 'service.name': name, 'service.version': version },
      ...{ 'service.instance.id': id, 'user.fingerprint': fingerprint },
      ...constants,
    }),
    scopeMetrics: [
      {
        scope: { name: 'otlp-tally' },
        metrics: names.map(name => ({
          descriptor: { name, ...described(name, metricName), valueType: ValueType.INT },
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: sdkPoints(fold, name) as never[],
        })),
      },
    ],
  }
}

/** Without two habits of the SDK: it writes counts as numbers where OTLP wants strings, and a zero that can be left out. */
function sdkJson(fold: Fold): { resourceMetrics: unknown[] } {
  const json = new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(asSdk(fold)))
  return JSON.parse(json, (key, value) => {
    if (key === 'asInt') return String(value)
    return key === 'droppedAttributesCount' && value === 0 ? undefined : value
  })
}

function expectAsSdk(folds: readonly Fold[]): void {
  const ours = JSON.parse(encode(folds))
  expect(ours).toEqual({ resourceMetrics: folds.flatMap(fold => sdkJson(fold).resourceMetrics) })
  for (const fold of folds) {
    const binary = decodeBinary(ProtobufMetricsSerializer.serializeRequest(asSdk(fold))!)
    expect(same(strictDecode(JSON.parse(encode([fold]))), binary)).toBe(true)
  }
  expect(() => strictDecode(ours)).not.toThrow()
}

const folder = join(import.meta.dirname, '../fixtures/otlp')

test('every body in fixtures/otlp has its log here', () => {
  const names = readdirSync(folder).filter(name => name.endsWith('.json'))
  expect(names.sort()).toEqual(Object.keys(golden).map(name => `${name}.json`))
})

test.each(Object.entries(golden))(
  'the body "%s" is the one in fixtures/otlp, byte for byte',
  async (name, folds) => {
    const body = encode(folds)
    // Indented in the file, for people to read. `vitest -u` writes the files.
    const indented = `${JSON.stringify(JSON.parse(body), null, 2)}\n`
    await expect(indented).toMatchFileSnapshot(join(folder, `${name}.json`))
    expect(body).toBe(JSON.stringify(JSON.parse(body)))
  },
)

test.each(Object.entries(golden))(
  'the body "%s" is the one of the OpenTelemetry SDK, in JSON and in protobuf',
  (_name, folds) => expectAsSdk(folds),
)

test('the body that docs/TELEMETRY.md shows is valid', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/TELEMETRY.md'), 'utf8')
  const [, body] = /^```json\n([\s\S]*?)^```$/m.exec(text)!
  const { resourceMetrics } = JSON.parse(body!)
  expect(() => strictDecode({ resourceMetrics })).not.toThrow()
  const keys = resourceMetrics[0].resource.attributes.map(({ key }: { key: string }) => key)
  expect(keys).toEqual(['service.name', 'service.version', 'service.instance.id', 'user.fingerprint'])
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
const attributes = fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true })
const series = fc.record({
  metric: fc.oneof(fc.constantFrom('command_invocation', 'command_failure', 'safety_triggered'), name),
  attributes,
})
const counts = fc.array(
  fc.record({
    series,
    start: fc.integer({ min: 1, max: 2e12 }),
    value: fc.maxSafeNat(),
    begins: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
)
const metricName = fc.constantFrom('command_invocation', 'safety_triggered', 'command_failure')
const time = fc.integer({ min: 2, max: 4e12 })

test('any body is the one of the OpenTelemetry SDK, in JSON and in protobuf', () => {
  fc.assert(
    fc.property(
      fc.record({ attributes, counts, metricName, time }),
      ({ attributes, counts, metricName, time }) => {
        const fold = foldOf(resourceOf('0.19.3', attributes), '')
        fold.head!.metric = metricName
        fold.time = time
        fold.open = { nonce: 'a', ms: time, life: 3000, before: 0, total: 1, begins: [] }
        for (const { series, start, value, begins } of counts) {
          const text = seriesText(series)
          fold.series.set(text, { value, first: start, start, begun: true })
          if (begins) fold.open.begins.push(text)
        }
        expectAsSdk([fold])
      },
    ),
    { numRuns: 150 },
  )
})

test('the comparison notices a value that was changed', () => {
  const [fold] = golden.later!
  const binary = decodeBinary(ProtobufMetricsSerializer.serializeRequest(asSdk(fold!))!)
  const change = (what: object) => ({ ...fold!, series: new Map(fold!.series), ...what }) as Fold
  const count = fold!.series.get(BUILD)!
  const changed = [
    change({ time: fold!.time + 1 }),
    change({ series: new Map(fold!.series).set(BUILD, { ...count, value: count.value + 1 }) }),
    change({ series: new Map(fold!.series).set(BUILD, { ...count, start: count.start - 1 }) }),
    change({ open: { ...fold!.open!, begins: [] } }),
  ]
  expect(same(strictDecode(JSON.parse(encode([fold!]))), binary)).toBe(true)
  for (const other of changed) expect(same(strictDecode(JSON.parse(encode([other]))), binary)).toBe(false)
})
