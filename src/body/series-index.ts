import { createHash } from 'node:crypto'
import type { Attribute, Point } from './metrics-of.ts'

// In `data` the caller keeps what it knows of a resource, a series name or a series.

/** A sender, and its series. */
export interface Resource<Data, OfSeries> {
  data?: Data
  series: Map<number | string, Series<OfSeries>>
  /** The start of its first series. Most others have the same. */
  start: string | number
}

/** A metric with attributes: the series of several resources share it. */
export interface SeriesName<Data> {
  data?: Data
  id: number
}

export interface Series<Data> {
  data?: Data
  /** The highest value so far. */
  highest: number
}

/** Finds the series that a point belongs to. */
export interface SeriesIndex<OfResource, OfName, OfSeries> {
  /** By its attributes, in any order. */
  resource(attributes: readonly Attribute[]): Resource<OfResource, OfSeries>
  name(metric: string, attributes: readonly Attribute[]): SeriesName<OfName>
  /** Undefined if there are too many. With delta temporality a new start is not a new series. */
  series(
    resource: Resource<OfResource, OfSeries>,
    name: SeriesName<OfName>,
    point: Point,
    delta: boolean,
  ): Series<OfSeries> | undefined
  /** True once there were too many. */
  readonly full: boolean
}

export function createSeriesIndex<OfResource, OfName, OfSeries>(
  max: number,
): SeriesIndex<OfResource, OfName, OfSeries> {
  const resources = new Map<string, Resource<OfResource, OfSeries>>()
  const names = new Map<string, SeriesName<OfName>>()
  let [count, full] = [0, false]
  return {
    resource(attributes) {
      const key = keyOf(attributes)
      let known = resources.get(key)
      if (!known) {
        known = { series: new Map(), start: '' }
        if (resources.size < max) resources.set(key, known)
      }
      return known
    },
    name(metric, attributes) {
      const key = bounded(`${metric.length} ${metric}${keyOf(attributes)}`)
      let known = names.get(key)
      if (!known) {
        known = { id: names.size }
        if (names.size < max) names.set(key, known)
      }
      return known
    },
    series(resource, { id }, point, delta) {
      const start = delta ? '' : (point.startTimeUnixNano ?? 0)
      if (!resource.series.size) resource.start = start
      // The key of most series is a number, which takes no memory of its own.
      const key = start === resource.start ? id : `${id} ${start}`
      let known = resource.series.get(key)
      if (!known) {
        if (count >= max) {
          full = true
          return undefined
        }
        count++
        resource.series.set(key, (known = { highest: 0 }))
      }
      return known
    },
    get full() {
      return full
    },
  }
}

/**
 * How much a point of a monotonic sum adds to its series. A cumulative point adds what exceeds the highest value so far; a
 * repeated or older point adds nothing. A delta point adds its value.
 */
export function increaseBy(point: Point, series: Series<unknown>, delta: boolean): number {
  const value = Number(point.asInt ?? point.asDouble ?? 0)
  // NaN and the infinities are valid values, but not counts.
  if (!Number.isFinite(value)) return 0
  if (delta) return Math.max(0, value)
  const added = Math.max(0, value - series.highest)
  series.highest = Math.max(value, series.highest)
  return added
}

/** Attributes as one text. Different attributes give different texts; their order does not matter (data model). */
export function keyOf(attributes: readonly Attribute[]): string {
  let key = ''
  for (const { key: name, value } of sorted(attributes)) {
    const text = value?.stringValue
    key += `${name.length} ${name}`
    // Each is written with its length, so no separator is needed, which could be in a text.
    key += typeof text === 'string' ? `${text.length} ${text}` : `=${JSON.stringify(value ?? null)}`
  }
  return bounded(key)
}

const MAX_KEY = 500

/** A sender can make it as long as a body. Of a long one only the hash is kept. */
function bounded(key: string): string {
  return key.length > MAX_KEY ? hashOf(key) : key
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** A Collector may change the order. Most keep it, so it is checked before it is sorted. */
function sorted(attributes: readonly Attribute[]): readonly Attribute[] {
  for (let index = 1; index < attributes.length; index++)
    if (attributes[index - 1]!.key > attributes[index]!.key)
      return [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1))
  return attributes
}
