import { fs, hasCode, SEP } from './node.ts'
import { isCopied, NO_STAMP, type Stamp, stampOf } from './stamp.ts'

/**
 * The folders and small files of the state folder: made with 0700 and 0600, and never by a call that can block or loop.
 */

type Stats = import('node:fs').Stats

/** What a file holds, and which file it is. */
export interface Content {
  bytes: Buffer
  stats: Stats
}

/**
 * The bytes of a small file; undefined where there is none. Throws for what is not a regular file, is larger than
 * `maxBytes` or cannot be read. Never blocks, not even on a FIFO that nobody writes to.
 */
export function readWhole(
  path: string,
  maxBytes: number,
  flags: number = fs.constants.O_RDONLY,
): Content | undefined {
  // Most users have few of these files, and this look costs less than an error that is thrown and caught. By `lstat`,
  // since a dangling link is not an absent file.
  if (!fs.lstatSync(path, { throwIfNoEntry: false })) return undefined
  let fd: number
  try {
    fd = fs.openSync(path, flags | (fs.constants.O_NONBLOCK ?? 0))
  } catch (error) {
    // Another process has removed it since.
    if (hasCode(error, 'ENOENT') && !fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      return undefined
    throw error
  }
  try {
    const stats = fs.fstatSync(fd)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
    const bytes = Buffer.allocUnsafe(maxBytes)
    return { bytes: bytes.subarray(0, fs.readSync(fd, bytes, 0, maxBytes, 0)), stats }
  } finally {
    fs.closeSync(fd)
  }
}

/** The names in a folder; none where there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return []
    throw error
  }
}

/**
 * Makes a folder and what is missing above it, one by one. Not by a recursive `mkdir`, which loops for ever in Node
 * where the system says ENOENT for a folder in one that exists (`/proc`, a bind mount whose source was deleted).
 */
export function makeFolder(path: string, again = false): void {
  try {
    fs.mkdirSync(path, 0o700)
  } catch (error) {
    // It was there, or another process has made it at the same time.
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    const parent = parentOf(path)
    if (again || parent === path || !hasCode(error, 'ENOENT')) throw error
    makeFolder(parent)
    makeFolder(path, true)
  }
}

/** The folder that a path is in; for a root, the root. */
export function parentOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf(SEP))
  const parent = path.slice(0, Math.max(end, 0))
  // `/` and `C:\` keep their separator, without which they would be another folder.
  return /^([A-Za-z]:)?$/.test(parent) ? path.slice(0, end + 1) : parent
}

/**
 * Writes and syncs a temporary file beside `path`, then `place` moves it there. The text can hold the file's stamp. If
 * the move changes the stamp (a file system that derives inodes from names), the file is written again without one.
 */
export function writeStamped(path: string, text: (stamp: Stamp) => string, place: Place = rename): void {
  makeFolder(parentOf(path))
  let stamped = ''
  const written = writeTo(path, stats => (stamped = text(stampOf(stats))), place)
  const placed = written && fs.statSync(path, { throwIfNoEntry: false })
  if (!placed || !isCopied(stampOf(written), placed)) return
  // If another process has replaced it since, that file is the later answer.
  const { bytes } = readWhole(path, 1 << 18) ?? {}
  if (bytes?.equals(Buffer.from(`${stamped}\n`))) writeTo(path, () => text(NO_STAMP), rename)
}

/** Returns what the file is, if it was placed. */
function writeTo(path: string, text: (stats: Stats) => string, place: Place): Stats | undefined {
  const temporary = `${path}.${process.pid}.${random()}`
  try {
    const fd = fs.openSync(temporary, 'wx', 0o600)
    let stats: Stats
    try {
      stats = fs.fstatSync(fd)
      // One call may write only a part, and say nothing.
      for (let rest = Buffer.from(`${text(stats)}\n`); rest.length; )
        rest = rest.subarray(fs.writeSync(fd, rest))
      // A power cut must not leave an empty file where an answer or an id was.
      syncFile(fd)
    } finally {
      fs.closeSync(fd)
    }
    return place(temporary, path) ? stats : undefined
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

/** Syncs a file, if its file system can. */
export function syncFile(fd: number): void {
  try {
    fs.fdatasyncSync(fd)
  } catch (error) {
    if (!isUnsyncable(error)) throw error
  }
}

/**
 * Some file systems (FUSE) cannot sync, and Node's permission model forbids it. Then a power cut may take back what was
 * written.
 */
export function isUnsyncable(error: unknown): boolean {
  return ['EINVAL', 'ENOSYS', 'ENOTSUP', 'ERR_ACCESS_DENIED'].some(code => hasCode(error, code))
}

/** Moves a temporary file to its path. False if it leaves another file that is there. */
type Place = (temporary: string, path: string) => boolean

export function rename(temporary: string, path: string): boolean {
  fs.renameSync(temporary, path)
  return true
}

/** Moves a temporary file to its path if there is none yet. */
export function linkNew(temporary: string, path: string): boolean {
  try {
    fs.linkSync(temporary, path)
    return true
  } catch {
    // A file system without hard links (FAT, some network drives). If two processes do this at once, the later file
    // stays.
    return !fs.statSync(path, { throwIfNoEntry: false }) && rename(temporary, path)
  }
}

export function random(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, '0')
}
