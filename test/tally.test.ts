import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readTimes } from '../src/cli/storage.ts'
import { append, read, startOf } from '../src/core/tally/tally.ts'
import { WRITTEN } from '../src/core/version.ts'

const DAY = 86_400_000
const NOW = WRITTEN + DAY + 885
let path: string

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-tally-'))
  path = join(folder, 'command_name=build')
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

const count = (now: number) => append(path, now, () => {})
const marks = (times: number[]) => times.map(time => `${time}\n`).join('')

describe('append', () => {
  test('writes one mark of 14 bytes an invocation', () => {
    expect([count(NOW), count(NOW + 5)]).toEqual([true, true])
    expect(readFileSync(path, 'latin1')).toBe(marks([NOW, NOW + 5]))
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('prepares a new series once, and can refuse it', () => {
    const refuse = () => {
      throw new RangeError('no more')
    }
    expect(() => append(path, NOW, refuse)).toThrow('no more')
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
    count(NOW)
    expect(append(path, NOW, refuse)).toBe(true)
  })

  test('never writes a time before the last mark', () => {
    count(NOW)
    count(NOW - 60_000)
    expect(readFileSync(path, 'latin1')).toBe(marks([NOW, NOW]))
  })

  test('sends for every invocation until 60 of them lie within a minute, then for every 64th', () => {
    const due = Array.from({ length: 200 }, (_, index) => count(NOW + index))
    expect(due.lastIndexOf(true, 100)).toBe(63)
    expect(due.slice(0, 59).every(Boolean)).toBe(true)
    expect(due.map((value, index) => (value && index >= 59 ? index + 1 : 0)).filter(Boolean)).toEqual([
      64, 128, 192,
    ])
    expect(count(NOW + 200 + 60_000)).toBe(true)
  })
})

describe('read', () => {
  test('count, the first mark, and the last ones', () => {
    writeFileSync(path, marks([NOW, NOW + 10, NOW + 20]))
    const few = { count: 3, first: NOW, last: NOW + 20, tail: marks([NOW, NOW + 10, NOW + 20]) }
    expect(read(path, NOW + 6000)).toEqual(few)
    expect(startOf(few)).toBe(NOW - 2)
    const many = Array.from({ length: 100 }, (_, i) => NOW + i)
    writeFileSync(path, marks(many))
    expect(read(path, NOW + 6000)).toEqual({
      count: 100,
      first: NOW,
      last: NOW + 99,
      tail: marks(many.slice(-64)),
    })
  })

  test('an empty or damaged tally says nothing, one that is not there is an error', () => {
    expect(() => read(path, NOW)).toThrow('ENOENT')
    writeFileSync(path, '')
    expect(read(path, NOW)).toBeUndefined()
    writeFileSync(path, 'x'.repeat(14))
    expect(read(path, NOW)).toBeUndefined()
  })

  test('every mark, and passes over what is none', () => {
    writeFileSync(path, `${marks([NOW])}0000000000000\nx\n${marks([NOW + 7])}179`)
    expect(readTimes(path)).toEqual([NOW, NOW + 7])
  })
})

/** What was set aside of the tally, by name. */
function aside(): string[] {
  const own = `${basename(path)}~`
  return readdirSync(dirname(path)).filter(name => name.startsWith(own))
}

const contentAside = () => aside().map(name => readFileSync(join(dirname(path), name), 'latin1'))

/** More than all that the marks of a stream can add to the time of a body. */
const LATER = 64 * 128 + 3

describe('a tally that is full or damaged is set aside, and the series starts anew, later', () => {
  test.each([
    ['cut off in a mark', marks([NOW]).slice(0, 13)],
    ['with a first mark that is none', `${'0'.repeat(12)}x\n${NOW}\n`],
    ['with a last mark that is none', `${NOW}\n${'\0'.repeat(14)}`],
    ['from a clock more than ten years ahead', marks([NOW, NOW + 3651 * DAY])],
  ])('%s', (_, text) => {
    writeFileSync(path, text)
    expect(count(NOW)).toBe(true)
    expect(read(path, NOW)).toMatchObject({ count: 1, first: NOW + LATER })
    expect(contentAside()).toEqual([text])
  })

  test('at 1 MiB', () => {
    const full = marks(Array.from({ length: 74_898 }, (_, index) => NOW - 74_898 + index))
    writeFileSync(path, full)
    expect(count(NOW - 1)).toBe(true)
    // After the last time with which the old series can have been sent, though the clock says less.
    expect(readTimes(path)).toEqual([NOW - 1 + LATER])
    expect(contentAside()).toEqual([full])
  })

  test('each time under another name, so that nothing is overwritten', () => {
    for (let round = 0; round < 20; round++) {
      writeFileSync(path, `damaged ${round}`)
      count(NOW + round)
    }
    expect(contentAside().sort()).toEqual(Array.from({ length: 20 }, (_, round) => `damaged ${round}`).sort())
  })
})

describe('a clock that is wrong damages nothing', () => {
  test.each([
    ['ten minutes behind', NOW - 600_000, NOW],
    ['in 2020', Date.UTC(2020, 0, 1), NOW],
    ['in 1970', 5000, NOW],
    ['before 1970', -5000, NOW],
    ['nine years ahead', NOW + 9 * 365 * DAY, NOW + 9 * 365 * DAY],
  ])('%s', (_, wrong, marked) => {
    count(NOW)
    count(wrong)
    count(NOW + 1)
    expect(readTimes(path)).toEqual([NOW, marked, Math.max(marked, NOW + 1)])
    expect(aside()).toEqual([])
  })

  test('and where it is so from the first mark on, that has a time that a clock can have shown', () => {
    for (const wrong of [0, 5000, Date.UTC(2020, 0, 1)]) count(wrong)
    count(NOW)
    expect(readTimes(path)).toEqual([WRITTEN, WRITTEN, WRITTEN, NOW])
  })
})

describe('what lies in the place of a tally and is none is left alone', () => {
  test('a folder', () => {
    mkdirSync(path)
    expect(() => count(NOW)).toThrow()
  })
  test('a symlink', () => {
    appendFileSync(`${path}.other`, 'precious')
    symlinkSync(`${path}.other`, path)
    expect(() => count(NOW)).toThrow()
    expect(readFileSync(`${path}.other`, 'utf8')).toBe('precious')
  })
  test('a FIFO, without waiting for its other end', () => {
    execFileSync('mkfifo', [path])
    expect(() => count(NOW)).toThrow('a tally is not a regular file')
    expect(() => read(path, NOW)).toThrow('a tally is not a regular file')
    expect(readTimes(path)).toEqual([])
  })
})
