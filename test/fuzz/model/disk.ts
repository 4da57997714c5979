/** A disk in memory that knows what is written and what is synced. It is immutable: a change makes another disk. */
export interface Disk {
  names: ReadonlyMap<string, number>
  /** By inode, from 1. */
  files: readonly File[]
  /** The names before each change, the latest first: a power cut undoes changes that no sync of a folder has kept. */
  past: readonly ReadonlyMap<string, number>[]
  /** Equal for equal disks. */
  key: number
}

export interface File {
  text: string
  /** Of the text. */
  key: number
  /** How much of it a power cut cannot take. */
  synced: number
  born: number
  touched: number
}

const PAST = 3
const NOBODY: File = { text: '', key: 0, synced: 0, born: 0, touched: 0 }

export const emptyDisk: Disk = keyed({ names: new Map(), files: [NOBODY], past: [], key: 0 })

/** 53 bits of a text (cyrb53). */
export function hash(text: string, seed = 0): number {
  // All bits of the seed, which is such a hash itself.
  let a = 0xdeadbeef ^ seed
  let b = 0x41c6ce57 ^ Math.imul(seed, 5) ^ Math.floor(seed / 2 ** 32)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}

function keyed(disk: Disk): Disk {
  const text = (names: ReadonlyMap<string, number>) => [...names].sort().join()
  const files = disk.files.map(({ key, synced, born, touched }) => `${key}.${synced}.${born}.${touched}`)
  return { ...disk, key: hash(`${text(disk.names)} ${files} ${disk.past.map(text).join('|')}`) }
}

export function isNamed({ names }: Disk, ino: number): boolean {
  for (const one of names.values()) if (one === ino) return true
  return false
}

export function withNames(disk: Disk, names: ReadonlyMap<string, number>): Disk {
  return keyed({ ...disk, names, past: [disk.names, ...disk.past].slice(0, PAST) })
}

/** A new file, and its inode. */
export function withNew(disk: Disk, path: string, now: number): [Disk, number] {
  const ino = disk.files.length
  const file = { ...NOBODY, born: now, touched: now }
  const names = new Map(disk.names).set(path, ino)
  return [withNames({ ...disk, files: [...disk.files, file] }, names), ino]
}

export function withText(disk: Disk, ino: number, text: string, now: number): Disk {
  const file = disk.files[ino]!
  const key = text.startsWith(file.text) ? hash(text.slice(file.text.length), file.key) : hash(text)
  return withFile(disk, ino, { ...file, text, key, touched: now, synced: Math.min(file.synced, text.length) })
}

export function withFile(disk: Disk, ino: number, file: File): Disk {
  return keyed({ ...disk, files: disk.files.with(ino, file) })
}

/** A power cut takes nothing of what was written until now. */
export function synced(disk: Disk): Disk {
  return keyed({
    ...disk,
    past: [],
    files: disk.files.map(file => ({ ...file, synced: file.text.length })),
  })
}

/**
 * What a power cut may leave: of each file what was synced, and of the rest nothing, all, a record, a half, or zeros. Of the
 * names it may leave those of a moment before. `which` chooses.
 */
export function afterPowerCut(disk: Disk, which: number): Disk {
  const names = disk.past[(which % 3) - 1] ?? disk.names
  const files = disk.files.map((file, ino) => {
    const rest = file.text.slice(file.synced)
    const record = Math.max(0, rest.indexOf('\n', 1))
    const kinds = ['', rest, rest.slice(0, record), rest.slice(0, rest.length / 2), '\0'.repeat(rest.length)]
    const text = file.text.slice(0, file.synced) + kinds[(which + ino * 3) % 5]
    return { ...file, text, key: hash(text), synced: text.length }
  })
  return keyed({ names, files, past: [], key: 0 })
}
