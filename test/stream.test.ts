import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ensureFingerprint, readFingerprint } from '../src/core/tally/fingerprint.ts'
import { memoryStream } from '../src/core/tally/memory-stream.ts'
import type { Series } from '../src/core/tally/series.ts'
import { ensureStream, findStream, streamFolder } from '../src/core/tally/stream.ts'

const NOW = 1_795_206_980_885
const DAY = 24 * 3_600_000
let state: string
let folder: string

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'otlp-tally-stream-'))
  folder = streamFolder(state, '1.0.0', ['trix'])
  onTestFinished(() => rmSync(state, { recursive: true }))
})

const command = (name: string): Series => ({
  metric: 'command_invocation',
  attributes: { command_name: name },
})

describe('the fingerprint', () => {
  test('is made once, 64 hex digits, for nobody else to read', () => {
    const made = ensureFingerprint(join(state, 'deep', 'er'))
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    expect(ensureFingerprint(join(state, 'deep', 'er'))).toBe(made)
    expect(statSync(join(state, 'deep', 'er', 'fingerprint')).mode & 0o777).toBe(0o600)
    expect(statSync(join(state, 'deep')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(state, 'deep', 'er'))).toEqual(['fingerprint'])
  })
  test('is another one in every installation', () => {
    expect(ensureFingerprint(join(state, 'a'))).not.toBe(ensureFingerprint(join(state, 'b')))
  })
  test.each(['', 'short', 'G'.repeat(64), `${'a'.repeat(64)}\n${'b'.repeat(64)}`, 'a'.repeat(300)])(
    'is not taken from a file that holds %j, and the file stays',
    text => {
      writeFileSync(join(state, 'fingerprint'), text)
      expect(() => readFingerprint(state)).toThrow()
      expect(() => ensureFingerprint(state)).toThrow()
      expect(readFileSync(join(state, 'fingerprint'), 'utf8')).toBe(text)
    },
  )
})

