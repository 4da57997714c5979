import { fileName, parseSeries, type Series, seriesPath } from './series.ts'
import { readLine } from './state-file.ts'
import { append, begin, beginning, type Reading, read } from './tally.ts'

const { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } =
  process.getBuiltinModule('node:fs')
const { dirname, join } = process.getBuiltinModule('node:path')

/** A series with what its tally says. */
export interface Tallied extends Pick<Reading, 'count' | 'start'> {
  series: Series
  /** The time of the point. */
  time: number
  /** A body has begun this series with its point of zero. */
  begun: boolean
}

/**
 * Who writes: one stream per installation and exact set of resource attributes, because a changed attribute is a new
 * series in many backends, and a count carried over would be counted twice.
 */
export interface Stream {
  /** `service.instance.id`, a random UUID that lives and dies with the counts. */
  readonly instance: string
  /**
   * Counts one invocation; false while a burst lasts and this one need not be sent. Throws where it cannot be stored, a
   * `RangeError` where there are too many series.
   */
  append(series: Series, now: number): boolean
  /** True for the one body, of all processes, that is to begin this series. */
  begin(tallied: Tallied): boolean
  /** Every series, each once, and all at one time. */
  read(now: number): Tallied[]
}

/** Per stream. A tool with more has something in its attributes that is not an attribute. */
export const MAX_SERIES = 128
/** After this long nobody is still sending what they read before the latest mark. */
const QUIET_MS = 60_000
const MAX_AGE_MS = 180 * 24 * 3_600_000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The folder of the stream of this version and whatever else its resource attributes are made of. */
export function streamFolder(state: string, version: string, identity: readonly unknown[]): string {
  const hash = fnv1a(JSON.stringify([version, ...identity]))
  return join(state, 'tallies', `${fileName(version)}-${hash.toString(16).padStart(8, '0')}`)
}

/** The stream in a folder, undefined where there is none (or one without a valid instance id). */
export function findStream(folder: string): Stream | undefined {
  const instance = readInstance(folder)
  if (!instance || !UUID.test(instance)) return undefined
  return {
    instance,
    append: (series, now) => append(join(folder, seriesPath(series)), now, () => prepare(folder, series)),
    begin: ({ series, start }) => begin(join(folder, seriesPath(series)), start),
    read: now => atOneTime(tallies(folder, now), now),
  }
}

/** Throws for what the system refuses, which may be well again in the next run; what is no line of ours never is. */
function readInstance(folder: string): string | undefined {
  try {
    return readLine(join(folder, 'instance'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall) throw error
    return undefined
  }
}

/** The same, made where there is none. Throws where it cannot be stored. */
export function ensureStream(folder: string, now: number): Stream {
  const stored = findStream(folder)
  if (stored) return stored
  makeStream(folder, now)
  return findStream(folder)!
}

/** Made under another name, then renamed: of many first runs at once one wins, whole, and the others take it. */
function makeStream(folder: string, now: number): void {
  const parent = dirname(folder)
  const { randomUUID } = process.getBuiltinModule('node:crypto')
  const instance = randomUUID()
  const temporary = join(parent, `.${instance}`)
  try {
    mkdirSync(temporary, { recursive: true, mode: 0o700 })
    writeFileSync(join(temporary, 'instance'), `${instance}\n`, { mode: 0o600 })
    // A stream without its id: its counts must not go on under another, or they would be counted twice.
    if (statSync(folder, { throwIfNoEntry: false }) && !findStream(folder))
      renameSync(folder, `${folder}~${now}`)
    renameSync(temporary, folder)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!findStream(folder)) throw error
  }
  removeOldStreams(parent, now, folder)
}

function removeOldStreams(parent: string, now: number, made: string): void {
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name)
    // The disk may have another clock than we.
    if (folder === made) continue
    try {
      const touched = ['', ...files(folder)].map(path => statSync(join(folder, path)).mtimeMs)
      if (Math.max(...touched) < now - MAX_AGE_MS) rmSync(folder, { recursive: true, force: true })
    } catch {
      // Another process is making, filling or removing this one. There is a next time.
    }
  }
}

function prepare(folder: string, series: Series): void {
  // A stream that was cleared while we run must not come back without its id.
  if (!findStream(folder)) throw new Error('the stream is gone')
  if ([...files(folder)].filter(parseSeries).length >= MAX_SERIES) throw tooManySeries()
  mkdirSync(dirname(join(folder, seriesPath(series))), { recursive: true, mode: 0o700 })
}

export function tooManySeries(): RangeError {
  return new RangeError(`there are ${MAX_SERIES} series already`)
}

/**
 * All series have the same time, because Prometheus makes one `target_info` of it and refuses a request in which that is
 * older than before. It is that of the latest mark or a little later; now only if there was no mark for a while.
 */
function atOneTime(all: (Omit<Tallied, 'time'> & Reading)[], now: number): Tallied[] {
  const marks = all.flatMap(({ recent }) => recent)
  const time = Math.max(...marks) < now - QUIET_MS ? now : timeOf(marks)
  return all.map(({ recent: _, ...tallied }) => ({ ...tallied, time }))
}

/**
 * A time that grows with each mark: of two processes that send at once, the one that has seen more is the later one,
 * whichever looked at the clock first. Else the other one's lower count would look like a counter that was reset.
 * It is the latest of all marks' times, each later by 1 ms for every other mark that came after it or within a minute
 * before; so one more never makes it earlier.
 */
function timeOf(marks: number[]): number {
  marks.sort((a, b) => a - b)
  let first = 0
  return marks.reduce((time, mark) => {
    while (marks[first]! <= mark - QUIET_MS) first++
    return Math.max(time, mark + marks.length - 1 - first)
  }, 0)
}

function tallies(folder: string, now: number): (Omit<Tallied, 'time'> & Reading)[] {
  const all = new Set(files(folder))
  return [...all].flatMap(path => {
    const series = parseSeries(path)
    if (!series) return []
    try {
      const reading = read(join(folder, path), now)
      return reading ? [{ series, ...reading, begun: all.has(beginning(path, reading.start)) }] : []
    } catch {
      return [] // renamed just now, or not ours to read: the other series are still right
    }
  })
}

/** The paths of all files below a folder, with `/` on every platform. What was set aside (`~`) is passed over. */
function* files(folder: string, below = ''): Generator<string> {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* files(folder, `${below}${entry.name}/`)
    else if (!entry.name.endsWith('~')) yield below + entry.name
  }
}

/** 32 bits that keep a handful of folders apart. A cryptographic hash would load `node:crypto` in every run. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
