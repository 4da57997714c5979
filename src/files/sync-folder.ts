import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Syncs the names in a folder, if its file system can. Without it, a power cut may bring back the file before. */
export function syncFolder(path: string): void {
  try {
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Windows cannot open a folder.
  }
}
