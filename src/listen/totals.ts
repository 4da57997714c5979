import { createHash } from 'node:crypto'
import { printable } from './printable.ts'

/** What one body added: one for each series that grew, and one for each metric that is not a count. */
export type Arrival =
  | {
      kind: 'invocations'
      tool: string
      version: string
      metric: string
      labels: string
      added: number
      total: number
    }
  | { kind: 'other'; metric: string; type: string; points: number }

export interface Total {
  tool: string
  version: string
  metric: string
  labels: string
  total: number
}

/** Counts what arrives. */
export interface Totals {
  /** Takes a body that `validate` found no error in. */
  add(body: unknown): Arrival[]
  /** Largest first. */
  list(): Total[]
  /** True once there were more series than are kept. */
  readonly full: boolean
}

/** Far more than one development machine has, and far less than would be felt in memory. */
const MAX_SERIES = 100_000

/** Of a series, in characters: more is no help on a screen. */
const MAX_LABELS = 500

interface Attribute {
  key: string
  value?: Record<string, unknown> | null
}

/**
 * Adds up the monotonic sums of many bodies. A cumulative point adds what it is above the last one of its series
 * (resource, metric, attributes and start: a new start is a new series); a repeated or older one adds nothing. A delta
 * point adds its value.
 */
export function createTotals(): Totals {
  const last = new Map<string, number>()
  const totals = new Map<string, Total>()
  let full = false

  function grow(key: string, point: Point, delta: boolean): number {
    const value = Number(point.asInt ?? point.asDouble ?? 0)
    if (delta) return value
    const before = last.get(key)
    if (before === undefined && last.size >= MAX_SERIES) {
      full = true
      return 0
    }
    last.set(key, Math.max(value, before ?? 0))
    return Math.max(0, value - (before ?? 0))
  }

  function addPoint(resource: readonly Attribute[], metric: string, point: Point, delta: boolean): Arrival[] {
    const attributes = point.attributes ?? []
    const added = grow(keyOf([resource, metric, attributes, String(point.startTimeUnixNano)]), point, delta)
    if (!(added > 0)) return []
    const name = (wanted: string) => text(resource.find(({ key }) => key === wanted)?.value)
    const total: Total = {
      tool: name('service.name') || 'unknown',
      version: name('service.version'),
      metric: printable(metric),
      labels: labelsOf(attributes),
      total: 0,
    }
    const identity = keyOf([total.tool, metric, attributes, total.version])
    const sum = totals.get(identity) ?? total
    if (totals.size < MAX_SERIES) totals.set(identity, sum)
    sum.total += added
    return [{ kind: 'invocations', ...sum, added }]
  }

  return {
    add: body =>
      metricsOf(body).flatMap(({ resource, metric }): Arrival[] => {
        const { sum } = metric
        if (!sum?.isMonotonic) return [other(metric)]
        return (sum.dataPoints ?? []).flatMap(point =>
          addPoint(resource, metric.name, point, sum.aggregationTemporality === 1),
        )
      }),
    list: () => [...totals.values()].sort((a, b) => b.total - a.total),
    get full() {
      return full
    },
  }
}

interface Point {
  attributes?: Attribute[]
  startTimeUnixNano?: string | number
  asInt?: string | number
  asDouble?: number
}

interface Metric {
  name: string
  sum?: { isMonotonic?: boolean; aggregationTemporality?: number; dataPoints?: Point[] } | null
  [kind: string]: unknown
}

function metricsOf(body: unknown): { resource: Attribute[]; metric: Metric }[] {
  const { resourceMetrics } = body as {
    resourceMetrics?: { resource?: { attributes?: Attribute[] }; scopeMetrics?: { metrics?: Metric[] }[] }[]
  }
  return (resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) =>
    (scopeMetrics ?? []).flatMap(({ metrics }) =>
      (metrics ?? []).map(metric => ({ resource: resource?.attributes ?? [], metric })),
    ),
  )
}

function other(metric: Metric): Arrival {
  const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']
  const type = kinds.find(kind => metric[kind])
  const { dataPoints } = (type ? metric[type] : {}) as { dataPoints?: unknown }
  return {
    kind: 'other',
    metric: printable(metric.name),
    type: type === 'sum' ? 'sum that may fall' : (type ?? 'empty'),
    points: Array.isArray(dataPoints) ? dataPoints.length : 0,
  }
}

/** The identity of a series, which a stranger may have made as long as a body: then only its hash is kept. */
function keyOf(identity: unknown[]): string {
  const text = JSON.stringify(identity)
  return text.length <= MAX_LABELS ? text : createHash('sha256').update(text).digest('hex')
}

function labelsOf(attributes: readonly Attribute[]): string {
  let labels = ''
  for (const attribute of attributes) {
    if (labels.length > MAX_LABELS) return `${labels} …`
    labels += (labels && ' ') + label(attribute)
  }
  return labels
}

/** `build` for the command's name, `key=value` for all else. */
function label({ key, value }: Attribute): string {
  return key === 'command_name' ? text(value) : `${printable(key)}=${text(value)}`
}

function text(value: Attribute['value']): string {
  const [content] = Object.values(value ?? {})
  return printable(typeof content === 'object' ? JSON.stringify(content) : String(content ?? ''))
}
