/** How much came in each second of the last minute. */
export interface Pulse {
  add(count: number): void
  /** The oldest second first, the one that is not over last. */
  seconds(): number[]
}

const SECONDS = 60

export function createPulse(now: () => number = Date.now): Pulse {
  const counts: number[] = Array.from({ length: SECONDS }, () => 0)
  let current = Math.floor(now() / 1000)

  /** Empties the seconds in which nothing came. */
  function move(): void {
    const second = Math.floor(now() / 1000)
    // A clock that was set back counts on in the second that it had come to.
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
