import { short } from '../../terminal/number.ts'
import { arrivalName } from './names.ts'
import type { Arrival } from './totals.ts'

/** What came, one entry per series and body. */
export interface Entry {
  /** Counts up: a page knows by it which ones are new. */
  id: number
  time: number
  kind: Arrival['kind']
  /** Whose, and what: `trix 0.19.3  build`. */
  name: string
  said: string
}

export interface Feed {
  add(arrival: Arrival): void
  /** The last ones, newest first. */
  entries(): readonly Entry[]
}

/** As many as a page shows. */
const MAX = 8

export function createFeed(now: () => number = Date.now): Feed {
  const entries: Entry[] = []
  let id = 0
  return {
    add(arrival) {
      const { kind, added } = arrival
      entries.unshift({ id: ++id, time: now(), kind, name: arrivalName(arrival), said: `+${short(added)}` })
      entries.length = Math.min(entries.length, MAX)
    },
    entries: () => entries,
  }
}
