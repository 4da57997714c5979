import { parseSeries } from '../core/log/record.ts'
import { type Attributes, FAILURE_METRIC } from '../core/vocabulary.ts'
import type { Fold } from './fold.ts'

/** One `resourceMetrics` of a body, as JSON. */
export type Part = string

/** An ExportMetricsServiceRequest in OTLP/JSON (OTLP specification, "JSON Protobuf Encoding"). */
export function bodyOf(parts: readonly Part[]): string {
  return `{"resourceMetrics":[${parts.join()}]}`
}

/**
 * What the open claim of a log sends: for each series its count at the time of the claim, and if the series begins with
 * this claim, a zero before it, without which many backends miss the first count. Monotonic cumulative sums of
 * integers, one resource, one scope.
 *
 * Source: OTLP specification, metrics.proto: keys in lowerCamelCase, 64-bit integers as decimal strings, enums as
 * integers. No empty envelope is made as long as there is a series.
 */
export function partOf(fold: Fold): Part {
  const { id, fingerprint, metric: commandMetric, resource } = fold.head!
  const metrics = new Map<string, { sum: { dataPoints: object[] } }>()
  for (const [text, { value, start }] of fold.series) {
    const { metric, attributes } = parseSeries(text)!
    let group = metrics.get(metric)
    if (!group) {
      // AggregationTemporality 2 is cumulative.
      const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [] }
      metrics.set(
        metric,
        (group = { ...describe(metric, commandMetric, `${resource['service.name']}`), sum }),
      )
    }
    const point = (time: number, value: number) => ({
      attributes: encodeAttributes(attributes),
      // As text: a number of nanoseconds since 1970 is over 2^53.
      startTimeUnixNano: `${start}000000`,
      timeUnixNano: `${time}000000`,
      asInt: `${value}`,
    })
    if (fold.open?.begins.includes(text)) group.sum.dataPoints.push(point(fold.time - 1, 0))
    group.sum.dataPoints.push(point(fold.time, value))
  }
  const { 'service.name': name, 'service.version': version, ...constants } = resource
  const ids = { 'service.instance.id': id, ...(fingerprint && { 'user.fingerprint': fingerprint }) }
  const attributes = encodeAttributes({
    'service.name': name!,
    'service.version': version!,
    ...ids,
    ...constants,
  })
  // The scope says who measured. It has no version, which some backends make part of the identity of a series.
  const scopeMetrics = [{ scope: { name: 'otlp-tally' }, metrics: [...metrics.values()] }]
  return JSON.stringify({ resource: { attributes }, scopeMetrics })
}

/** The name, description and unit of a metric. In UCUM, a unit in braces is an annotation: it says what is counted. */
export function describe(
  metric: string,
  commandMetric: string,
  name: string,
): { name: string; description: string; unit: string } {
  const isOfCommands = metric === commandMetric || metric === FAILURE_METRIC
  const what = metric === commandMetric ? 'Invocations' : isOfCommands ? 'Failed invocations' : 'Events'
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
