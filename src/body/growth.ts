import { createHash } from 'node:crypto'
import type { Attribute, Point } from './metrics-of.ts'

/** Where a point is: what makes it one of a series. */
export interface Place {
  resource: readonly Attribute[]
  metric: string
  /** Of delta temporality: each point is what has happened since the one before. */
  delta: boolean
}

/** Knows how far each series has come. */
export interface Growth {
  /** What a point of a monotonic sum adds to those that came before it. */
  of(point: Point, place: Place): number
  /** True once there were more series than are kept. */
  readonly full: boolean
}

/**
 * A cumulative point adds what it is above the highest of its series (resource, metric, attributes and start: a new
 * start is a new series), the first one all of it; a repeated or older one adds nothing. A delta point adds its value.
 */
export function createGrowth(maxSeries: number): Growth {
  const highest = new Map<string, number>()
  let full = false
  return {
    of(point, { resource, metric, delta }) {
      const value = Number(point.asInt ?? point.asDouble ?? 0)
      // NaN and the infinities are valid, and no counts.
      if (!Number.isFinite(value)) return 0
      if (delta) return Math.max(0, value)
      const key = identity([
        sorted(resource),
        metric,
        sorted(point.attributes ?? []),
        String(point.startTimeUnixNano ?? 0),
      ])
      const before = highest.get(key)
      if (before === undefined && highest.size >= maxSeries) {
        full = true
        return 0
      }
      highest.set(key, Math.max(value, before ?? 0))
      return Math.max(0, value - (before ?? 0))
    },
    get full() {
      return full
    },
  }
}

/** A stranger may have made it as long as a body, so only its hash is kept. */
export function identity(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

/** The order of attributes says nothing (data model), and a Collector may change it. */
function sorted(attributes: readonly Attribute[]): Attribute[] {
  return [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1))
}
