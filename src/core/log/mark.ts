import { makeFolder, parentOf, random } from '../files.ts'
import { fs, hasCode } from '../node.ts'
import { isCopied, type Stamp, stampOf } from '../stamp.ts'
import { BURST_PAUSE_MS, heldUntil, isFirstAfterClaim } from './hold.ts'
import { MAX_LOG_BYTES, TAIL_BYTES } from './record.ts'

/** What a command learns when it counts. */
export interface Marked {
  /** The time, in ms since 1970, before which no request is due; 0 where one is due now. */
  heldUntil: number
  /**
   * In a burst, true for the first mark after the last claim: its command starts the helper that sends what follows.
   */
  leads: boolean
}

/**
 * Counts one invocation: appends `<series> <now>` to the log at `path`. When this returns, the system has it: a kill
 * cannot lose it, a power cut can. A new log first gets the head from `headFor`; a full or copied log is set aside
 * first. Throws where it cannot be stored.
 */
export function mark(
  path: string,
  series: string,
  now: number,
  intervalMs: number,
  headFor: (stamp: Stamp) => string,
): Marked {
  // If a log is still full or copied after three tries, the file system cannot keep one.
  for (let tries = 0; tries < 3; tries++) {
    const fd = openToAppend(path)
    try {
      const stats = fs.fstatSync(fd)
      if (!stats.isFile()) throw new Error('the log is not a regular file')
      const { size } = stats
      if (size >= MAX_LOG_BYTES || (size > 0 && isCopiedLog(fd, stats))) {
        setAside(path)
        continue
      }
      const record = `${series} ${now}`
      append(fd, size ? record : `${headFor(stampOf(stats))}\n${record}`)
      const tail = readTail(fd, size, intervalMs)
      const until = heldUntil(tail, now, intervalMs)
      const leads = until > 0 && until <= now + BURST_PAUSE_MS && isFirstAfterClaim(tail, record)
      return { heldUntil: until, leads }
    } finally {
      close(fd)
    }
  }
  throw new Error('the log does not stay the file that it was')
}

/**
 * Appends one record in one write. Throws where not all of it was written: what was written is then no valid record.
 */
export function append(fd: number, record: string): void {
  const bytes = Buffer.from(`\n${record}`, 'latin1')
  if (fs.writeSync(fd, bytes) < bytes.length) throw new Error('the disk is full')
}

/** The text of a log between two offsets, or up to its end. */
export function readText(fd: number, from: number, to: number): string {
  const bytes = Buffer.allocUnsafe(to - from)
  return bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, bytes.length, from))
}

/**
 * The end of a log from which `hold.ts` tells whether a request is due: the last 4 KiB up to `size`, and what was
 * appended after that. Empty where a request is always due: the log is shorter, and the tool has no interval.
 */
export function readTail(fd: number, size: number, intervalMs: number): string {
  if (size <= TAIL_BYTES && !intervalMs) return ''
  return readText(fd, Math.max(0, size - TAIL_BYTES), size + TAIL_BYTES)
}

/** Opens a log to read and append. Throws where there is none. A link or a FIFO in its place is refused. */
export function openLog(path: string, create = 0): number {
  const { O_RDWR, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants
  return fs.openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | create, 0o600)
}

/** Opens a log to read only. A link in its place is refused; a FIFO does not block. */
export function openToRead(path: string): number {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants
  return fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
}

/**
 * Renames a log, so the next command begins a new one. Nothing is lost: what a process that has it open still appends
 * is in a valid log. If two processes do this at once, the second renames the new log: one more small log.
 */
export function setAside(path: string): void {
  try {
    fs.renameSync(path, `${path}~${random()}`)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

function openToAppend(path: string): number {
  const { O_CREAT } = fs.constants
  try {
    return openLog(path, O_CREAT)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    makeFolder(parentOf(path))
    return openLog(path, O_CREAT)
  }
}

/** Reads only the stamp, with which the head begins. */
function isCopiedLog(fd: number, stats: import('node:fs').Stats): boolean {
  const [, ino, birth] = /^\n\{"file":\[(\d+),(\d+)\]/.exec(readText(fd, 0, 64)) ?? []
  return ino !== undefined && isCopied([Number(ino), Number(birth)], stats)
}

function close(fd: number): void {
  try {
    fs.closeSync(fd)
  } catch {
    // NFS and FUSE may fail here. The mark is written, and must not be reported as not stored.
  }
}
