import { linkNew, random, readWhole, writeStamped } from '../files.ts'
import { crypto, fs, os, SEP } from '../node.ts'
import { isCopied, NO_STAMP, parseStamp } from '../stamp.ts'
import { EARLIEST } from '../version.ts'

/**
 * The identity of an installation, 64 hex digits: SHA-256 of hostname, platform, arch and 32 random bytes, which make
 * it unique and impossible to trace back to the machine. Its file also holds when it was made, and its stamp: a copied
 * file is replaced, because the copy is an installation of its own.
 */
export interface Fingerprint {
  /** Empty where the file holds none. */
  fingerprint: string
  /** In ms since 1970. */
  created: number
  /** `good`, or why it must not be used any more. */
  status: 'good' | 'copied' | 'expired' | 'damaged'
}

/** 13 months: CNIL's bound for the identifiers of audience measurement. */
export const MAX_AGE_MS: number = 396 * 24 * 3_600_000

export function fingerprintPath(stateFolder: string): string {
  return `${stateFolder}${SEP}fingerprint`
}

/** The fingerprint in a state folder; undefined where there is none. Throws where it cannot be read. */
export function readFingerprint(stateFolder: string, now: number): Fingerprint | undefined {
  return readFrom(fingerprintPath(stateFolder), now)
}

function readFrom(path: string, now: number, flags?: number): Fingerprint | undefined {
  const content = readWhole(path, 4096, flags)
  if (!content) return undefined
  const [fingerprint = '', time, ino, birth] = content.bytes.toString('latin1').trim().split(' ')
  const created = Number(time)
  if (!/^[0-9a-f]{64}$/.test(fingerprint) || !(created > 0))
    return { fingerprint: '', created: 0, status: 'damaged' }
  const copied = isCopied(parseStamp([Number(ino), Number(birth)]) ?? NO_STAMP, content.stats)
  // One that a clock far ahead has made would never expire. A clock at 1970 says nothing of its age.
  const isYoung = Math.abs(now - created) < MAX_AGE_MS || now < EARLIEST
  return { fingerprint, created, status: copied ? 'copied' : isYoung ? 'good' : 'expired' }
}

/**
 * The fingerprint of this installation, made now where there is none that can be used. Concurrent first runs agree on
 * one. Throws where it cannot be stored: then nothing is counted.
 */
export function ensureFingerprint(stateFolder: string, now: number): string {
  const path = fingerprintPath(stateFolder)
  for (let tries = 0; tries < 3; tries++) {
    // Opened for writing, although nothing is written: only then overlayfs gives a file of a container's image a birth
    // time of its own.
    const stored = readFrom(path, now, fs.constants.O_RDWR)
    if (stored?.status === 'good') return stored.fingerprint
    if (stored) retire(path, now)
    // A fingerprint of 1970 would be too old as soon as the clock is right.
    const created = Math.max(now, EARLIEST)
    const fingerprint = makeFingerprint()
    writeStamped(path, ([ino, birth]) => `${fingerprint} ${created} ${ino} ${birth}`, linkNew)
  }
  throw new Error('the fingerprint cannot be stored')
}

/** Loads `node:crypto`, which takes 1.2 ms: only a command that makes a log pays for it. */
function makeFingerprint(): string {
  const { createHash, randomBytes } = crypto()
  const machine = [os().hostname(), process.platform, process.arch].join()
  return createHash('sha256').update(machine).update(randomBytes(32)).digest('hex')
}

/**
 * Removes a fingerprint that must not be used any more. If two commands do this at once, the slower one may have
 * renamed the faster one's new fingerprint: then it puts it back.
 */
function retire(path: string, now: number): void {
  const aside = `${path}.${process.pid}.${random()}`
  try {
    fs.renameSync(path, aside)
    if (readFrom(aside, now)?.status === 'good') linkNew(aside, path)
  } catch {
    // Another command has removed it. The next try finds what is there now.
  } finally {
    fs.rmSync(aside, { force: true })
  }
}
