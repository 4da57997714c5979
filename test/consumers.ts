/** What backends count of the bodies that they have stored. Written from their documentation, not from this library. */

interface Point {
  /** Resource, metric and attributes: what has a value of its own in a backend. */
  series: string
  start: bigint
  /** In ns since 1970, as the start. */
  time: bigint
  value: number
}

/** The points of a body, in their order. */
export function pointsOf(body: string): Point[] {
  return JSON.parse(body).resourceMetrics.flatMap((part: Record<string, never[]>) =>
    (part.scopeMetrics as Record<string, never>[]).flatMap(scope =>
      (scope.metrics as unknown as { name: string; sum: { dataPoints: Record<string, string>[] } }[]).flatMap(
        ({ name, sum }) =>
          sum.dataPoints.map(({ attributes, startTimeUnixNano, timeUnixNano, asInt }) => ({
            series: JSON.stringify([part.resource, name, attributes]),
            start: BigInt(startTimeUnixNano!),
            time: BigInt(timeUnixNano!),
            value: Number(asInt),
          })),
      ),
    ),
  )
}

function grouped(bodies: readonly string[]): Point[][] {
  const groups = new Map<string, Point[]>()
  for (const point of bodies.flatMap(pointsOf))
    groups.set(point.series, [...(groups.get(point.series) ?? []), point])
  return [...groups.values()]
}

/** Prometheus with an open out-of-order window: by time, `increase` counts the whole value after a fall. */
function byTime(bodies: readonly string[]): number {
  return sum(grouped(bodies), points => {
    const sorted = points.sort((a, b) => (a.time === b.time ? a.value - b.value : a.time < b.time ? -1 : 1))
    return increase(sorted.map(({ value }) => value))
  })
}

/** Prometheus with its defaults: ms resolution, and a sample that is not newer than the last one is refused. */
function byDefault(bodies: readonly string[]): number {
  return sum(grouped(bodies), points => {
    const kept: Point[] = []
    for (const point of points)
      if (!kept.length || point.time / 1_000_000n > kept.at(-1)!.time / 1_000_000n) kept.push(point)
    return increase(kept.map(({ value }) => value))
  })
}

function increase(values: readonly number[]): number {
  let total = 0
  for (let i = 1; i < values.length; i++)
    total += values[i]! < values[i - 1]! ? values[i]! : values[i]! - values[i - 1]!
  return total
}

/** The Collector's cumulativetodelta: by arrival, does not look at times; a lower value is dropped, and the new base. */
function byArrival(bodies: readonly string[]): number {
  return sum(grouped(bodies), points => {
    let total = 0
    let last: number | undefined
    for (const { value } of points) {
      total += last === undefined ? value : Math.max(0, value - last)
      last = value
    }
    return total
  })
}

/** The rule of OTLP: the newest value of each series and start. */
function byStart(bodies: readonly string[]): number {
  const newest = new Map<string, Point>()
  for (const point of bodies.flatMap(pointsOf)) {
    const key = point.series + point.start
    if (!newest.has(key) || newest.get(key)!.time <= point.time) newest.set(key, point)
  }
  return sum([...newest.values()], ({ value }) => value)
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0)
}

/** What each kind of consumer counts. */
export interface Counted {
  byTime: number
  byDefault: number
  byArrival: number
  byStart: number
}

export function countedBy(bodies: readonly string[]): Counted {
  return {
    byTime: byTime(bodies),
    byDefault: byDefault(bodies),
    byArrival: byArrival(bodies),
    byStart: byStart(bodies),
  }
}

/** All of them count this. */
export function all(count: number): Counted {
  return { byTime: count, byDefault: count, byArrival: count, byStart: count }
}

/** The values of an attribute of the resources: `service.instance.id`. */
export function resourceValues(bodies: readonly string[], key: string): Set<string> {
  const values = bodies.flatMap(body =>
    JSON.parse(body).resourceMetrics.flatMap(
      ({ resource }: { resource: { attributes: { key: string; value: { stringValue: string } }[] } }) =>
        resource.attributes.filter(one => one.key === key).map(one => one.value.stringValue),
    ),
  )
  return new Set(values)
}
