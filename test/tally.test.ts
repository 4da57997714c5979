import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { append, begin, read } from '../src/core/tally/tally.ts'

const NOW = 1_795_206_980_885
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

describe('begin', () => {
  test('is true once for each start of a series', () => {
    expect([begin(path, NOW), begin(path, NOW), begin(path, NOW + 5)]).toEqual([true, false, true])
  })

  test('throws where it cannot be stored, so that no two begin it', () => {
    expect(() => begin(join(path, 'none'), NOW)).toThrow('ENOENT')
  })
})

describe('read', () => {
  test('count, start 2 ms before the first mark, and the last marks', () => {
    writeFileSync(path, marks([NOW, NOW + 10, NOW + 20]))
    expect(read(path, NOW + 6000)).toEqual({
      count: 3,
      start: NOW - 2,
      recent: [NOW, NOW + 10, NOW + 20],
    })
    const many = Array.from({ length: 100 }, (_, i) => NOW + i)
    writeFileSync(path, marks(many))
    expect(read(path, NOW + 6000)).toEqual({ count: 100, start: NOW - 2, recent: many.slice(-64) })
  })

  test('an empty or damaged tally says nothing, one that is not there is an error', () => {
    expect(() => read(path, NOW)).toThrow('ENOENT')
    writeFileSync(path, '')
    expect(read(path, NOW)).toBeUndefined()
    writeFileSync(path, 'x'.repeat(14))
    expect(read(path, NOW)).toBeUndefined()
  })
})

describe('a tally that is full or damaged is set aside, and the series starts anew, later', () => {
  test.each([
    ['cut off in a mark', marks([NOW]).slice(0, 13)],
    ['with a first mark that is none', `${'0'.repeat(12)}x\n${NOW}\n`],
    ['with a last mark that is none', `${NOW}\n${'\0'.repeat(14)}`],
    ['from a clock more than 5 minutes ahead', marks([NOW, NOW + 300_001])],
  ])('%s', (_, text) => {
    writeFileSync(path, text)
    expect(count(NOW)).toBe(true)
    expect(read(path, NOW)).toMatchObject({ count: 1, start: NOW - 2 })
    expect(readFileSync(`${path}~`, 'latin1')).toBe(text)
  })

  test('at 1 MiB', () => {
    const full = marks(Array.from({ length: 74_898 }, (_, index) => NOW - 74_898 + index))
    writeFileSync(path, full)
    expect(count(NOW - 1)).toBe(true)
    // After the last time with which the old series can have been sent, though the clock says less.
    expect(read(path, NOW)).toEqual({ count: 1, start: NOW, recent: [NOW + 2] })
    expect(statSync(`${path}~`).size).toBe(full.length)
  })

  test('not a tally from a clock 5 minutes ahead', () => {
    writeFileSync(path, marks([NOW, NOW + 300_000]))
    expect(count(NOW)).toBe(true)
    expect(read(path, NOW)?.count).toBe(3)
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
  })
})
