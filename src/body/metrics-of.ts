import { printable } from '../terminal/printable.ts'

export interface Attribute {
  key: string
  value?: Record<string, unknown> | null
}

/** A field that is null is absent, here and everywhere. */
export interface Point {
  attributes?: Attribute[] | null
  startTimeUnixNano?: string | number | null
  timeUnixNano?: string | number | null
  asInt?: string | number | null
  asDouble?: number | null
}

export interface Metric {
  name: string
  sum?: {
    isMonotonic?: boolean | null
    aggregationTemporality?: number | null
    dataPoints?: Point[] | null
  } | null
  [kind: string]: unknown
}

/** Every metric of a body that `validate` found no error in, each with the attributes of its resource. */
export function metricsOf(body: unknown): { resource: Attribute[]; metric: Metric }[] {
  const { resourceMetrics } = body as {
    resourceMetrics?:
      | {
          resource?: { attributes?: Attribute[] | null } | null
          scopeMetrics?: { metrics?: Metric[] | null }[] | null
        }[]
      | null
  }
  const found: { resource: Attribute[]; metric: Metric }[] = []
  for (const { resource, scopeMetrics } of resourceMetrics ?? [])
    for (const { metrics } of scopeMetrics ?? [])
      for (const metric of metrics ?? []) found.push({ resource: resource?.attributes ?? [], metric })
  return found
}

/** Whether the data of a metric, a sum's or a histogram's, has delta temporality (`AggregationTemporality` 1). */
export function isDelta(data: unknown): boolean {
  return (data as Metric['sum'])?.aggregationTemporality === 1
}

/** Of a series, in characters: more is no help on a screen. */
const MAX_LABELS = 500

/** The attributes of a series in words, safe to print: `build` for the command's name, `key=value` for all else. */
export function labelsOf(attributes: readonly Attribute[] | null | undefined): string {
  let labels = ''
  for (const { key, value } of attributes ?? []) {
    if (labels.length > MAX_LABELS) return `${labels} …`
    labels += (labels && ' ') + (key === 'command_name' ? text(value) : `${printable(key)}=${text(value)}`)
  }
  return labels
}

/** An attribute of a resource in words, safe to print; empty where there is none. */
export function named(wanted: string, resource: readonly Attribute[]): string {
  return text(resource.find(({ key }) => key === wanted)?.value)
}

function text(value: Attribute['value']): string {
  const content = Object.values(value ?? {}).find(content => content !== null)
  return printable(typeof content === 'object' ? JSON.stringify(content) : String(content ?? ''))
}
