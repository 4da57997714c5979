import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
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
import { makeFolder, random } from '../core/tally/files.ts'

/**
 * Replaces a file at once: readers see the old text or the new one, never a part. A symlink is followed; mode, owner
 * and group are kept; a new file is 0600. `expected` is the text that was edited (undefined: there was no file).
 *
 * Throws an `Error` with a sentence, and leaves everything as it was, where the file is read-only, is not a regular
 * file, has further names or a group that would be lost, cannot be written, or is no longer what was edited.
 */
export function replaceFile(path: string, text: string, expected: string | undefined): void {
  const target = followLinks(path)
  const folder = dirname(target)
  const old = statSync(target, { throwIfNoEntry: false })
  if (old) mustBeOurs(old, target)
  const owner = old ?? nearest(folder)
  const missing = missingFolders(folder)
  makeFolder(folder)
  const temporary = `${target}.${process.pid}.${random()}.tmp`
  try {
    writeTemporary(temporary, text, old)
    giveTo(owner, ...missing, ...(old ? [] : [temporary]))
    const now = statSync(target, { throwIfNoEntry: false }) ? readFileSync(target, 'utf8') : undefined
    if (now !== expected) throw new Error('another program changed it meanwhile')
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function mustBeOurs(old: Stats, target: string): void {
  if (!old.isFile()) throw new Error('it is not a regular file')
  // Renaming would replace it all the same. Whoever took the write permission away meant it, and root too obeys.
  if (!(old.mode & 0o222)) throw new Error('it is read-only')
  // A file that replaces it has one name: the other names would keep the old text, and nobody would know.
  if (old.nlink > 1) throw new Error(`it has ${old.nlink} hard links, and only one of them would be changed`)
  accessSync(target, constants.W_OK)
}

/** Where the text is to be: a link into a dotfiles repository stays a link, also one whose target is not there yet. */
function followLinks(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path)
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
    ? resolve(dirname(path), readlinkSync(path))
    : path
}

function writeTemporary(path: string, text: string, old: Stats | undefined): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(fd, text)
    if (old) keepOwner(fd, old)
    // Set the mode after the owner: changing the owner clears setuid.
    fchmodSync(fd, old ? old.mode & 0o7777 : 0o600)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A group may let others read the file: one that is not ours to give is a reason not to replace it. */
function keepOwner(fd: number, { uid, gid }: Stats): void {
  const made = fstatSync(fd)
  if (made.uid === uid && made.gid === gid) return
  try {
    fchownSync(fd, uid, gid)
  } catch {
    throw new Error('it belongs to another user or group, which would be lost')
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

function missingFolders(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) || dirname(folder) === folder) return []
  return [...missingFolders(dirname(folder)), folder]
}
