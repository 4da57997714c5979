/** How many runs came in each second of the last minute. */
export interface LastMinute {
  add(count: number): void
  /** The oldest second first; the last one is not over. */
  seconds(): number[]
}

const SECONDS = 60

export function createLastMinute(now: () => number = Date.now): LastMinute {
  const counts: number[] = Array.from({ length: SECONDS }, () => 0)
  let current = Math.floor(now() / 1000)

  /** Empties the seconds in which nothing came. */
  function move(): void {
    const second = Math.floor(now() / 1000)
    // If the clock was set back, counts go to the latest second that it had reached.
    for (let gone = Math.min(second - current, SECONDS); gone > 0; gone--) {
      counts.shift()
      counts.push(0)
    }
    current = Math.max(current, second)
  }

  return {
    add(count) {
      move()
      counts[SECONDS - 1]! += count
    },
    seconds() {
      move()
      return [...counts]
    },
  }
}
