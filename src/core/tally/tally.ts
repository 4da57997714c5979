import { fs, hasCode } from '../node.ts'
import { WRITTEN } from '../version.ts'
import { setAside } from './files.ts'

/**
 * The file of one series: a mark for each invocation, the time in ms since 1970 and a newline, appended by a single
 * `O_APPEND` write. So the count is size / 14, the start is the first mark, and there is no lock and no rewrite.
 */

/** What a tally says at one moment. Times in ms since 1970. */
export interface Reading {
  count: number
  first: number
  /** The latest mark. */
  last: number
  /** The last marks as they are in the file, at most 64. */
  tail: string
}

const MARK = 14
/** 1 MiB. */
const MAX_MARKS = Math.floor(2 ** 20 / MARK)
/** No clock is wrong by more than this: such a mark is damage. */
const MAX_AHEAD_MS = 10 * 365 * 24 * 3_600_000
/** A burst: this many marks in this time. Then one invocation in `BURST_EVERY` sends. */
const BURST_MARKS = 60
const BURST_MS = 60_000
const BURST_EVERY = 64

/** How many processes may be between their look at the clock and their mark. */
const RECENT_MARKS = 64
/** The most that a stream can hold. */
const SERIES = 128

/**
 * Counts one invocation at `now`. The mark is on disk when this returns. Throws where it cannot be stored. False while
 * a burst lasts and this invocation is not the one that sends for it.
 *
 * `prepare` is called before the file of a new series is made: it makes the folder, or throws to refuse the series.
 * Marks never go back: with a clock that is behind, a mark has the time of the one before it. A tally that is full or
 * damaged is set aside, and the series starts anew: a counter reset with a later start, as OTLP defines it (metrics
 * data model, "Resets and Gaps").
 */
export function append(path: string, now: number, prepare: () => void): boolean {
  let time = Math.max(now, WRITTEN)
  for (;;) {
    const fd = openToAppend(path, prepare)
    try {
      const stats = fs.fstatSync(fd)
      const reading = examine(fd, stats, time)
      if (reading && reading.count < MAX_MARKS) {
        const { count, last, tail } = reading
        time = Math.max(time, last)
        write(fd, time, stats.size)
        const nth = count + 1
        const early = Number.parseInt(tail.slice(MARK * (1 - BURST_MARKS)), 10)
        return nth < BURST_MARKS || early <= time - BURST_MS || nth % BURST_EVERY === 0
      }
      // The new series starts after the last time that the old one can have been sent with, and the times of bodies do
      // not go back although its marks are missing: see `timeOf`.
      time = Math.max(time, reading?.last ?? 0) + RECENT_MARKS * SERIES + 3
      setAside(path, stats)
    } finally {
      fs.closeSync(fd)
    }
  }
}

/** Reads a tally. Undefined for one that is empty or damaged; throws where there is none. */
export function read(path: string, now: number): Reading | undefined {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | safe())
  try {
    const reading = examine(fd, fs.fstatSync(fd), now)
    return reading?.count ? reading : undefined
  } finally {
    fs.closeSync(fd)
  }
}

/** Most invocations find their tally there; only a new series has anything to prepare. */
function openToAppend(path: string, prepare: () => void): number {
  const { O_RDWR, O_APPEND, O_CREAT } = fs.constants
  try {
    return fs.openSync(path, O_RDWR | O_APPEND | safe())
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    prepare()
    return fs.openSync(path, O_RDWR | O_APPEND | O_CREAT | safe(), 0o600)
  }
}

/** Flags that refuse a symlink or FIFO in place of a tally. Windows has neither. */
export function safe(): number {
  return (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0)
}

/** All from one descriptor, so that it belongs together. Undefined for a damaged tally. */
function examine(fd: number, stats: import('node:fs').Stats, now: number): Reading | undefined {
  if (!stats.isFile()) throw new Error('a tally is not a regular file')
  const { size } = stats
  const count = size / MARK
  if (count === 0) return { count, first: now, last: 0, tail: '' }
  if (!Number.isInteger(count)) return undefined
  const marks = Buffer.allocUnsafe(RECENT_MARKS * MARK)
  const length = Math.min(size, marks.length)
  const at = (position: number, length: number) =>
    marks.toString('latin1', 0, fs.readSync(fd, marks, 0, length, position))
  const tail = at(size - length, length)
  const start = length < size ? at(0, MARK) : ''
  // From 2001 on, so that the start of the series, which is a little before it, is after 1970.
  if (tail.length !== length || !/^([1-9]\d{12}\n)+$/.test(start + tail)) return undefined
  // Not the last one: of two processes, the one that looked at the clock first may make its mark second.
  const first = Number.parseInt(start + tail, 10)
  const last = Math.max(first, ...tail.trimEnd().split('\n').map(Number))
  return last <= now + MAX_AHEAD_MS ? { count, first, last, tail } : undefined
}

function write(fd: number, time: number, size: number): void {
  const written = fs.writeSync(fd, `${time}\n`)
  if (written === MARK) return
  // A part of a mark would damage the tally. Where others have written behind it, nothing can be taken back.
  if (fs.fstatSync(fd).size === size + written) fs.ftruncateSync(fd, size)
  throw new Error('the disk is full')
}

/**
 * The start of a series: 2 ms before the first mark, so that start < zero point < first point at a resolution of 1 ms.
 */
export function startOf({ first }: Pick<Reading, 'first'>): number {
  return first - 2
}

/**
 * The one time of a body, which grows with each mark of whichever series, and depends on nothing else: of two processes
 * that send at once, the one that has seen more is the later one, whichever looked at the clock first. Otherwise the
 * lower count of the other would look like a counter that was reset.
 *
 * It is the latest mark's time and 1 ms for every other mark, of which 64 count for each series. A backend whose times
 * are in nanoseconds also tells those apart that are beyond them.
 */
export function timeOf(readings: readonly Pick<Reading, 'count' | 'last'>[]): {
  time: number
  nanos: number
} {
  let time = -1
  let nanos = 0
  let latest = 0
  for (const { count, last } of readings) {
    const near = Math.min(count, RECENT_MARKS)
    time += near
    nanos += count - near
    latest = Math.max(latest, last)
  }
  return { time: time + latest, nanos: Math.min(nanos, 999_999) }
}
