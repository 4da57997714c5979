import { crypto, fs, hasCode, os, SEP } from '../node.ts'
import { WRITTEN } from '../version.ts'
import { linkNew, readWhole, setAside, writeBeside } from './files.ts'

/**
 * The identity of an installation, 64 hex digits: SHA-256 of hostname, platform, arch and 32 random bytes. The random
 * bytes make it; nobody can tell the rest from it. Its file also holds when it was made, and the inode and birth time
 * of the file itself: a copy has others, and is an installation of its own.
 */
export interface Fingerprint {
  fingerprint: string
  /** In ms since 1970. */
  created: number
  /** Why it must not be used any more. `unstamped`: made by version 0.1, and good. */
  state: 'good' | 'unstamped' | 'copied' | 'expired'
  stats: import('node:fs').Stats
}

/** 13 months: CNIL's bound for the identifiers of audience measurement. */
export const MAX_AGE_MS: number = 396 * 24 * 3_600_000
/** Birth times are equal in Node, Bun and Deno up to 1 ms; where a file system has none, they are 0. */
const SAME_BIRTH_MS = 10_000
const MAX_BYTES = 256

export function fingerprintPath(state: string): string {
  return `${state}${SEP}fingerprint`
}

/** SHA-256 and random bytes load `node:crypto` (1.2 ms), so no ordinary run comes here. */
export function makeFingerprint(): string {
  const { createHash, randomBytes } = crypto()
  const machine = [os().hostname(), process.platform, process.arch].join()
  return createHash('sha256').update(machine).update(randomBytes(32)).digest('hex')
}

/** What the state folder says. Undefined where there is no file; `damaged` where it holds no fingerprint. */
export function readFingerprint(state: string, now: number): Fingerprint | 'damaged' | undefined {
  const content = readWhole(fingerprintPath(state), MAX_BYTES)
  if (!content) return undefined
  const { bytes, stats } = content
  const fingerprint = idIn(bytes)
  if (!fingerprint) return 'damaged'
  const [, created, stamp] = bytes.toString('latin1').trim().split(' ')
  if (created === undefined || !stamp)
    return {
      fingerprint,
      created: stats.mtimeMs,
      state: isOld(stats.mtimeMs, now) ? 'expired' : 'unstamped',
      stats,
    }
  const [ino, birth] = stamp.split('.')
  const copied =
    ino !== '-' &&
    (ino !== `${stats.ino}` ||
      (+birth! > 0 && stats.birthtimeMs > 0 && Math.abs(+birth! - stats.birthtimeMs) > SAME_BIRTH_MS))
  return {
    fingerprint,
    created: +created,
    state: copied ? 'copied' : isOld(+created, now) ? 'expired' : 'good',
    stats,
  }
}

function idIn(bytes: Buffer): string | undefined {
  const [id = ''] = bytes.toString('latin1').trim().split(' ')
  return id.length === 64 && /^[0-9a-f]+$/.test(id) ? id : undefined
}

const isOld = (created: number, now: number) => !(now - created < MAX_AGE_MS)

/**
 * The fingerprint of this installation, made now where there is none that can be used; `made` is called then. Concurrent
 * first runs agree on one. Throws where it cannot be stored.
 */
export function ensureFingerprint(state: string, now: number, made?: () => void): string {
  for (let round = 0; round < 3; round++) {
    const stored = readFingerprint(state, now)
    if (stored && stored !== 'damaged') {
      if (stored.state === 'good') return stored.fingerprint
      if (stored.state === 'unstamped') {
        stamp(state, stored)
        return stored.fingerprint
      }
      retire(state, stored)
    } else if (stored) heal(state)
    const fingerprint = makeFingerprint()
    // By a clock at 1970 it would be too old as soon as the clock is right.
    store(state, fingerprint, Math.max(now, WRITTEN), linkNew)
    made?.()
  }
  throw new Error('the fingerprint cannot be stored')
}

/** Where this fails, the file stays as it is, and the next run tries again. */
function stamp(state: string, { fingerprint, created }: Fingerprint): void {
  try {
    store(state, fingerprint, Math.trunc(created), (temporary, path) => fs.renameSync(temporary, path))
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
    ({ ino, birthtimeMs }) => `${fingerprint} ${created} ${ino}.${Math.trunc(birthtimeMs)}`,
    temporary => place(temporary, path),
  )
}

/** Renames a file that holds no fingerprint (it may be empty after a power cut), so that it can still be inspected. */
function heal(state: string): void {
  const content = readWhole(fingerprintPath(state), MAX_BYTES)
  // Looked at once more: it may be the new one of another process by now.
  if (content && !idIn(content.bytes)) setAside(fingerprintPath(state), content.stats)
}

/**
 * Removes an expired or copied id together with the ids of its streams. What they counted stays for `report`, and is
 * not sent any more: it was sent under an id that is no longer this installation's.
 */
function retire(state: string, { stats }: Fingerprint): void {
  const aside = setAside(fingerprintPath(state), stats)
  // Another process was faster, and the ids are its new ones by now.
  if (!aside) return
  fs.rmSync(aside, { force: true })
  removeInstances(state)
}

/** Removes the id of every stream. */
function removeInstances(state: string): void {
  for (const kind of ['tallies', 'local']) {
    for (const stream of namesIn(`${state}${SEP}${kind}`))
      fs.rmSync([state, kind, stream, 'instance'].join(SEP), { recursive: true, force: true })
  }
}

/** The names in a folder; none where there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return []
    throw error
  }
}
