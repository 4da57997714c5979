import { fs, hasCode, SEP } from './node.ts'
import { isCopied, NO_STAMP, type Stamp, stampOf } from './stamp.ts'

/**
 * The small files of the state folder, and its folders: made 0700 and 0600, and never by a call that can wait or loop.
 */

type Stats = import('node:fs').Stats

/** What a file holds, and which file it is. */
export interface Content {
  bytes: Buffer
  stats: Stats
}

/**
 * The bytes of a small file; undefined where there is none. Throws for what is not a regular file, is larger than
 * `maxBytes` or cannot be read. Never waits: a FIFO is opened without waiting for a writer.
 */
export function readWhole(
  path: string,
  maxBytes: number,
  flags: number = fs.constants.O_RDONLY,
): Content | undefined {
  // Most of these files are absent for most users, and an error that is thrown and caught costs more than this look.
  // `lstat`: a link that leads nowhere is not an absent file.
  if (!fs.lstatSync(path, { throwIfNoEntry: false })) return undefined
  const fd = fs.openSync(path, flags | (fs.constants.O_NONBLOCK ?? 0))
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
 * Makes a folder and what is missing above it, one by one. Not by a recursive `mkdir`: where the system answers ENOENT
 * under a folder that exists (`/proc`, a bind mount whose source was deleted), Node's tries for ever.
 */
export function makeFolder(path: string, again = false): void {
  try {
    fs.mkdirSync(path, 0o700)
  } catch (error) {
    // Made by this process or by another at the same time.
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
    const parent = parentOf(path)
    if (again || parent === path || !hasCode(error, 'ENOENT')) throw error
    makeFolder(parent)
    makeFolder(path, true)
  }
}

/** The folder that a path is in; a root is in itself. */
export function parentOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf(SEP))
  const parent = path.slice(0, Math.max(end, 0))
  // `/` and `C:\` keep their separator, without which they would be another folder.
  return /^([A-Za-z]:)?$/.test(parent) ? path.slice(0, end + 1) : parent
}

/**
 * Writes and syncs a temporary file beside `path`, calls `before`, then `place` moves it there. The text can hold the
 * file's stamp. If the stamp changes with the move (a file system that derives inodes from names), the file is written
 * again without one.
 */
export function writeStamped(
  path: string,
  text: (stamp: Stamp) => string,
  before?: () => void,
  place: Place = rename,
): void {
  makeFolder(parentOf(path))
  // Returns the stamp if the file was placed.
  const write = (
    stampOfFile: (stats: Stats) => Stamp,
    place: Place,
    before?: () => void,
  ): Stamp | undefined => {
    const temporary = `${path}.${process.pid}.${random()}`
    try {
      const fd = fs.openSync(temporary, 'wx', 0o600)
      let stamp: Stamp
      try {
        stamp = stampOfFile(fs.fstatSync(fd))
        // One call may write only a part, and say nothing.
        for (let rest = Buffer.from(`${text(stamp)}\n`); rest.length; )
          rest = rest.subarray(fs.writeSync(fd, rest))
        // A power cut must not leave an empty file where an answer or an id was.
        syncFile(fd)
      } finally {
        fs.closeSync(fd)
      }
      before?.()
      return place(temporary, path) ? stamp : undefined
    } finally {
      fs.rmSync(temporary, { force: true })
    }
  }
  const stamp = write(stampOf, place, before)
  const placed = stamp && fs.statSync(path, { throwIfNoEntry: false })
  if (placed && isCopied(stamp, placed)) write(() => NO_STAMP, rename)
}

/** Syncs what a file holds, where the file system can. */
export function syncFile(fd: number): void {
  try {
    fs.fdatasyncSync(fd)
  } catch (error) {
    if (!isUnsyncable(error)) throw error
  }
}

/** Some file systems (FUSE) cannot sync, and Node's permission model does not allow it. Then a power cut may take back what was written. */
export function isUnsyncable(error: unknown): boolean {
  return ['EINVAL', 'ENOSYS', 'ENOTSUP', 'ERR_ACCESS_DENIED'].some(code => hasCode(error, code))
}

/** Moves a temporary file to its place. False where another file is there that is to stay. */
type Place = (temporary: string, path: string) => boolean

function rename(temporary: string, path: string): boolean {
  fs.renameSync(temporary, path)
  return true
}

/** Places a file only where there is none yet. */
export function linkNew(temporary: string, path: string): boolean {
  try {
    fs.linkSync(temporary, path)
    return true
  } catch {
    // A file system without hard links (FAT, some network drives). Of two at once the later one stays.
    return !fs.statSync(path, { throwIfNoEntry: false }) && rename(temporary, path)
  }
}

export function random(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, '0')
}
