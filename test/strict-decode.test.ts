import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { ValueType } from '@opentelemetry/api'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import { decodeBinary, same, strictDecode } from './strict-decode.ts'

const point = {
  attributes: [{ key: 'command_name', value: { stringValue: 'build' } }],
  startTimeUnixNano: '1795206980883000000',
  timeUnixNano: '1795206980886000000',
  asInt: '7',
}
const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] }
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'trix' } }] }

function withSum(sum: JsonObject): JsonObject {
  const metric = { name: 'command_invocation', description: 'Invocations', unit: '{invocation}', sum }
  return {
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'otlp-tally' }, metrics: [metric] }] }],
  }
}

function withPoint(change: JsonObject): JsonObject {
  return withSum({ ...sum, dataPoints: [{ ...point, ...change }] })
}

/** The same data as the OpenTelemetry SDK has it in memory. */
const sdkMetrics: ResourceMetrics = {
  resource: resourceFromAttributes({ 'service.name': 'trix' }),
  scopeMetrics: [
    {
      scope: { name: 'otlp-tally' },
      metrics: [
        {
          descriptor: {
            name: 'command_invocation',
            description: 'Invocations',
            unit: '{invocation}',
            valueType: ValueType.INT,
          },
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: [
            {
              startTime: [1795206980, 883000000],
              endTime: [1795206980, 886000000],
              attributes: { command_name: 'build' },
              value: 7,
            },
          ],
        },
      ],
    },
  ],
}

test('a body in the form of OTLP is accepted, and is equal to the one of the OpenTelemetry SDK in protobuf', () => {
  const binary = decodeBinary(ProtobufMetricsSerializer.serializeRequest(sdkMetrics)!)
  expect(same(strictDecode(withSum(sum)), binary)).toBe(true)
  expect(same(strictDecode(withPoint({ asInt: '8' })), binary)).toBe(false)
})

test('the JSON of the SDK is refused because its counts are not strings', () => {
  const json = JSON.parse(new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(sdkMetrics)))
  expect(() => strictDecode(json)).toThrow(/dataPoints\[0\]\.asInt: 64-bit integers are strings/)
})

test.each<[what: string, json: JsonValue, why: RegExp]>([
  [
    'an enum by name',
    withSum({ ...sum, aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE' }),
    /sum\.aggregationTemporality: enums are integers/,
  ],
  [
    'a snake_case key',
    withSum({ aggregationTemporality: 2, is_monotonic: true, dataPoints: [point] }),
    /sum\.is_monotonic: keys are lowerCamelCase/,
  ],
  ['an unknown key', withSum({ ...sum, monotonic: true }), /"monotonic" is unknown/],
  ['null for a field', withSum({ ...sum, isMonotonic: null }), /sum\.isMonotonic: null/],
  ['two members of a oneof', withPoint({ asDouble: 7 }), /oneof/],
  ['a word for a count', withPoint({ asInt: 'seven' }), /as_int.*seven/],
  ['a fraction for a count', withPoint({ asInt: 7.5 }), /as_int.*7\.5/],
  ['a bare number for a count', withPoint({ asInt: 7 }), /asInt: 64-bit/],
  [
    'a bare exponent for a count',
    JSON.parse(JSON.stringify(withPoint({})).replace('"7"', '1e3')),
    /asInt: 64-bit/,
  ],
  ['an exponent in a string', withPoint({ asInt: '1e3' }), /as_int.*1e3/],
  ['a leading zero', withPoint({ asInt: '007' }), /asInt: 64-bit/],
  ['a negative time', withPoint({ timeUnixNano: '-1' }), /time_unix_nano/],
  ['a list for the request', [], /Array/],
  ['a request of nothing', {}, /request\.resourceMetrics: empty envelope/],
  ['an empty resourceMetrics', { resourceMetrics: [] }, /request\.resourceMetrics: empty envelope/],
  [
    'an empty scopeMetrics',
    { resourceMetrics: [{ resource, scopeMetrics: [] }] },
    /resourceMetrics\[0\]\.scopeMetrics: empty envelope/,
  ],
  [
    'an empty metrics',
    { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [] }] }] },
    /scopeMetrics\[0\]\.metrics: empty envelope/,
  ],
  ['an empty dataPoints', withSum({ ...sum, dataPoints: [] }), /sum\.dataPoints: empty envelope/],
])('%s is refused', (_what, json, why) => {
  expect(() => strictDecode(json)).toThrow(why)
})