describe('a stream', () => {
  test('has an id that stays with its counts', () => {
    const stream = ensureStream(folder, NOW)
    expect(stream.instance).toMatch(/^[0-9a-f-]{36}$/)
    expect(ensureStream(folder, NOW).instance).toBe(stream.instance)
    expect(readdirSync(join(state, 'tallies'))).toHaveLength(1)
  })

  test('is another one for each version and each set of resource attributes', () => {
    const folders = [
      streamFolder(state, '1.0.0', ['trix']),
      streamFolder(state, '1.0.1', ['trix']),
      streamFolder(state, '1.0.0', ['trix', [['os.type', 'linux']]]),
      streamFolder(state, '1.0.0', ['trax']),
    ]
    expect(new Set(folders).size).toBe(4)
    expect(folder).toMatch(/\/tallies\/1\.0\.0-[0-9a-f]{8}$/)
  })

  test('reads back every series, also those with long names, and passes over what is not one', () => {
    const stream = ensureStream(folder, NOW)
    const long = {
      metric: 'm',
      attributes: Object.fromEntries([...'abcdefgh'].map(key => [key.repeat(64), 'X'.repeat(64)])),
    }
    for (const series of [
      command('build'),
      command('build'),
      command('Build'),
      long,
      { metric: 'm', attributes: {} },
    ]) {
      stream.append(series, NOW)
    }
    mkdirSync(join(folder, 'command_invocation', 'command_name=folder'))
    writeFileSync(join(folder, 'command_invocation', 'command_name=build~'), `${NOW}\n`)
    writeFileSync(join(folder, 'notes.txt'), 'mine')
    const counts = stream.read(NOW).map(({ series, count }) => [series, count])
    expect(counts).toHaveLength(4)
    expect(counts).toContainEqual([command('build'), 2])
    expect(counts).toContainEqual([command('Build'), 1])
    expect(counts).toContainEqual([long, 1])
    expect(counts).toContainEqual([{ metric: 'm', attributes: {} }, 1])
  })

  test('takes 128 series and refuses the next, while the ones it has go on', () => {
    const stream = ensureStream(folder, NOW)
    for (let index = 0; index < 128; index++) stream.append(command(`c${index}`), NOW)
    expect(() => stream.append(command('more'), NOW)).toThrow(new RangeError('there are 128 series already'))
    stream.append(command('c7'), NOW)
    expect(stream.read(NOW)).toHaveLength(128)
  })

  test('without its id is set aside, so that its counts do not go on under another', () => {
    const { instance, append } = ensureStream(folder, NOW)
    append(command('build'), NOW)
    rmSync(join(folder, 'instance'))
    expect(findStream(folder)).toBeUndefined()
    const next = ensureStream(folder, NOW + 1)
    expect(next.instance).not.toBe(instance)
    expect(next.read(NOW)).toEqual([])
    expect(existsSync(join(`${folder}~${NOW + 1}`, 'command_invocation'))).toBe(true)
  })

  test('that was cleared while the program runs is not made again without its id', () => {
    const stream = ensureStream(folder, NOW)
    rmSync(folder, { recursive: true })
    expect(() => stream.append(command('build'), NOW)).toThrow('the stream is gone')
    expect(existsSync(folder)).toBe(false)
  })

  test('untouched for 180 days is removed when a new one is made, and not a day before', () => {
    const age = (name: string, days: number) => {
      const old = streamFolder(state, name, ['trix'])
      ensureStream(old, NOW).append(command('build'), NOW)
      for (const path of readdirSync(old, { recursive: true, encoding: 'utf8' }))
        utimesSync(join(old, path), 0, (NOW - days * DAY) / 1000)
      utimesSync(old, 0, (NOW - days * DAY) / 1000)
      return old
    }
    const [young, old] = [age('0.1.0', 179), age('0.2.0', 181)]
    // Removal is judged by the clock of the one who makes a stream, and all of these were made just now.
    ensureStream(folder, NOW)
    expect([existsSync(young), existsSync(old), existsSync(folder)]).toEqual([true, false, true])
  })
})

describe('a series is begun', () => {
  test('by one of all who send it, and by none again', () => {
    const [one, other] = [ensureStream(folder, NOW), ensureStream(folder, NOW)]
    one.append(command('build'), NOW)
    other.append(command('build'), NOW)
    const seen = [one, other].map(stream => stream.read(NOW)[0]!)
    expect(seen.map(({ begun }) => begun)).toEqual([false, false])
    expect([other.begin(seen[1]!), one.begin(seen[0]!)]).toEqual([true, false])
    expect(one.read(NOW)).toMatchObject([{ count: 2, begun: true }])
  })

  test('anew when its tally was set aside', () => {
    const stream = ensureStream(folder, NOW)
    stream.append(command('build'), NOW)
    stream.begin(stream.read(NOW)[0]!)
    writeFileSync(join(folder, 'command_invocation/command_name=build'), 'damaged')
    stream.append(command('build'), NOW + 10)
    expect(stream.read(NOW + 10)).toMatchObject([{ count: 1, begun: false }])
  })
})

