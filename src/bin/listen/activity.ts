import { fieldMeanings } from '../../body/field-meanings.ts'
import { visible } from '../../terminal/printable.ts'
import { createFeed, type Feed } from './feed.ts'
import { createLastMinute, type LastMinute } from './last-minute.ts'
import { type Piece, pretty } from './pretty.ts'
import type { Arrival } from './totals.ts'

/** The last body that was accepted. */
export interface LastBody {
  /** In characters. */
  length: number
  /** As the page shows it, invisible characters escaped. */
  pieces: Piece[]
  /** What its fields are for; empty for a body that is too long to explain. */
  fields: readonly (readonly [field: string, sentence: string])[]
}

export interface Remark {
  time: number
  sentence: string
  /** How often it came in a row. */
  times: number
}

/** What has happened since the start, apart from the counts. */
export interface Activity {
  started: number
  accepted: number
  refused: number
  /** Why the last one was refused. */
  refusal: string | undefined
  /** The last ones, newest first. */
  remarks: readonly Remark[]
  lastMinute: LastMinute
  feed: Feed
  lastBody(): LastBody | undefined
}

/** The same, and how to add to it. */
export interface ActivityRecorder extends Activity {
  accept(text: string, parsed: unknown): void
  arrival(arrival: Arrival): void
  refuse(why: string | undefined): void
  remark(sentence: string): void
}

const MAX_REMARKS = 10
/** A body of the library has some 1500 characters. */
const MAX_PARSED = 2 ** 18
const MAX_SHOWN = 20_000

export function createActivity(now: () => number = Date.now): ActivityRecorder {
  const remarks: Remark[] = []
  const [lastMinute, feed] = [createLastMinute(now), createFeed(now)]
  let last: { length: number; text: string; parsed: unknown } | undefined
  let shown: LastBody | undefined
  const activity: ActivityRecorder = {
    ...{ started: now(), accepted: 0, refused: 0, refusal: undefined, remarks, lastMinute, feed },
    accept(text, parsed) {
      const isShort = text.length <= MAX_PARSED
      activity.accepted++
      // Only the beginning of a long one, as a copy: a slice would keep all of it in memory.
      const kept = isShort ? text : Buffer.from(text.slice(0, MAX_SHOWN)).toString()
      last = { length: text.length, text: kept, parsed: isShort ? parsed : undefined }
      shown = undefined
    },
    arrival(arrival) {
      feed.add(arrival)
      lastMinute.add(arrival.kind === 'run' ? arrival.added : 0)
    },
    refuse(why) {
      activity.refused++
      activity.refusal = why
    },
    remark(sentence) {
      const [latest] = remarks
      if (latest?.sentence === sentence) Object.assign(latest, { time: now(), times: latest.times + 1 })
      else remarks.unshift({ time: now(), sentence, times: 1 })
      remarks.length = Math.min(remarks.length, MAX_REMARKS)
    },
    lastBody: () => (shown ??= last && bodyFor(last)),
  }
  return activity
}

function bodyFor({ length, text, parsed }: { length: number; text: string; parsed: unknown }): LastBody {
  if (parsed === undefined) return { length, pieces: [{ text: visible(text) }], fields: [] }
  const fields = fieldMeanings(parsed)
  return { length, fields, pieces: pretty(parsed, new Set(fields.map(([field]) => field)), MAX_SHOWN) }
}
