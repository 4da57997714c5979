import { meaning } from '../../body/meaning.ts'
import { visible } from '../../terminal/printable.ts'
import { createFeed, type Feed } from './feed.ts'
import { type Piece, pretty } from './pretty.ts'
import { createPulse, type Pulse } from './pulse.ts'
import type { Arrival } from './totals.ts'

/** The body that came last. */
export interface LastBody {
  /** In characters. */
  length: number
  /** As it is shown, with nothing in it that a reader could not see. */
  pieces: Piece[]
  /** What its fields are for; none where it was too long to be taken apart for a reader. */
  fields: readonly (readonly [field: string, sentence: string])[]
}

export interface Remark {
  time: number
  sentence: string
  /** How often it was said, one after the other. */
  times: number
}

/** What has happened since the start, besides the counts. */
export interface History {
  started: number
  accepted: number
  refused: number
  /** Why the last one was. */
  refusal: string | undefined
  /** The last ones, newest first. */
  remarks: readonly Remark[]
  pulse: Pulse
  feed: Feed
  lastBody(): LastBody | undefined
}

/** Takes note of what happens. */
export interface Recorder extends History {
  accept(text: string, parsed: unknown): void
  arrival(arrival: Arrival): void
  refuse(why: string | undefined): void
  remark(sentence: string): void
}

const MAX_REMARKS = 10
/** A body of the library has some 1500 characters. */
const MAX_PARSED = 2 ** 18
const MAX_SHOWN = 20_000

export function createHistory(now: () => number = Date.now): Recorder {
  const remarks: Remark[] = []
  const [pulse, feed] = [createPulse(now), createFeed(now)]
  let last: { length: number; text: string; parsed: unknown } | undefined
  let shown: LastBody | undefined
  const history: Recorder = {
    ...{ started: now(), accepted: 0, refused: 0, refusal: undefined, remarks, pulse, feed },
    accept(text, parsed) {
      const isShort = text.length <= MAX_PARSED
      history.accepted++
      // Of a long one only the beginning, copied: a slice would keep all of it in memory.
      const kept = isShort ? text : Buffer.from(text.slice(0, MAX_SHOWN)).toString()
      last = { length: text.length, text: kept, parsed: isShort ? parsed : undefined }
      shown = undefined
    },
    arrival(arrival) {
      feed.add(arrival)
      pulse.add(arrival.kind === 'run' ? arrival.added : 0)
    },
    refuse(why) {
      history.refused++
      history.refusal = why
    },
    remark(sentence) {
      const [latest] = remarks
      if (latest?.sentence === sentence) Object.assign(latest, { time: now(), times: latest.times + 1 })
      else remarks.unshift({ time: now(), sentence, times: 1 })
      remarks.length = Math.min(remarks.length, MAX_REMARKS)
    },
    lastBody: () => (shown ??= last && bodyFor(last)),
  }
  return history
}

function bodyFor({ length, text, parsed }: { length: number; text: string; parsed: unknown }): LastBody {
  if (parsed === undefined) return { length, pieces: [{ text: visible(text) }], fields: [] }
  const fields = meaning(parsed)
  return { length, fields, pieces: pretty(parsed, new Set(fields.map(([field]) => field)), MAX_SHOWN) }
}
