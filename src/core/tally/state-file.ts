import { readRegularFile } from '../regular-file.ts'

const { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } = process.getBuiltinModule('node:fs')
const { dirname } = process.getBuiltinModule('node:path')

/**
 * The one-line files of the state folder: `fingerprint`, `notice` and a stream's `instance`. They appear whole or not
 * at all. Folders are made 0700, files 0600.
 */

const MAX_BYTES = 256

/** The line in the file, undefined where there is none. Throws for what is there and cannot be read. */
export function readLine(path: string): string | undefined {
  return readRegularFile(path, MAX_BYTES)?.toString('latin1').trim()
}

/** Writes the line unless the file is there already: of many processes at once, one wins and all read the same. */
export function createLine(path: string, line: string): void {
  const temporary = writeTemporary(path, line)
  try {
    linkSync(temporary, path)
  } catch (error) {
    // A file system without hard links (FAT, some network drives). Then a reader may for a moment see an empty file.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      writeFileSync(path, `${line}\n`, { mode: 0o600, flag: 'wx' })
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Writes the line in place of what was there. */
export function replaceLine(path: string, line: string): void {
  const temporary = writeTemporary(path, line)
  try {
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function writeTemporary(path: string, line: string): string {
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(temporary, `${line}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // On a full disk the file is there, without its line.
    rmSync(temporary, { force: true })
    throw error
  }
  return temporary
}