describe('the time of a snapshot', () => {
  /** Writes marks as they are, in the order in which processes came to write them. */
  const mark = (name: string, time: number) =>
    appendFileSync(join(folder, 'command_invocation', `command_name=${name}`), `${time}\n`)
  const timeOf = (at: number) => {
    const times = new Set(
      findStream(folder)!
        .read(at)
        .map(({ time }) => time),
    )
    expect(times.size).toBe(1)
    return [...times][0]!
  }

  test('is that of its only mark, one for all series, and now when there was no mark for a minute', () => {
    const stream = ensureStream(folder, NOW)
    stream.append(command('build'), NOW)
    expect(timeOf(NOW + 500)).toBe(NOW)
    expect(timeOf(NOW + 60_000)).toBe(NOW)
    expect(timeOf(NOW + 60_001)).toBe(NOW + 60_001)
    stream.append(command('check'), NOW + 70_000)
    expect(timeOf(NOW + 70_500)).toBe(NOW + 70_000)
  })

  test('does not go back with the clock, and is no later for who asks later', () => {
    const stream = ensureStream(folder, NOW)
    stream.append(command('build'), NOW)
    stream.append(command('check'), NOW + 10)
    const seen = timeOf(NOW + 500)
    expect(timeOf(NOW - 1000)).toBe(seen)
    expect(timeOf(NOW + 900)).toBe(seen)
  })

  test('who has seen one mark more is later, whichever series it is of', () => {
    const stream = ensureStream(folder, NOW)
    for (const name of ['build', 'check', 'test']) stream.append(command(name), NOW)
    let seen = timeOf(NOW)
    // Found by fuzzing: marks of one time, then the same series a little later, which takes the others' lead away.
    const marks: [string, number][] = [
      ...Array.from({ length: 10 }, (): [string, number] => ['build', NOW]),
      ['check', NOW + 15],
      ['build', NOW + 16],
      ['build', NOW + 16],
      // Held up between its look at the clock and its mark.
      ['test', NOW + 1],
      ['check', NOW + 17],
      ['check', NOW + 59_000],
      ['test', NOW + 60_001],
      ['build', NOW + 60_002],
    ]
    let now = NOW
    for (const [name, time] of marks) {
      mark(name, time)
      now = Math.max(now, time)
      const more = timeOf(now)
      expect(more).toBeGreaterThan(seen)
      seen = more
    }
    expect(seen).toBeLessThan(NOW + 60_100)
  })

  test('grows with each mark, of whatever series and however much later', () => {
    const stream = ensureStream(folder, NOW)
    for (const name of ['build', 'check', 'test']) stream.append(command(name), NOW)
    const steps = fc.array(
      fc.tuple(fc.constantFrom('build', 'check', 'test'), fc.constantFrom(0, 0, 1, 2, 50, 30_000, 61_000)),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, steps => {
        for (const name of ['build', 'check', 'test'])
          writeFileSync(join(folder, 'command_invocation', `command_name=${name}`), `${NOW}\n`)
        let [now, seen] = [NOW, timeOf(NOW)]
        for (const [name, ms] of steps) {
          mark(name, (now += ms))
          const more = timeOf(now)
          expect(more).toBeGreaterThan(seen)
          seen = more
        }
      }),
    )
  })
})

describe('a stream in memory', () => {
  test('counts by itself from zero', () => {
    const stream = memoryStream()
    stream.append(command('build'), NOW)
    stream.append(command('build'), NOW + 1)
    const build = { series: command('build'), start: NOW - 2, count: 2, time: NOW + 5 }
    expect(stream.read(NOW + 5)).toEqual([{ ...build, begun: false }])
    expect(stream.begin(stream.read(NOW + 5)[0]!)).toBe(true)
    expect(stream.read(NOW + 5)).toEqual([{ ...build, begun: true }])
  })

  test('counts on top of a stored one, which it leaves as it is', () => {
    const stored = ensureStream(folder, NOW)
    stored.append(command('build'), NOW)
    const stream = memoryStream(stored)
    stored.begin(stored.read(NOW)[0]!)
    stream.append(command('build'), NOW + 9)
    stream.append(command('check'), NOW + 9)
    expect(stream.read(NOW + 9).map(({ begun }) => begun)).toEqual([true, false])
    stream.begin(stream.read(NOW + 9)[1]!)
    expect(stream.instance).toBe(stored.instance)
    expect(stream.read(NOW + 9).map(({ count }) => count)).toEqual([2, 1])
    expect(stored.read(NOW + 9).map(({ count }) => count)).toEqual([1])
    expect(existsSync(join(folder, 'command_invocation'))).toBe(true)
    expect(readdirSync(join(folder, 'command_invocation'))).toHaveLength(2)
  })
})
