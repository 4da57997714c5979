import { createLine, readLine } from './state-file.ts'

const { join } = process.getBuiltinModule('node:path')

const FINGERPRINT = /^[0-9a-f]+$/

/**
 * The identity of an installation, 64 hex digits: SHA-256 of hostname, platform, arch and 32 random bytes. The random
 * bytes make it; nobody can tell the rest from it. Loads `node:crypto` (1.2 ms), so no ordinary run comes here.
 */
export function makeFingerprint(): string {
  const { createHash, randomBytes } = process.getBuiltinModule('node:crypto')
  const { hostname } = process.getBuiltinModule('node:os')
  const machine = [hostname(), process.platform, process.arch].join()
  return createHash('sha256').update(machine).update(randomBytes(32)).digest('hex')
}

/** The fingerprint stored in the state folder, undefined where none is. Throws for a file that holds no fingerprint. */
export function readFingerprint(state: string): string | undefined {
  const line = readLine(join(state, 'fingerprint'))
  if (line !== undefined && !(line.length === 64 && FINGERPRINT.test(line)))
    throw new Error('the fingerprint file does not hold 64 hex digits')
  return line
}

/** The same, made now where none is: concurrent first runs agree on one. Throws where it cannot be stored. */
export function ensureFingerprint(state: string): string {
  const stored = readFingerprint(state)
  if (stored) return stored
  createLine(join(state, 'fingerprint'), makeFingerprint())
  return readFingerprint(state)!
}
