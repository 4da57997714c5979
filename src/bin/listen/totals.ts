import { isDelta, labelsOf, type Metric, metricsOf, named } from '../../body/metrics-of.ts'
import { createSeriesIndex, increaseBy } from '../../body/series-index.ts'
import { printable } from '../../terminal/printable.ts'
import { seriesOf } from '../series-of.ts'

/** What one body added to one series. The names are safe to print. */
export interface Arrival {
  kind: 'run' | 'failure' | 'event'
  tool: string
  version: string
  /** `build`, or an event in words. */
  name: string
  /** The coding agent, if one ran it. */
  agent: string | undefined
  added: number
  /** The new total of this name and kind. */
  total: number
}

/** How often a command ran, or an event happened. */
export interface Total {
  /** Constant. */
  id: number
  kind: 'command' | 'event'
  tool: string
  name: string
  /** Of an event: how often it happened. */
  runs: number
  failed: number
  /** When it last grew, in ms since 1970. */
  last: number
  /** By version and agent. */
  parts: readonly Part[]
}

export interface Part {
  version: string
  agent: string | undefined
  runs: number
  failed: number
}

export interface Totals {
  /** Counts a body in which `validate` found no error. */
  add(body: unknown): Arrival[]
  /** Commands first, largest first. */
  list(): Total[]
  /** The first metrics that arrived and are not counted: `temperature (gauge)`. */
  others(): readonly string[]
  /** True once a series was not counted because there were too many. */
  readonly full: boolean
}

/** Far more than one development machine sends, and little memory. */
const MAX_SERIES = 100_000
const MAX_OTHERS = 20

/** Adds up the monotonic sums of many bodies. */
export function createTotals(now: () => number = Date.now): Totals {
  const index = createSeriesIndex<never, never, Counted>(MAX_SERIES)
  const totals = new Map<string, Omit<Total, 'parts'> & { parts: Map<string, Part> }>()
  const others = new Set<string>()

  function countedAs(name: string, attributes: Attributes, resource: Attributes): Counted {
    const {
      kind,
      name: what,
      agent,
    } = seriesOf(name, attributes) ?? { kind: 'event', name: labelsOf(attributes) }
    const [tool, version] = [named('service.name', resource) || 'unknown', named('service.version', resource)]
    const key = JSON.stringify([kind === 'event', tool, what])
    let total = totals.get(key)
    if (!total) {
      total = {
        id: totals.size,
        ...{ kind: kind === 'event' ? 'event' : 'command', tool, name: what },
        ...{ runs: 0, failed: 0, last: 0, parts: new Map() },
      }
      totals.set(key, total)
    }
    const partKey = JSON.stringify([version, agent])
    let part = total.parts.get(partKey)
    if (!part) total.parts.set(partKey, (part = { version, agent, runs: 0, failed: 0 }))
    return { kind, tool, version, name: what, agent, totals: [total, part] }
  }

  return {
    add: body =>
      metricsOf(body).flatMap(({ resource: attributes, metric }): Arrival[] => {
        const { sum } = metric
        if (!sum?.isMonotonic) {
          if (others.size < MAX_OTHERS) others.add(otherText(metric))
          return []
        }
        const delta = isDelta(sum)
        const resource = index.resource(attributes)
        return (sum.dataPoints ?? []).flatMap((point): Arrival[] => {
          const seriesName = index.name(metric.name, point.attributes ?? [])
          const series = index.series(resource, seriesName, point, delta)
          const added = series ? increaseBy(point, series, delta) : 0
          if (!series || !(added > 0)) return []
          series.data ??= countedAs(metric.name, point.attributes ?? [], attributes)
          const { totals, ...counted } = series.data
          const field = counted.kind === 'failure' ? 'failed' : 'runs'
          for (const total of totals) total[field] += added
          totals[0].last = now()
          return [{ ...counted, added, total: totals[0][field] }]
        })
      }),
    list: () =>
      [...totals.values()]
        .map(total => ({ ...total, parts: [...total.parts.values()].sort((a, b) => b.runs - a.runs) }))
        .sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : b.runs - a.runs)),
    others: () => [...others],
    get full() {
      return index.full
    },
  }
}

type Attributes = Parameters<typeof named>[1]

/** What a series counts, and the totals that it is added to. */
type Counted = Pick<Arrival, 'kind' | 'tool' | 'version' | 'name' | 'agent'> & {
  totals: readonly [Omit<Total, 'parts'>, Part]
}

function otherText(metric: Metric): string {
  const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']
  const type = kinds.find(kind => metric[kind])
  return `${printable(metric.name)} (${type === 'sum' ? 'sum that may fall' : (type ?? 'empty')})`
}
