import type { Attributes } from '../names.ts'

/** One data point of a sum. Times in ms since 1970, which is the resolution of every clock and backend here. */
export interface Point {
  metric: string
  attributes: Attributes
  start: number
  time: number
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
  const byMetric = new Map<string, Point[]>()
  for (const point of points) {
    const group = byMetric.get(point.metric)
    if (group) group.push(point)
    else byMetric.set(point.metric, [point])
  }
  const metrics = [...byMetric].map(([name, group]) => ({
    name,
    ...describe(name),
    sum: {
      // AggregationTemporality: 1 is delta, 2 is cumulative.
      aggregationTemporality: temporality === 'delta' ? 1 : 2,
      isMonotonic: true,
      dataPoints: group.map(encodePoint),
    },
  }))
  return JSON.stringify({
    resourceMetrics: [
      { resource: { attributes: encodeAttributes(resource) }, scopeMetrics: [{ scope: SCOPE, metrics }] },
    ],
  })
}

function encodePoint({ attributes, start, time, value }: Point): object {
  return {
    attributes: encodeAttributes(attributes),
    startTimeUnixNano: nanoseconds(start),
    timeUnixNano: nanoseconds(time),
    asInt: String(value),
  }
}

function encodeAttributes(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
  }))
}

/** As text: a number of nanoseconds since 1970 is over 2^53. */
function nanoseconds(milliseconds: number): string {
  return `${milliseconds}000000`
}
