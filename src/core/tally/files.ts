import { fs, hasCode, SEP } from '../node.ts'

/**
 * The small files of the state folder, and its folders: made 0700 and 0600, and never by a call that can wait or loop.
 */

/** What a file holds, and which file it is. */
export interface Content {
  bytes: Buffer
  stats: import('node:fs').Stats
}

/**
 * The bytes of a small file that may be anything; undefined where there is none. Throws for what is not a regular file,
 * is larger than `maxBytes` or cannot be read. Never waits: a FIFO is opened without waiting for a writer.
 */
export function readWhole(path: string, maxBytes: number): Content | undefined {
  let fd: number
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    const stats = fs.fstatSync(fd)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    const bytes = Buffer.allocUnsafe(maxBytes + 1)
    const size = fs.readSync(fd, bytes, 0, bytes.length, 0)
    if (size === bytes.length) throw new Error(`it is larger than ${maxBytes} bytes`)
    return { bytes: bytes.subarray(0, size), stats }
  } finally {
    fs.closeSync(fd)
  }
}

/** The text of a small file, without the newline at its end; undefined where there is none. Throws as `readWhole` does. */
export function readLine(path: string): string | undefined {
  return readWhole(path, 4096)?.bytes.toString('latin1').trim()
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
 * Writes and syncs a temporary file next to `path`, then calls `place` to move it there. Whatever happens, nothing is
 * left of it under the temporary name.
 */
export function writeBeside(
  path: string,
  text: (stats: import('node:fs').Stats) => string,
  place: (temporary: string) => void,
): void {
  makeFolder(parentOf(path))
  const temporary = `${path}.${process.pid}.${random()}`
  try {
    const fd = fs.openSync(temporary, 'wx', 0o600)
    try {
      fs.writeSync(fd, `${text(fs.fstatSync(fd))}\n`)
      // A power cut must not leave an empty file where an identity was.
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
    place(temporary)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

/** Gives a file a further name, where there is none such yet. False where there is. */
export function linkNew(temporary: string, path: string): boolean {
  try {
    fs.linkSync(temporary, path)
  } catch {
    // A file system without hard links (FAT, some network drives). Of two at once the later one stays.
    if (fs.statSync(path, { throwIfNoEntry: false })) return false
    fs.renameSync(temporary, path)
  }
  return true
}

/**
 * Gives a file that is full or damaged another name, unless it is no longer the one that was looked at. The name is new
 * each time, so nothing is ever overwritten, by however many processes. Undefined where another process was faster.
 */
export function setAside(path: string, { ino }: { ino: number }): string | undefined {
  const aside = `${path}~${Date.now()}-${random()}`
  try {
    if (fs.statSync(path).ino !== ino) return undefined
    fs.renameSync(path, aside)
    if (fs.statSync(aside).ino === ino) return aside
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  // This is the new file that another process has made: back to its place, unless there is a newer one.
  if (linkNew(aside, path)) fs.rmSync(aside, { force: true })
  return undefined
}

export function random(): string {
  return Math.random().toString(36).slice(2, 10)
}
