import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  ensureFingerprint,
  fingerprintPath,
  MAX_AGE_MS,
  readFingerprint,
} from '../src/core/log/fingerprint.ts'
import { isCopied, NO_STAMP, stampIn, stampOf } from '../src/core/stamp.ts'

let state: string

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'otlp-tally-state-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
})

const NOW = Date.UTC(2027, 0, 1)

describe('which file a text was written to', () => {
  const BIRTH = NOW + 0.25
  const stats = (ino: number, birthtimeMs: number, ctimeMs = BIRTH + 9000) =>
    ({ ino, birthtimeMs, ctimeMs }) as Stats

  test.each<[what: string, now: Stats, copied: boolean]>([
    ['the same', stats(7, BIRTH), false],
    ['the same, by another runtime', stats(7, BIRTH + 1), false],
    ['a copy', stats(8, BIRTH + 60_000), true],
    ['a copy of a moment later', stats(8, BIRTH), true],
    ["a container's image, opened to be written", stats(7, BIRTH + 60_000), true],
    ['an older file that has got its content', stats(7, BIRTH - 60_000), true],
    ['a copy on a file system without birth times', stats(7, 0), true],
  ])('%s', (_, now, copied) => {
    expect(isCopied(stampOf(stats(7, BIRTH)), now)).toBe(copied)
  })

  test.runIf(process.platform === 'linux')('on FAT, mounted again, the same has another inode', () => {
    expect(isCopied(stampOf(stats(7, NOW)), stats(9, NOW))).toBe(false)
    expect(isCopied(stampOf(stats(7, NOW)), stats(9, NOW + 10))).toBe(true)
  })

  test('without a birth time nothing is compared', () => {
    expect(stampOf(stats(7, 0))).toBe(NO_STAMP)
    expect(isCopied(NO_STAMP, stats(8, BIRTH))).toBe(false)
  })

  test.each([[[7, NOW]], [[0, 0]]])('%j is a stamp', value => expect(stampIn(value)).toEqual(value))
  test.each([undefined, null, 7, [], [7], [7, '8'], [7, null], [7, 8, 9], { 0: 7, 1: 8 }])(
    '%j is none',
    value => expect(stampIn(value)).toBeUndefined(),
  )
})

describe('the fingerprint', () => {
  test('is made once, 64 hex digits, for nobody else to read', () => {
    const deep = join(state, 'deep', 'er')
    const made = ensureFingerprint(deep, NOW)
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    expect(ensureFingerprint(deep, NOW)).toBe(made)
    expect(statSync(fingerprintPath(deep)).mode & 0o777).toBe(0o600)
    expect(statSync(join(state, 'deep')).mode & 0o777).toBe(0o700)
    expect(readdirSync(deep)).toEqual(['fingerprint'])
    expect(readFingerprint(deep, NOW)).toEqual({ fingerprint: made, status: 'good', created: NOW })
  })

  test('is another one in every installation', () => {
    expect(ensureFingerprint(join(state, 'a'), NOW)).not.toBe(ensureFingerprint(join(state, 'b'), NOW))
  })

  test.each([
    '',
    'short',
    'G'.repeat(64),
    `${'a'.repeat(64)}\n${'b'.repeat(64)}`,
    '\0'.repeat(110),
    'scribbled\n'.repeat(100),
  ])('is made anew where its file holds %j', text => {
    writeFileSync(fingerprintPath(state), text)
    expect(readFingerprint(state, NOW)).toMatchObject({ status: 'damaged' })
    const made = ensureFingerprint(state, NOW)
    expect(ensureFingerprint(state, NOW)).toBe(made)
    expect(readdirSync(state)).toEqual(['fingerprint'])
  })

  test('lives for 13 months', () => {
    const made = ensureFingerprint(state, NOW)
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS - 1)).toBe(made)
    const renewed = ensureFingerprint(state, NOW + MAX_AGE_MS)
    expect(renewed).not.toBe(made)
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS)).toBe(renewed)
  })

  test('in a copy of the folder is not used, and the original stays as it is', () => {
    const original = join(state, 'original')
    const made = ensureFingerprint(original, NOW)
    const copy = join(state, 'copy')
    cpSync(original, copy, { recursive: true, preserveTimestamps: true })
    expect(readFingerprint(copy, NOW)).toMatchObject({ status: 'copied' })
    const other = ensureFingerprint(copy, NOW)
    expect(other).not.toBe(made)
    expect(ensureFingerprint(copy, NOW)).toBe(other)
    expect(ensureFingerprint(original, NOW)).toBe(made)
  })

  test('goes on where its folder was moved, its rights were changed, or a backup has linked it', () => {
    const made = ensureFingerprint(join(state, 'here'), NOW)
    renameSync(join(state, 'here'), join(state, 'there'))
    const path = fingerprintPath(join(state, 'there'))
    execFileSync('chmod', ['640', path])
    execFileSync('ln', [path, `${path}.backup`])
    expect(ensureFingerprint(join(state, 'there'), NOW)).toBe(made)
  })

  test('that cannot be stored is an error, and not one in memory', () => {
    writeFileSync(join(state, 'file'), '')
    expect(() => ensureFingerprint(join(state, 'file'), NOW)).toThrow()
    expect(existsSync(join(state, 'file/fingerprint'))).toBe(false)
    expect(readFileSync(join(state, 'file'), 'utf8')).toBe('')
  })
})
