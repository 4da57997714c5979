import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Replaces a file at once: readers see the old text or the new one, never a part. A symlink is followed, mode and
 * owner are kept, a new file is 0600. `expected` is the text that was edited (undefined: there was no file).
 *
 * Throws an `Error` with a sentence, and leaves everything as it was, where the file is read-only, is not a regular
 * file, cannot be written, or is no longer what was edited.
 */
export function replaceFile(path: string, text: string, expected: string | undefined): void {
  const target = followLinks(path)
  const folder = dirname(target)
  const old = statSync(target, { throwIfNoEntry: false })
  if (old && !old.isFile()) throw new Error('it is not a regular file')
  // Renaming would replace it all the same. Whoever took the write permission away meant it, and root too obeys.
  if (old && !(old.mode & 0o222)) throw new Error('it is read-only')
  if (old) accessSync(target, constants.W_OK)
  const owner = old ?? nearest(folder)
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`
  try {
    writeTemporary(temporary, text, old ? old.mode & 0o7777 : 0o600)
    giveTo(owner, temporary, ...(made ? foldersBetween(made, folder) : []))
    const now = statSync(target, { throwIfNoEntry: false }) ? readFileSync(target, 'utf8') : undefined
    if (now !== expected) throw new Error('another program changed it meanwhile')
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Where the text is to be: a link into a dotfiles repository stays a link, also one whose target is not there yet. */
function followLinks(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path)
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
    ? resolve(dirname(path), readlinkSync(path))
    : path
}

function writeTemporary(path: string, text: string, mode: number): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(fd, text)
    fchmodSync(fd, mode)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** `sudo tool telemetry disable` with the user's HOME must not leave the user a file that they cannot change. */
function giveTo({ uid, gid }: Stats, ...paths: string[]): void {
  if (process.geteuid?.() !== 0 || uid === 0) return
  for (const path of paths) chownSync(path, uid, gid)
}

function nearest(folder: string): Stats {
  return statSync(folder, { throwIfNoEntry: false }) ?? nearest(dirname(folder))
}

function foldersBetween(first: string, last: string): string[] {
  return last === first ? [last] : [...foldersBetween(first, dirname(last)), last]
}
