import type { Attributes, Series } from '../vocabulary.ts'

/** One data point of a sum. Times in ms since 1970, which is the resolution of every clock and backend here. */
export interface Point extends Series {
  start: number
  time: number
  /** Nanoseconds to add to `time`, below 1,000,000. */
  nanos?: number
  /** A whole number, not negative. */
  value: number
}

/** What a metric is called in its unit and description. Annotations in braces count things (UCUM). */
export interface Description {
  unit: string
  description: string
}

export type Temporality = 'cumulative' | 'delta'

/** The scope says who measured. Without a version: that is part of the identity of a series in some backends. */
const SCOPE = { name: 'otlp-tally' }

/**
 * An ExportMetricsServiceRequest in OTLP/JSON, as a string: monotonic sums of integers, one resource, one scope.
 * The points of a metric stay in the order in which they come.
 *
 * Source: OTLP specification, "JSON Protobuf Encoding": keys in lowerCamelCase, 64-bit integers as decimal strings,
 * enums as integers; metrics.proto. No empty envelope is made as long as there is a point.
 */
export function encodeMetrics(
  resource: Attributes,
  points: readonly Point[],
  temporality: Temporality,
  describe: (metric: string) => Description,
): string {
  const metrics = new Map<string, { name: string; sum: { dataPoints: object[] } }>()
  for (const { metric, attributes, start, time, nanos = 0, value } of points) {
    let group = metrics.get(metric)
    if (!group) {
      // AggregationTemporality: 1 is delta, 2 is cumulative.
      const aggregationTemporality = temporality === 'delta' ? 1 : 2
      const sum = { aggregationTemporality, isMonotonic: true, dataPoints: [] }
      metrics.set(metric, (group = { name: metric, ...describe(metric), sum }))
    }
    group.sum.dataPoints.push({
      attributes: encodeAttributes(attributes),
      // As text: a number of nanoseconds since 1970 is over 2^53.
      startTimeUnixNano: `${start}000000`,
      timeUnixNano: `${time}${String(nanos).padStart(6, '0')}`,
      asInt: `${value}`,
    })
  }
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeMetrics: [{ scope: SCOPE, metrics: [...metrics.values()] }],
      },
    ],
  })
}

function encodeAttributes(attributes: Attributes): object[] {
  const encoded: object[] = []
  for (const key in attributes) {
    const value = attributes[key]!
    encoded.push({ key, value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value } })
  }
  return encoded
}
