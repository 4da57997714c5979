import { printable } from '../terminal/printable.ts'

export interface Attribute {
  key: string
  value?: Record<string, unknown> | null
}

/** In OTLP/JSON a field that is null is absent. */
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

/** Every metric of a body in which `validate` found no error, with the attributes of its resource. */
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

/** Whether a sum or a histogram has delta temporality (`AggregationTemporality` 1). */
export function isDelta(data: unknown): boolean {
  return (data as Metric['sum'])?.aggregationTemporality === 1
}

/** In characters. */
const MAX_LABELS = 500

/** The attributes of a series, safe to print: `build` for the name of a command, `key=value` for others. */
export function labelsOf(attributes: readonly Attribute[] | null | undefined): string {
  let labels = ''
  for (const { key, value } of attributes ?? []) {
    if (labels.length > MAX_LABELS) return `${labels} …`
    labels += (labels && ' ') + (key === 'command_name' ? text(value) : `${printable(key)}=${text(value)}`)
  }
  return labels
}

/** The value of an attribute, safe to print; empty if there is none. */
export function named(wanted: string, resource: readonly Attribute[]): string {
  return text(resource.find(({ key }) => key === wanted)?.value)
}

function text(value: Attribute['value']): string {
  const content = Object.values(value ?? {}).find(content => content !== null)
  return printable(typeof content === 'object' ? JSON.stringify(content) : String(content ?? ''))
}
