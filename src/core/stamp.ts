import { fs } from './node.ts'

type Stats = import('node:fs').Stats

/**
 * Which file a text was written to: its inode, and its birth time in ms since 1970. A copy has another inode; a file of
 * a container's image that is opened to be written keeps the inode and is born anew (overlayfs).
 */
export type Stamp = readonly [inode: number, birthMs: number]

/** Where files have no birth time (FAT and the like), their inodes change with each mount. Then nothing is compared. */
export const NO_STAMP: Stamp = [0, 0]

/** Birth times are equal in Node, Bun and Deno up to 1 ms. */
const SAME_BIRTH_MS = 2000

export function stampOf({ ino, birthtimeMs }: Stats): Stamp {
  return birthtimeMs > 0 ? [ino, Math.trunc(birthtimeMs)] : NO_STAMP
}

/** True for a stamp that was made for another file than the one that it now stands in. */
export function isCopied([ino, birth]: Stamp, stats: Stats): boolean {
  if (!ino) return false
  if (ino !== stats.ino) return true
  const { birthtimeMs, ctimeMs } = stats
  if (!(birthtimeMs > 0) || Math.abs(birth - birthtimeMs) <= SAME_BIRTH_MS) return false
  // Where the system has no `statx`, libuv reports the time of the last change as the birth time.
  return birthtimeMs !== ctimeMs || hasStatx()
}

/** Files of /proc have no birth time: `statx` says 0, and libuv without it the time of the last change. */
function hasStatx(): boolean {
  return fs.statSync('/proc/self/ns/pid', { throwIfNoEntry: false })?.birthtimeMs === 0
}

/** Reads a stamp that was written as JSON; undefined for anything else. */
export function stampIn(value: unknown): Stamp | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [ino, birth] = value
  return Number.isFinite(ino) && Number.isFinite(birth) ? [ino, birth] : undefined
}
