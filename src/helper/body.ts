import type { Body, Job, Source, Tallied } from '../core/deliver/job.ts'
import { SEP } from '../core/node.ts'
import { parseSeries } from '../core/tally/series.ts'
import { list } from '../core/tally/stream.ts'
import { read, startOf, timeOf } from '../core/tally/tally.ts'
import { isListed } from '../core/vocabulary.ts'
import { announce, beginning, settle } from './beginnings.ts'
import { encodeMetrics, type Point } from './metrics.ts'

/**
 * The body with every series of a job's source, all at one time. A series that has not begun is begun by it: it gets a point
 * of zero, 1 ms before the other one. Undefined where there is nothing to send. `busy` while another process begins
 * series; to one that is not `patient` it gives what has begun.
 */
export function bodyOf(
  { source, timeoutMs }: Pick<Job, 'source' | 'timeoutMs'>,
  now: number,
  patient: boolean,
): Body | 'busy' | undefined {
  const { folder, own } = source
  const seen = look(source, now)
  if (!folder || own || !seen.open.length) return encode(source, seen, seen.open)
  const note = announce(folder, now, now + timeoutMs + 1000, seen.open, () => look(source, now).all)
  if (!note) return patient ? 'busy' : encode(source, seen, [])
  let body: Body | undefined
  try {
    // Others may have begun some before the note was there, and have counted on: so all is read again.
    const again = look(source, now)
    const series = again.open.filter(one => note.series.includes(one))
    body = encode(source, again, series)
    if (body && series.length) body.note = { ...note, series }
    return body
  } finally {
    if (!body?.note) settle(note, true)
  }
}

/** A source at one moment. */
interface Look extends ReturnType<typeof timeOf> {
  series: Tallied[]
  /** The beginnings of those that have not begun. */
  open: string[]
  /** The beginnings of all, also of what may not be sent. */
  all: string[]
}

/**
 * Lists, reads, and lists again, until both lists are the same. Otherwise it could have read marks that were made after a
 * series had begun, and not see that it had; or see that, and have missed marks of a metric that was new.
 */
function look(source: Source, now: number): Look {
  for (let files = filesOf(source); ; ) {
    const seen = lookAt(source, files, now)
    const after = filesOf(source)
    if (after.size === files.size && [...after].every(path => files.has(path))) return seen
    files = after
  }
}

/** What is below a stream, but for the notes, which come and go. */
const filesOf = ({ folder }: Source) =>
  new Set((folder ? list(folder) : []).filter(path => !path.startsWith('!')))

function lookAt({ folder, own = [], only, options }: Source, files: Set<string>, now: number): Look {
  const all: Tallied[] = []
  for (const path of files) {
    const series = parseSeries(path)
    try {
      const reading = series && read(`${folder}${SEP}${path}`, now)
      if (reading) all.push({ series, path, ...reading })
    } catch {
      // set aside just now, or not ours to read: the other series are still right
    }
  }
  for (const one of own) {
    const known = all.find(({ path }) => path === one.path)
    if (!known) all.push(one)
    else Object.assign(known, { count: known.count + one.count, last: Math.max(known.last, one.last) })
  }
  const series = all.filter(one => (only ? only.includes(one.path) : isListed(one.series, options) !== false))
  // The time is also of what may not be sent any more, so that it never goes back.
  const open = series.map(beginningOf).filter(one => !files.has(one))
  return { ...timeOf(all), series, open, all: all.map(beginningOf) }
}

function encode(source: Source, seen: Look, begun: readonly string[]): Body | undefined {
  const { resource, options, interval } = source
  const { time, nanos, open } = seen
  const points = seen.series.flatMap((one): Point[] => {
    const { series, count: value } = one
    if (interval) return [{ ...series, start: interval[0], time: interval[1], value }]
    const start = startOf(one)
    const point = { ...series, start, time, nanos, value }
    if (!open.includes(beginningOf(one))) return [point]
    return begun.includes(beginningOf(one)) ? [{ ...series, start, time: time - 1, value: 0 }, point] : []
  })
  return points.length ? { text: encodeMetrics(resource, points, options) } : undefined
}

const beginningOf = (one: Tallied) => beginning(one.path, startOf(one))
