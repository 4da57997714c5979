import { shortNumber } from '../../terminal/number.ts'
import { arrivalName } from './names.ts'
import type { Arrival } from './totals.ts'

/** One series that grew with one body. */
export interface Entry {
  /** Counts up, so the page knows which entries are new. */
  id: number
  time: number
  kind: Arrival['kind']
  /** `trix 0.19.3  build` */
  name: string
  /** `+1` */
  added: string
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
      entries.unshift({
        id: ++id,
        time: now(),
        kind,
        name: arrivalName(arrival),
        added: `+${shortNumber(added)}`,
      })
      entries.length = Math.min(entries.length, MAX)
    },
    entries: () => entries,
  }
}
