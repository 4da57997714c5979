import { fs } from './node.ts'

type Stats = import('node:fs').Stats

/** Which file a text was written to: its inode, and its birth time in ms since 1970. A copy is another file. */
export type Stamp = readonly [inode: number, birthMs: number]

/**
 * For file systems without birth times (FUSE, NTFS-3G, most network drives): inodes may change with each mount there.
 */
export const NO_STAMP: Stamp = [0, 0]

/** Birth times are equal in Node, Bun and Deno up to 1 ms. */
const EQUAL_MS = 2
/** FAT keeps hundredths of a second, other file systems on Linux nanoseconds. */
const FAT_MS = 10

export function stampOf({ ino, birthtimeMs }: Stats): Stamp {
  return birthtimeMs > 0 ? [ino, Math.trunc(birthtimeMs)] : NO_STAMP
}

/** True if a stamp was made for another file than the one that it was read from. */
export function isCopied([ino, birth]: Stamp, stats: Stats): boolean {
  if (!ino) return false
  const { birthtimeMs, ctimeMs } = stats
  // FAT has new inodes after each mount. There only the birth time tells a copy from the original.
  const isFat = process.platform === 'linux' && birthtimeMs % FAT_MS === 0
  if (ino !== stats.ino) return !(isFat && birth === birthtimeMs)
  if (Math.abs(birth - birthtimeMs) <= EQUAL_MS) return false
  // The same inode with another birth time: a file of a container's image, which overlayfs copies when it is opened for
  // writing. But without `statx`, libuv reports the time of the last change as the birth time, and that proves nothing.
  return birthtimeMs !== ctimeMs || (process.platform === 'linux' && hasStatx())
}

/** Files of /proc have no birth time: with `statx` libuv reports 0, without it the time of the last change. */
function hasStatx(): boolean {
  return fs.statSync('/proc/self/ns/pid', { throwIfNoEntry: false })?.birthtimeMs === 0
}

/** Reads a stamp that was written as JSON; undefined for anything else. */
export function parseStamp(value: unknown): Stamp | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [ino, birth] = value
  return Number.isFinite(ino) && Number.isFinite(birth) ? [ino, birth] : undefined
}
