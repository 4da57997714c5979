import { linkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { reasonOf } from './reason.ts'

/**
 * Writes a file, with mode 0600, as a whole or not at all. Throws an `Error` with a sentence if the file exists and `force`
 * is false, if it is not a regular file, or if it cannot be written.
 */
export function writeAtomically(path: string, text: string, force: boolean): void {
  const old = statSync(path, { throwIfNoEntry: false })
  if (old && !old.isFile()) throw new Error('it is not a regular file')
  if (old && !force) throw new Error('already exists; use --force to overwrite it')
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    if (force) renameSync(temporary, path)
    else place(temporary, path)
  } catch (error) {
    throw new Error(reasonOf(error as NodeJS.ErrnoException))
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** By a hard link, because renaming would replace a file that was created meanwhile. */
function place(temporary: string, path: string): void {
  try {
    linkSync(temporary, path)
  } catch (error) {
    const noLinks = (error as NodeJS.ErrnoException).code !== 'EEXIST' // FAT, some network drives
    if (!noLinks || statSync(path, { throwIfNoEntry: false })) throw error
    renameSync(temporary, path)
  }
}
