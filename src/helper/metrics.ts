import type { TelemetryOptions } from '../core/options.ts'
import { type Attributes, COMMAND_METRIC, FAILURE_METRIC, type Series } from '../core/vocabulary.ts'

/** One data point of a sum. Times in ms since 1970, which is the resolution of every clock and backend here. */
export interface Point extends Series {
  start: number
  time: number
  /** Nanoseconds to add to `time`, below 1,000,000. */
  nanos?: number
  /** A whole number, not negative. */
  value: number
}

/** Of a tool's options, those that its metrics are described by. */
export type Described = Pick<TelemetryOptions, 'name' | 'metricName' | 'temporality'>

/**
 * An ExportMetricsServiceRequest in OTLP/JSON, as a string: monotonic sums of integers, one resource, one scope.
 * The points of a metric stay in the order in which they come.
 *
 * Source: OTLP specification, "JSON Protobuf Encoding": keys in lowerCamelCase, 64-bit integers as decimal strings,
 * enums as integers; metrics.proto. No empty envelope is made as long as there is a point.
 */
export function encodeMetrics(resource: Attributes, points: readonly Point[], options: Described): string {
  const metrics = new Map<string, { sum: { dataPoints: object[] } }>()
  for (const { metric, attributes, start, time, nanos = 0, value } of points) {
    let group = metrics.get(metric)
    if (!group) {
      // AggregationTemporality: 1 is delta, 2 is cumulative.
      const aggregationTemporality = options.temporality === 'delta' ? 1 : 2
      const sum = { aggregationTemporality, isMonotonic: true, dataPoints: [] }
      metrics.set(metric, (group = { ...describe(metric, options), sum }))
    }
    group.sum.dataPoints.push({
      attributes: encodeAttributes(attributes),
      // As text: a number of nanoseconds since 1970 is over 2^53.
      startTimeUnixNano: `${start}000000`,
      timeUnixNano: `${time}${String(nanos).padStart(6, '0')}`,
      asInt: `${value}`,
    })
  }
  // The scope says who measured. Without a version: that is part of the identity of a series in some backends.
  const scopeMetrics = [{ scope: { name: 'otlp-tally' }, metrics: [...metrics.values()] }]
  return JSON.stringify({
    resourceMetrics: [{ resource: { attributes: encodeAttributes(resource) }, scopeMetrics }],
  })
}

/** What a metric is called. The unit is an annotation in braces, which counts things (UCUM). */
function describe(metric: string, { name, metricName = COMMAND_METRIC }: Described): object {
  const isOfCommands = metric === metricName || metric === FAILURE_METRIC
  const what = metric === metricName ? 'Invocations' : isOfCommands ? 'Failed invocations' : 'Events'
  return {
    name: metric,
    description: `${what} of ${name}${isOfCommands ? ' by command' : ''}.`,
    unit: isOfCommands ? '{invocation}' : '{event}',
  }
}

function encodeAttributes(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
  }))
}
