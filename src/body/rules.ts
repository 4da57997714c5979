import type { MessageName } from './messages.ts'
import { scalars } from './scalars.ts'

type Message = Readonly<Record<string, unknown>>

/** A body with an error is refused. A warning is for what a sender SHOULD NOT do, and for what backends misread. */
export type Severity = 'error' | 'warning'

/** `field` is empty for the message itself. */
type Report = (severity: Severity, field: string, text: string) => void

type Rule = (message: Message, report: Report) => void

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']

/**
 * Rules that field types cannot express, one function per message. They ignore a field of the wrong type, which is
 * reported elsewhere.
 */
export const rules: Readonly<Partial<Record<MessageName, Rule>>> = {
  ResourceMetrics: notEmpty('scopeMetrics'),
  ScopeMetrics: notEmpty('metrics'),
  Resource: uniqueKeys,
  InstrumentationScope: uniqueKeys,
  Metric(metric, report) {
    if (!metric.name) report('error', 'name', 'expected a name, got none')
    if (!KINDS.some(kind => metric[kind])) report('warning', '', `empty: it has none of ${KINDS.join(', ')}`)
  },
  Gauge: notEmpty('dataPoints'),
  Summary: notEmpty('dataPoints'),
  Histogram: temporal,
  ExponentialHistogram: temporal,
  Sum(sum, report) {
    temporal(sum, report)
    if (sum.isMonotonic === true && sum.aggregationTemporality === 2) startBeforeTime(sum, report)
  },
  NumberDataPoint(point, report) {
    dataPoint(point, report)
    const hasValue = isPresent(point.asInt) || isPresent(point.asDouble)
    // DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK: the series has ended, and the point has no value.
    const ended = (number(point.flags) & 1) === 1
    if (!hasValue && !ended) report('error', '', 'expected asInt or asDouble, got neither')
  },
  HistogramDataPoint: dataPoint,
  ExponentialHistogramDataPoint: dataPoint,
  SummaryDataPoint: dataPoint,
  KeyValue(attribute, report) {
    if (!attribute.key) report('error', 'key', 'expected a key, got none')
    // A valid empty value, but nearly always a mistake.
    const members = Object.values((attribute.value ?? {}) as object)
    if (!members.some(isPresent)) report('warning', 'value', 'empty: it has no stringValue, boolValue, …')
  },
}

/** Senders SHOULD NOT make empty envelopes (specification, "Empty Telemetry Envelopes"). */
function notEmpty(list: string): Rule {
  return (message, report) => {
    const items = message[list] ?? []
    if (Array.isArray(items) && !items.length) report('warning', '', `empty: it has no ${list}`)
  }
}

/** "UNSPECIFIED is the default AggregationTemporality, it MUST not be used" (metrics.proto). */
function temporal(metric: Message, report: Report): void {
  notEmpty('dataPoints')(metric, report)
  if (!isPresent(metric.aggregationTemporality)) {
    const { expected } = scalars.AggregationTemporality
    report('error', 'aggregationTemporality', `expected ${expected}, got none`)
  }
}

/** "Data points with the 0 value for TimeUnixNano SHOULD be rejected by consumers" (metrics.proto). */
function dataPoint(point: Message, report: Report): void {
  const time = point.timeUnixNano ?? 0
  if (number(time) === 0 && time !== '') {
    report('error', 'timeUnixNano', 'expected nanoseconds since 1970 as a decimal string, got none')
  }
  uniqueKeys(point, report)
}

/** "Attribute keys MUST be unique" (metrics.proto, resource.proto, common.proto). */
function uniqueKeys({ attributes }: Message, report: Report): void {
  const keys = list(attributes).map(({ key }) => key)
  // A body has thousands of these lists, nearly all with one or two keys.
  const isUnique =
    keys.length < 2 || (keys.length === 2 ? keys[0] !== keys[1] : new Set(keys).size === keys.length)
  if (isUnique) return
  const seen = new Set<unknown>()
  for (const [index, key] of keys.entries()) {
    if (key && seen.has(key)) report('error', `attributes[${index}].key`, 'expected each key only once')
    seen.add(key)
  }
}

/**
 * A start that equals the time means "began at an unknown time", and a backend that follows the data model counts the
 * value as 0. A process that ends after one export easily makes this mistake (data model, "Resets and Gaps").
 */
function startBeforeTime({ dataPoints }: Message, report: Report): void {
  const { accepts } = scalars.fixed64
  const points = list(dataPoints)
  for (let index = 0; index < points.length; index++) {
    const { startTimeUnixNano: start, timeUnixNano: time } = points[index]!
    // Texts of the same length compare like numbers. Nanoseconds of this century all have 19 digits.
    if (typeof start === 'string' && typeof time === 'string' && start.length === time.length && start < time)
      continue
    if (!accepts(start) || !accepts(time) || Number(start) === 0) continue
    if (BigInt(start as string) >= BigInt(time as string)) {
      const text = 'not before timeUnixNano: backends take such a start as unknown and count the value as 0'
      report('warning', `dataPoints[${index}].startTimeUnixNano`, text)
    }
  }
}

function list(value: unknown): readonly Message[] {
  if (!Array.isArray(value)) return []
  const isMessage = (item: unknown): item is Message => typeof item === 'object' && item !== null
  return value.every(isMessage) ? value : value.filter(isMessage)
}

/** NaN for an object, whose `toString` may throw. */
function number(value: unknown): number {
  return typeof value === 'object' ? Number.NaN : Number(value)
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}
