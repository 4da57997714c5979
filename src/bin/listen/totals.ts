import { createGrowth, identity } from '../../body/growth.ts'
import { isDelta, labelsOf, type Metric, metricsOf, named } from '../../body/metrics-of.ts'
import { printable } from '../../terminal/printable.ts'

/** What one body added: one for each series that grew, and one for each metric that is not a count. */
export type Arrival =
  | ({ kind: 'invocations'; added: number } & Total)
  | { kind: 'other'; metric: string; type: string; points: number }

export interface Total {
  tool: string
  version: string
  metric: string
  labels: string
  total: number
  /** When it last grew, in ms since 1970. */
  last: number
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

/** Adds up the monotonic sums of many bodies. */
export function createTotals(now: () => number = Date.now): Totals {
  const growth = createGrowth(MAX_SERIES)
  const totals = new Map<string, Total>()

  return {
    add: body =>
      metricsOf(body).flatMap(({ resource, metric }): Arrival[] => {
        const { sum } = metric
        if (!sum?.isMonotonic) return [other(metric)]
        const place = { resource, metric: metric.name, delta: isDelta(sum) }
        return (sum.dataPoints ?? []).flatMap((point): Arrival[] => {
          const added = growth.of(point, place)
          if (!(added > 0)) return []
          const attributes = point.attributes ?? []
          const tool = named('service.name', resource) || 'unknown'
          const version = named('service.version', resource)
          const key = identity([tool, metric.name, attributes, version])
          const known = totals.get(key) ?? {
            ...{ tool, version, metric: printable(metric.name), labels: labelsOf(attributes) },
            ...{ total: 0, last: 0 },
          }
          if (totals.size < MAX_SERIES) totals.set(key, known)
          known.total += added
          known.last = now()
          return [{ kind: 'invocations', ...known, added }]
        })
      }),
    list: () => [...totals.values()].sort((a, b) => b.total - a.total),
    get full() {
      return growth.full
    },
  }
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
