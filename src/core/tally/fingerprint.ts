import { crypto, fs, os, SEP } from '../node.ts'
import { WRITTEN } from '../version.ts'
import { linkNew, namesIn, readWhole, setAside, writeBeside } from './files.ts'

/**
 * The identity of an installation, 64 hex digits: SHA-256 of hostname, platform, arch and 32 random bytes. The random
 * bytes make it; nobody can tell the rest from it. Its file also holds when it was made, and the inode and birth time
 * of the file itself: a copy has others, and is an installation of its own.
 */
export interface Fingerprint {
  fingerprint: string
  /** In ms since 1970. */
  created: number
  /** `good`, or why it must not be used any more; `damaged` where there is none in the file. */
  state: 'good' | 'copied' | 'expired' | 'damaged'
  /** False for a file of version 0.1, which holds nothing else. */
  stamped: boolean
  stats: import('node:fs').Stats
}

/** 13 months: CNIL's bound for the identifiers of audience measurement. */
export const MAX_AGE_MS: number = 396 * 24 * 3_600_000
/** Birth times are equal in Node, Bun and Deno up to 1 ms; where a file system has none, they are 0. */
const SAME_BIRTH_MS = 10_000

export function fingerprintPath(state: string): string {
  return `${state}${SEP}fingerprint`
}

/** SHA-256 and random bytes load `node:crypto` (1.2 ms), so no ordinary run comes here. */
export function makeFingerprint(): string {
  const { createHash, randomBytes } = crypto()
  const machine = [os().hostname(), process.platform, process.arch].join()
  return createHash('sha256').update(machine).update(randomBytes(32)).digest('hex')
}

/** What the state folder says; undefined where there is no file. */
export function readFingerprint(state: string, now: number): Fingerprint | undefined {
  const content = readWhole(fingerprintPath(state), 256)
  if (!content) return undefined
  const { bytes, stats } = content
  const [fingerprint = '', time, stamp = ''] = bytes.toString('latin1').trim().split(' ')
  const [ino, birth] = stamp.split('.')
  const created = stamp ? +time! : stats.mtimeMs
  const apart = +birth! > 0 && stats.birthtimeMs > 0 ? Math.abs(+birth! - stats.birthtimeMs) : 0
  const copied = stamp && (ino !== `${stats.ino}` || apart > SAME_BIRTH_MS)
  const young = now - created < MAX_AGE_MS
  const isId = fingerprint.length === 64 && /^[0-9a-f]+$/.test(fingerprint)
  return {
    ...{ fingerprint, created, stats, stamped: stamp !== '' },
    state: isId ? (copied ? 'copied' : young ? 'good' : 'expired') : 'damaged',
  }
}

/**
 * The fingerprint of this installation, made now where there is none that can be used; `made` is called then. Concurrent
 * first runs agree on one. Throws where it cannot be stored.
 */
export function ensureFingerprint(state: string, now: number, made?: () => void): string {
  for (let round = 0; round < 3; round++) {
    const stored = readFingerprint(state, now)
    if (stored?.state === 'good') {
      if (!stored.stamped) stamp(state, stored)
      return stored.fingerprint
    }
    if (stored) retire(state, stored)
    // By a clock at 1970 it would be too old as soon as the clock is right.
    store(state, makeFingerprint(), Math.max(now, WRITTEN), linkNew)
    made?.()
  }
  throw new Error('the fingerprint cannot be stored')
}

/** Where this fails, the file stays as it is, and the next run tries again. */
function stamp(state: string, { fingerprint, created }: Fingerprint): void {
  try {
    store(state, fingerprint, created, fs.renameSync)
  } catch {
    // a folder that cannot be written: an installation of version 0.1 goes on all the same
  }
}

function store(
  state: string,
  fingerprint: string,
  created: number,
  place: (temporary: string, path: string) => unknown,
): void {
  const path = fingerprintPath(state)
  writeBeside(
    path,
    ({ ino, birthtimeMs }) => `${fingerprint} ${Math.trunc(created)} ${ino}.${Math.trunc(birthtimeMs)}`,
    temporary => place(temporary, path),
  )
}

/**
 * Removes an expired or copied id together with the ids of its streams: what they counted stays for `report`, and is not
 * sent any more, because it was sent under an id that is no longer this installation's. A damaged file (it may be empty
 * after a power cut) is only renamed, so that it can still be inspected.
 */
function retire(state: string, { state: why, stats }: Fingerprint): void {
  const aside = setAside(fingerprintPath(state), stats)
  if (!aside || why === 'damaged') return
  fs.rmSync(aside, { force: true })
  for (const kind of ['tallies', 'local']) {
    for (const stream of namesIn(`${state}${SEP}${kind}`))
      fs.rmSync([state, kind, stream, 'instance'].join(SEP), { recursive: true, force: true })
  }
}
