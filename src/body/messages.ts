/**
 * The scalar types of the protocol, by their protobuf names. `id` is a trace or span id, which OTLP/JSON writes in hex.
 */
export type Scalar =
  | 'string'
  | 'bool'
  | 'double'
  | 'int64'
  | 'sfixed64'
  | 'uint64'
  | 'fixed64'
  | 'int32'
  | 'sint32'
  | 'uint32'
  | 'bytes'
  | 'id'
  | 'AggregationTemporality'

export type MessageName = keyof typeof fields

type Type = Scalar | MessageName
type Field = Type | `repeated ${Type}`
type Fields = Readonly<Record<string, Field>>

const fields = {
  ExportMetricsServiceRequest: { resourceMetrics: 'repeated ResourceMetrics' },
  ResourceMetrics: { resource: 'Resource', scopeMetrics: 'repeated ScopeMetrics', schemaUrl: 'string' },
  ScopeMetrics: { scope: 'InstrumentationScope', metrics: 'repeated Metric', schemaUrl: 'string' },
  Metric: {
    name: 'string',
    description: 'string',
    unit: 'string',
    gauge: 'Gauge',
    sum: 'Sum',
    histogram: 'Histogram',
    exponentialHistogram: 'ExponentialHistogram',
    summary: 'Summary',
    metadata: 'repeated KeyValue',
  },
  Gauge: { dataPoints: 'repeated NumberDataPoint' },
  Sum: {
    dataPoints: 'repeated NumberDataPoint',
    aggregationTemporality: 'AggregationTemporality',
    isMonotonic: 'bool',
  },
  Histogram: {
    dataPoints: 'repeated HistogramDataPoint',
    aggregationTemporality: 'AggregationTemporality',
  },
  ExponentialHistogram: {
    dataPoints: 'repeated ExponentialHistogramDataPoint',
    aggregationTemporality: 'AggregationTemporality',
  },
  Summary: { dataPoints: 'repeated SummaryDataPoint' },
  NumberDataPoint: {
    attributes: 'repeated KeyValue',
    startTimeUnixNano: 'fixed64',
    timeUnixNano: 'fixed64',
    asDouble: 'double',
    asInt: 'sfixed64',
    exemplars: 'repeated Exemplar',
    flags: 'uint32',
  },
  HistogramDataPoint: {
    attributes: 'repeated KeyValue',
    startTimeUnixNano: 'fixed64',
    timeUnixNano: 'fixed64',
    count: 'fixed64',
    sum: 'double',
    bucketCounts: 'repeated fixed64',
    explicitBounds: 'repeated double',
    exemplars: 'repeated Exemplar',
    flags: 'uint32',
    min: 'double',
    max: 'double',
  },
  ExponentialHistogramDataPoint: {
    attributes: 'repeated KeyValue',
    startTimeUnixNano: 'fixed64',
    timeUnixNano: 'fixed64',
    count: 'fixed64',
    sum: 'double',
    scale: 'sint32',
    zeroCount: 'fixed64',
    positive: 'Buckets',
    negative: 'Buckets',
    flags: 'uint32',
    exemplars: 'repeated Exemplar',
    min: 'double',
    max: 'double',
    zeroThreshold: 'double',
  },
  Buckets: { offset: 'sint32', bucketCounts: 'repeated uint64' },
  SummaryDataPoint: {
    attributes: 'repeated KeyValue',
    startTimeUnixNano: 'fixed64',
    timeUnixNano: 'fixed64',
    count: 'fixed64',
    sum: 'double',
    quantileValues: 'repeated ValueAtQuantile',
    flags: 'uint32',
  },
  ValueAtQuantile: { quantile: 'double', value: 'double' },
  Exemplar: {
    filteredAttributes: 'repeated KeyValue',
    timeUnixNano: 'fixed64',
    asDouble: 'double',
    asInt: 'sfixed64',
    spanId: 'id',
    traceId: 'id',
  },
  Resource: {
    attributes: 'repeated KeyValue',
    droppedAttributesCount: 'uint32',
    entityRefs: 'repeated EntityRef',
  },
  InstrumentationScope: {
    name: 'string',
    version: 'string',
    attributes: 'repeated KeyValue',
    droppedAttributesCount: 'uint32',
  },
  EntityRef: {
    schemaUrl: 'string',
    type: 'string',
    idKeys: 'repeated string',
    descriptionKeys: 'repeated string',
  },
  KeyValue: { key: 'string', value: 'AnyValue' },
  AnyValue: {
    stringValue: 'string',
    boolValue: 'bool',
    intValue: 'int64',
    doubleValue: 'double',
    arrayValue: 'ArrayValue',
    kvlistValue: 'KeyValueList',
    bytesValue: 'bytes',
  },
  ArrayValue: { values: 'repeated AnyValue' },
  KeyValueList: { values: 'repeated KeyValue' },
} as const

/**
 * The messages of an ExportMetricsServiceRequest: the fields of each by their JSON names.
 *
 * Source: opentelemetry-proto 1.11, collector/metrics/v1/metrics_service.proto, metrics/v1/metrics.proto,
 * resource/v1/resource.proto, common/v1/common.proto, in their order, without what is for profiles only.
 */
export const messages: Readonly<Record<MessageName, Fields>> = fields

/** A message has at most one of these fields. */
export const oneofs: Readonly<Partial<Record<MessageName, readonly string[]>>> = {
  Metric: ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
  NumberDataPoint: ['asDouble', 'asInt'],
  Exemplar: ['asDouble', 'asInt'],
  AnyValue: Object.keys(fields.AnyValue),
}
