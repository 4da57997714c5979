const { closeSync, constants, fstatSync, openSync, readFileSync, readSync, renameSync, statSync, writeSync } =
  process.getBuiltinModule('node:fs')

/**
 * The file of one series: a mark for each invocation, the time in ms since 1970 and a newline, appended by a single
 * `O_APPEND` write. So the count is size / 14, the start is the first mark, and there is no lock and no rewrite.
 */

/** What a tally says at one moment. Times in ms since 1970. */
export interface Reading {
  count: number
  start: number
  /** Of the last marks, at most 64. */
  recent: number[]
}

const MARK = 14
/** 1 MiB. */
const MAX_MARKS = Math.floor(2 ** 20 / MARK)
/** A clock this far behind its own marks was wrong when they were written: receivers refuse times that far ahead. */
const MAX_AHEAD_MS = 5 * 60_000
/** A burst: this many marks in this time. Then one invocation in `BURST_EVERY` sends. */
const BURST_MARKS = 60
const BURST_MS = 60_000
const BURST_EVERY = 64

/** How many processes may be between their look at the clock and their mark. */
const RECENT_MARKS = 64

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL } = constants
// A symlink or a FIFO in the place of a tally is nothing of ours. Windows has neither flag.
const O_SAFE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Counts one invocation at `now`. The mark is on disk when this returns. Throws where it cannot be stored. False while a
 * burst lasts and this invocation is not the one that sends for it.
 * `prepare` is called before the file of a new series is made: it makes the folder, or throws to refuse the series.
 * A tally that is full or damaged is set aside as `<path>~`, and the series starts anew: a counter reset with a later
 * start, as OTLP defines it (metrics data model, "Resets and Gaps").
 */
export function append(path: string, now: number, prepare: () => void): boolean {
  for (let floor = now; ; ) {
    const fd = openForAppend(path, prepare)
    try {
      const state = examine(fd, now)
      if (state && state.count < MAX_MARKS) return appendTo(fd, state.count, Math.max(floor, state.last))
      // The new series starts after the last time that the old one can have been sent with.
      if (state) floor = Math.max(now, state.last + 3)
      setAside(path, fd)
    } finally {
      closeSync(fd)
    }
  }
}

/** Reads a tally. Undefined for one that is empty or damaged; throws where there is none. */
export function read(path: string, now: number): Reading | undefined {
  const fd = openSync(path, O_RDONLY | O_SAFE)
  try {
    const state = examine(fd, now)
    if (!state?.count) return undefined
    const { count, first } = state
    // 2 ms before the first mark, so that start < zero point < first point also at a resolution of 1 ms.
    return { count, start: first - 2, recent: recent(fd, count) }
  } finally {
    closeSync(fd)
  }
}

function recent(fd: number, count: number): number[] {
  const marks = Math.min(count, RECENT_MARKS)
  const bytes = Buffer.alloc(marks * MARK)
  readSync(fd, bytes, 0, bytes.length, (count - marks) * MARK)
  return timesIn(bytes.toString('latin1'))
}

/** The file that says that a body has begun this series. With its start, so that it does not count for the next one. */
export function beginning(path: string, start: number): string {
  return `${path}!${start}`
}

/**
 * True for one process alone, of however many ask: its body begins the series with a point of zero. Throws where that
 * cannot be stored.
 */
export function begin(path: string, start: number): boolean {
  try {
    closeSync(openSync(beginning(path, start), O_WRONLY | O_CREAT | O_EXCL, 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The time of every mark, in the order in which they were made. What is no mark is passed over. */
export function readTimes(path: string): number[] {
  const fd = openSync(path, O_RDONLY | O_SAFE)
  try {
    return fstatSync(fd).isFile() ? timesIn(readFileSync(fd, 'latin1')) : []
  } finally {
    closeSync(fd)
  }
}

/** What is no mark is passed over. */
function timesIn(text: string): number[] {
  return text.split('\n').filter(isMark).map(Number)
}

interface State {
  /** How many marks. */
  count: number
  first: number
  last: number
}

/** All from one descriptor, so that it belongs together. Undefined for a damaged tally. */
function examine(fd: number, now: number): State | undefined {
  const stats = fstatSync(fd)
  if (!stats.isFile()) throw new Error('a tally is not a regular file')
  if (stats.size === 0) return { count: 0, first: now, last: 0 }
  const count = stats.size / MARK
  if (!Number.isInteger(count)) return undefined
  const first = readMark(fd, 0)
  const last = count === 1 ? first : readMark(fd, count - 1)
  // NaN, a mark that is not one, fails the comparison.
  return Math.max(first, last) <= now + MAX_AHEAD_MS ? { count, first, last } : undefined
}

const bytes = Buffer.alloc(MARK)

/** The time of one mark, counted from 0; NaN for bytes that are not a mark. */
function readMark(fd: number, index: number): number {
  const size = readSync(fd, bytes, 0, MARK, index * MARK)
  const text = bytes.toString('latin1', 0, size)
  return text.endsWith('\n') && isMark(text.slice(0, -1)) ? Number(text) : Number.NaN
}

function isMark(text: string): boolean {
  // From 2001 on, so that the start of the series, which is a little before it, is after 1970.
  return text.length === MARK - 1 && /^[1-9]\d+$/.test(text)
}

function appendTo(fd: number, count: number, time: number): boolean {
  if (writeSync(fd, `${time}\n`) !== MARK) throw new Error('the disk is full')
  const burst = count + 1 >= BURST_MARKS && readMark(fd, count + 1 - BURST_MARKS) > time - BURST_MS
  return !burst || (count + 1) % BURST_EVERY === 0
}

/** Most invocations find their tally there; only a new series has anything to prepare. */
function openForAppend(path: string, prepare: () => void): number {
  const flags = O_RDWR | O_APPEND | O_SAFE
  try {
    return openSync(path, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    prepare()
    return openSync(path, flags | O_CREAT, 0o600)
  }
}

/** Renames the file that was examined, unless another process has done so already and begun the next one. */
function setAside(path: string, fd: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) renameSync(path, `${path}~`)
}
