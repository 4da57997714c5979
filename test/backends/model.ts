import type { Counts } from '../collector/counts.ts'
import { add } from './lab.ts'
import type { Point, Post } from './load.ts'

/** A request that went out to the backends. */
export interface Sent extends Post {
  /** The default Prometheus has taken it. */
  accepted: boolean
}

/**
 * What backends make of points, in a few lines each. A number that differs from what was run has to be the one that these
 * compute: that proves the reason in the table.
 */

/** `increase(… anchored)`: the steps up from the first sample, and after a step down the whole value. */
export function increase(sent: readonly Sent[]): Counts {
  return total(sent, points =>
    steps(byTime(points), (value, before) => (value < before ? value : value - before)),
  )
}

function steps(points: readonly Point[], step: (value: number, before: number) => number): number {
  return points.reduce((sum, { value }, i) => (i ? sum + step(value, points[i - 1]!.value) : 0), 0)
}

/** A point that has the time of an earlier one is not taken. */
function byTime(points: readonly Point[]): Point[] {
  const times = new Map<number, Point>()
  for (const point of points) if (!times.has(point.time)) times.set(point.time, point)
  return [...times.values()].sort((a, b) => a.time - b.time)
}

function total(sent: readonly Sent[], count: (points: readonly Point[]) => number): Counts {
  const series = new Map<string, { cell: string; points: Point[] }>()
  for (const { instance, version, points } of sent.flatMap(post => [post, ...post.older]))
    for (const point of points) {
      const key = `${instance} ${point.command}`
      if (!series.has(key)) series.set(key, { cell: `${version} ${point.command}`, points: [] })
      series.get(key)!.points.push(point)
    }
  return [...series.values()].reduce<Counts>(
    (sum, { cell, points }) => add(sum, { [cell]: count(points) }),
    {},
  )
}
