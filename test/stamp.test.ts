import { execFileSync } from 'node:child_process'
import fs, {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { consentPath, readAnswers, writeAnswers } from '../src/core/decide/consent.ts'
import {
  ensureFingerprint,
  fingerprintPath,
  MAX_AGE_MS,
  readFingerprint,
} from '../src/core/log/fingerprint.ts'
import { isCopied, NO_STAMP, parseStamp, stampOf } from '../src/core/stamp.ts'
import { makeFolder } from './world.ts'

let state: string

beforeEach(() => {
  state = makeFolder()
})

afterEach(() => void vi.restoreAllMocks())

const NOW = Date.UTC(2027, 0, 1)

describe('a stamp says whether a file is a copy:', () => {
  const BIRTH = NOW + 0.25
  const stats = (ino: number, birthtimeMs: number, ctimeMs = BIRTH + 9000) =>
    ({ ino, birthtimeMs, ctimeMs }) as Stats

  test.each<[what: string, now: Stats, copied: boolean]>([
    ['the same file', stats(7, BIRTH), false],
    ['the same file, with the precision of another runtime', stats(7, BIRTH + 1), false],
    ['a copy', stats(8, BIRTH + 60_000), true],
    ['a copy that was made at once', stats(8, BIRTH), true],
    ["a file of a container's image that was opened for writing", stats(7, BIRTH + 60_000), true],
    ['an older file with the same content', stats(7, BIRTH - 60_000), true],
    ['a copy on a file system without birth times', stats(7, 0), true],
  ])('%s', (_, now, copied) => {
    expect(isCopied(stampOf(stats(7, BIRTH)), now)).toBe(copied)
  })

  test.runIf(process.platform === 'linux')(
    'on FAT the same file has another inode after it was mounted again',
    () => {
      expect(isCopied(stampOf(stats(7, NOW)), stats(9, NOW))).toBe(false)
      expect(isCopied(stampOf(stats(7, NOW)), stats(9, NOW + 10))).toBe(true)
    },
  )

  test('there is no stamp without a birth time, and then no file is a copy', () => {
    expect(stampOf(stats(7, 0))).toBe(NO_STAMP)
    expect(isCopied(NO_STAMP, stats(8, BIRTH))).toBe(false)
  })

  test.each([[[7, NOW]], [[0, 0]]])('%j is a valid stamp', value => expect(parseStamp(value)).toEqual(value))
  test.each([undefined, null, 7, [], [7], [7, '8'], [7, null], [7, 8, 9], { 0: 7, 1: 8 }])(
    '%j is not a valid stamp',
    value => expect(parseStamp(value)).toBeUndefined(),
  )
})

describe('the fingerprint', () => {
  test('is made once, has 64 hex digits, and no other user can read it', () => {
    const deep = join(state, 'deep', 'er')
    const made = ensureFingerprint(deep, NOW)
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    expect(ensureFingerprint(deep, NOW)).toBe(made)
    expect(statSync(fingerprintPath(deep)).mode & 0o777).toBe(0o600)
    expect(statSync(join(state, 'deep')).mode & 0o777).toBe(0o700)
    expect(readdirSync(deep)).toEqual(['fingerprint'])
    expect(readFingerprint(deep, NOW)).toEqual({ fingerprint: made, status: 'good', created: NOW })
  })

  test('differs between two installations', () => {
    expect(ensureFingerprint(join(state, 'a'), NOW)).not.toBe(ensureFingerprint(join(state, 'b'), NOW))
  })

  test.each([
    '',
    'short',
    'G'.repeat(64),
    `${'a'.repeat(64)}\n${'b'.repeat(64)}`,
    '\0'.repeat(110),
    'scribbled\n'.repeat(100),
  ])('is made again where its file holds %j', text => {
    writeFileSync(fingerprintPath(state), text)
    expect(readFingerprint(state, NOW)).toMatchObject({ status: 'damaged' })
    const made = ensureFingerprint(state, NOW)
    expect(ensureFingerprint(state, NOW)).toBe(made)
    expect(readdirSync(state)).toEqual(['fingerprint'])
  })

  test('is replaced after 13 months', () => {
    const made = ensureFingerprint(state, NOW)
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS - 1)).toBe(made)
    const renewed = ensureFingerprint(state, NOW + MAX_AGE_MS)
    expect(renewed).not.toBe(made)
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS)).toBe(renewed)
  })

  test('is replaced if a clock far ahead has made it, and kept while a clock shows 1970', () => {
    const made = ensureFingerprint(state, NOW + MAX_AGE_MS)
    expect(ensureFingerprint(state, 0)).toBe(made)
    expect(ensureFingerprint(state, NOW)).not.toBe(made)
  })

  test('is made where another process removes the one before just now', () => {
    const made = ensureFingerprint(state, NOW)
    const { openSync } = fs
    vi.spyOn(fs, 'openSync').mockImplementationOnce((...args) => {
      rmSync(fingerprintPath(state))
      return openSync(...args)
    })
    expect(ensureFingerprint(state, NOW)).not.toBe(made)
  })

  test('is not used in a copy of the folder, and the original keeps it', () => {
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

  test('is kept where its folder was moved, its rights were changed, or a backup has linked it', () => {
    const made = ensureFingerprint(join(state, 'here'), NOW)
    renameSync(join(state, 'here'), join(state, 'there'))
    const path = fingerprintPath(join(state, 'there'))
    execFileSync('chmod', ['640', path])
    execFileSync('ln', [path, `${path}.backup`])
    expect(ensureFingerprint(join(state, 'there'), NOW)).toBe(made)
  })

  test('is not made up where it cannot be stored: that is an error', () => {
    writeFileSync(join(state, 'file'), '')
    expect(() => ensureFingerprint(join(state, 'file'), NOW)).toThrow()
    expect(existsSync(join(state, 'file/fingerprint'))).toBe(false)
    expect(readFileSync(join(state, 'file'), 'utf8')).toBe('')
  })
})

test('an answer that replaces another at the same moment is not overwritten', () => {
  const path = consentPath(state)
  const { statSync } = fs
  const yes = { 'http://127.0.0.1:9': { noticeVersion: 1, kinds: ['commands'], time: NOW } }
  vi.spyOn(fs, 'statSync').mockImplementation(((file: string, options: object) => {
    if (file !== path) return statSync(file, options)
    vi.restoreAllMocks()
    writeAnswers(path, { no: NOW })
    return statSync(file, options)
  }) as typeof statSync)
  writeAnswers(path, { yes })
  expect(readAnswers(path)).toMatchObject({ no: NOW })
})
