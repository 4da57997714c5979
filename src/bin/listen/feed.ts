import { nameOf } from './names.ts'
import type { Arrival } from './totals.ts'

/** What came, one entry per command and body. */
export interface Entry {
  /** Counts up, so that a page knows which ones are new. */
  id: number
  time: number
  /** Whose, and what: `trix 0.19.3`, `build`. */
  name: string
  said: string
}

export interface Feed {
  add(arrival: Arrival): void
  /** The last ones, newest first. */
  entries(): readonly Entry[]
}

/** As many as a page shows. */
const MAX = 12

export function createFeed(now: () => number = Date.now): Feed {
  const entries: Entry[] = []
  let id = 0
  return {
    add(arrival) {
      const entry =
        arrival.kind === 'other'
          ? { name: arrival.metric, said: `${arrival.type}, not counted` }
          : { name: nameOf(arrival), said: `+${arrival.added}` }
      entries.unshift({ ...entry, id: ++id, time: now() })
      entries.length = Math.min(entries.length, MAX)
    },
    entries: () => entries,
  }
}
