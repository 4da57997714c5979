import { createHash } from 'node:crypto'
import type { Attribute, Point } from './metrics-of.ts'

// A reader keeps its own data beside each of these: `own`.

/** What sends, and how far its series have come. */
export interface Resource<Own, OfSeries> {
  own?: Own
  series: Map<number | string, Series<OfSeries>>
  /** Of its first series: most have the same. */
  start: string | number
}

/** A metric with attributes, of whatever resource. */
export interface Measured<Own> {
  own?: Own
  id: number
}

export interface Series<Own> {
  own?: Own
  /** The highest value that has come. */
  highest: number
}

/** Knows how far each series has come. */
export interface Growth<OfResource, OfMeasured, OfSeries> {
  /** By its attributes, in whatever order they come. */
  resource(attributes: readonly Attribute[]): Resource<OfResource, OfSeries>
  measured(metric: string, attributes: readonly Attribute[]): Measured<OfMeasured>
  /** Undefined where there are more series than are kept. Of delta temporality a new start is no new series. */
  series(
    resource: Resource<OfResource, OfSeries>,
    measured: Measured<OfMeasured>,
    point: Point,
    delta: boolean,
  ): Series<OfSeries> | undefined
  /** True once there were more series than are kept. */
  readonly full: boolean
}

export function createGrowth<OfResource, OfMeasured, OfSeries>(
  max: number,
): Growth<OfResource, OfMeasured, OfSeries> {
  const resources = new Map<string, Resource<OfResource, OfSeries>>()
  const measures = new Map<string, Measured<OfMeasured>>()
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
    measured(metric, attributes) {
      const key = bounded(`${metric.length} ${metric}${keyOf(attributes)}`)
      let known = measures.get(key)
      if (!known) {
        known = { id: measures.size }
        if (measures.size < max) measures.set(key, known)
      }
      return known
    },
    series(resource, { id }, point, delta) {
      const start = delta ? '' : (point.startTimeUnixNano ?? 0)
      if (!resource.series.size) resource.start = start
      // A number where it can be, which takes no memory of its own.
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
 * What a point of a monotonic sum adds to those of its series that came before it. A cumulative point adds what it is
 * above the highest, the first one all of it; a repeated or older one adds nothing. A delta point adds its value.
 */
export function addedBy(point: Point, series: Series<unknown>, delta: boolean): number {
  const value = Number(point.asInt ?? point.asDouble ?? 0)
  // NaN and the infinities are valid, and no counts.
  if (!Number.isFinite(value)) return 0
  if (delta) return Math.max(0, value)
  const added = Math.max(0, value - series.highest)
  series.highest = Math.max(value, series.highest)
  return added
}

/** Attributes as one text, different for whatever differs. Their order says nothing (data model). */
export function keyOf(attributes: readonly Attribute[]): string {
  let key = ''
  for (const { key: name, value } of inOrder(attributes)) {
    const text = value?.stringValue
    key += `${name.length} ${name}`
    // Most are texts, and each is written with its length: no separator is needed that could be in it.
    key += typeof text === 'string' ? `${text.length} ${text}` : `=${JSON.stringify(value ?? null)}`
  }
  return bounded(key)
}

const MAX_KEY = 500

/** A stranger may have made it as long as a body, so of a long one only its hash is kept. */
function bounded(key: string): string {
  return key.length > MAX_KEY ? hashOf(key) : key
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** A Collector may change the order; most leave it. */
function inOrder(attributes: readonly Attribute[]): readonly Attribute[] {
  for (let index = 1; index < attributes.length; index++)
    if (attributes[index - 1]!.key > attributes[index]!.key)
      return [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1))
  return attributes
}
