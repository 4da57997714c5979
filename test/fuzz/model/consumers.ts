/** A data point as it arrives. `key` is the series with its ids, `series` without them. */
export interface Point {
  key: string
  series: string
  time: number
  value: number
}

/** A request that was stored. `late`: when its process could not know any more whether it comes before others. */
export interface Arrival {
  points: readonly Point[]
  late: boolean
}

interface Sample {
  time: number
  value: number
}

export type Sums = Readonly<Record<string, ReadonlyMap<string, number>>>

/**
 * What backends count of what has arrived in this order, by series:
 *
 * - `whole`: Prometheus, which refuses a whole request if one sample is out of order, and counts growth;
 * - `each`: the same, but it drops only such samples;
 * - `window`: the same with an out-of-order window, which takes all samples;
 * - `delta`, `oldDelta`: the Collector's cumulativetodelta, which ignores times. It counts all of a first value, and of a
 *   lower one nothing, or in older versions all of it;
 * - `max`: the largest value of each id, as `otlp-tally report` reads it.
 */
export function consume(arrivals: readonly Arrival[]): Sums {
  let whole = new Map<string, Sample[]>()
  const each = new Map<string, Sample[]>()
  const all = new Map<string, Map<number, number>>()
  const delta = new Map<string, number>()
  const oldDelta = new Map<string, number>()
  const last = new Map<string, number>()
  for (const { points } of arrivals) {
    put(each, points)
    const copy = new Map([...whole].map(([key, samples]) => [key, [...samples]]))
    if (put(copy, points)) whole = copy
    for (const { key, time, value } of points) {
      if (!all.has(key)) all.set(key, new Map())
      all.get(key)!.set(time, value)
      const before = last.get(key)
      last.set(key, value)
      add(delta, key, before === undefined ? value : Math.max(0, value - before))
      add(oldDelta, key, before === undefined || value < before ? value : value - before)
    }
  }
  const names = new Map(arrivals.flatMap(({ points }) => points.map(({ key, series }) => [key, series])))
  const sums = (byKey: Iterable<[string, number]>) => {
    const sum = new Map<string, number>()
    for (const [key, value] of byKey) add(sum, names.get(key)!, value)
    return sum
  }
  const grown = (samples: Map<string, Sample[]>) => sums([...samples].map(([key, list]) => [key, grew(list)]))
  const sorted = new Map(
    [...all].map(([key, values]) => [
      key,
      [...values].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value })),
    ]),
  )
  const max = [...all].map(([key, values]): [string, number] => [key, Math.max(...values.values())])
  return {
    ...{ whole: grown(whole), each: grown(each), window: grown(sorted), max: sums(max) },
    ...{ delta: sums(delta), oldDelta: sums(oldDelta) },
  }
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value)
}

/** False where a point is older than what is there, or another value of the same time. */
function put(samples: Map<string, Sample[]>, points: readonly Point[]): boolean {
  let inOrder = true
  for (const { key, time, value } of points) {
    const list = samples.get(key) ?? []
    samples.set(key, list)
    const last = list.at(-1)
    if (!last || time > last.time) list.push({ time, value })
    else if (time < last.time || value !== last.value) inOrder = false
  }
  return inOrder
}

/** `increase` without extrapolation: a lower value begins anew. */
function grew(samples: readonly Sample[]): number {
  let sum = 0
  for (const [i, { value }] of samples.entries()) {
    const before = samples[i - 1]?.value
    if (before !== undefined) sum += value < before ? value : value - before
  }
  return sum
}
