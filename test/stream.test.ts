import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { bodyOf } from '../src/core/encode/body.ts'
import type { Point } from '../src/core/encode/metrics.ts'
import {
  ensureFingerprint,
  fingerprintPath,
  MAX_AGE_MS,
  readFingerprint,
} from '../src/core/tally/fingerprint.ts'
import { settle } from '../src/core/tally/sending.ts'
import { seriesPath } from '../src/core/tally/series.ts'
import { count, ensureInstance, list, readAll, readInstance, streamFolder } from '../src/core/tally/stream.ts'
import { startOf, timeOf } from '../src/core/tally/tally.ts'
import { WRITTEN } from '../src/core/version.ts'
import type { Attributes, Series } from '../src/core/vocabulary.ts'

const DAY = 24 * 3_600_000
const NOW = WRITTEN + DAY + 3000
let state: string
let folder: string

const folderOf = (
  version: string,
  name = 'trix',
  resourceAttributes: Attributes = {},
  fingerprint?: string,
) => streamFolder({ version, name, resourceAttributes }, state, fingerprint ?? 'f'.repeat(64))

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'otlp-tally-stream-'))
  folder = folderOf('1.0.0')
  onTestFinished(() => rmSync(state, { recursive: true }))
})

const command = (name: string): Series => ({
  metric: 'command_invocation',
  attributes: { command_name: name },
})
const append = (series: Series, now: number, to = folder) => count(to, seriesPath(series), now, false)
const read = (now: number) => readAll(folder, list(folder), now)

describe('the fingerprint', () => {
  test('is made once, 64 hex digits, for nobody else to read', () => {
    const deep = join(state, 'deep', 'er')
    const made = ensureFingerprint(deep, NOW)
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    expect(ensureFingerprint(deep, NOW)).toBe(made)
    expect(statSync(fingerprintPath(deep)).mode & 0o777).toBe(0o600)
    expect(statSync(join(state, 'deep')).mode & 0o777).toBe(0o700)
    expect(readdirSync(deep)).toEqual(['fingerprint'])
    expect(readFingerprint(deep, NOW)).toMatchObject({ fingerprint: made, state: 'good', created: NOW })
  })

  test('is another one in every installation', () => {
    expect(ensureFingerprint(join(state, 'a'), NOW)).not.toBe(ensureFingerprint(join(state, 'b'), NOW))
  })

  test.each(['', 'short', 'G'.repeat(64), `${'a'.repeat(64)}\n${'b'.repeat(64)}`, '\0'.repeat(110)])(
    'is made anew where its file holds %j, which stays under another name',
    text => {
      writeFileSync(fingerprintPath(state), text)
      expect(readFingerprint(state, NOW)).toBe('damaged')
      const made = ensureFingerprint(state, NOW)
      expect(ensureFingerprint(state, NOW)).toBe(made)
      const aside = readdirSync(state).filter(name => name.startsWith('fingerprint~'))
      expect(aside.map(name => readFileSync(join(state, name), 'utf8'))).toEqual([text])
    },
  )

  test('lives for 13 months, and the id of each stream with it', () => {
    const made = ensureFingerprint(state, NOW)
    ensureInstance(folder, NOW)
    append(command('build'), NOW)
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS - 1)).toBe(made)
    expect(readInstance(folder)).toBeDefined()
    const renewed = ensureFingerprint(state, NOW + MAX_AGE_MS)
    expect(renewed).not.toBe(made)
    expect(readInstance(folder)).toBeUndefined()
    expect(readdirSync(state).sort()).toEqual(['fingerprint', 'tallies'])
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS)).toBe(renewed)
  })

  test('of version 0.1 goes on, and is stamped', () => {
    writeFileSync(fingerprintPath(state), `${'a'.repeat(64)}\n`)
    utimesSync(fingerprintPath(state), NOW / 1000, NOW / 1000)
    expect(readFingerprint(state, NOW)).toMatchObject({ state: 'unstamped', created: NOW })
    expect(ensureFingerprint(state, NOW + DAY)).toBe('a'.repeat(64))
    expect(readFingerprint(state, NOW + DAY)).toMatchObject({ state: 'good', created: NOW })
  })

  test('of version 0.1 lives no longer than any other', () => {
    writeFileSync(fingerprintPath(state), `${'a'.repeat(64)}\n`)
    utimesSync(fingerprintPath(state), NOW / 1000, NOW / 1000)
    expect(ensureFingerprint(state, NOW + MAX_AGE_MS)).not.toBe('a'.repeat(64))
  })

  test('in a copy of the folder is not used, and the original stays as it is', () => {
    const original = join(state, 'original')
    const made = ensureFingerprint(original, NOW)
    const copy = join(state, 'copy')
    cpSync(original, copy, { recursive: true, preserveTimestamps: true })
    expect(readFingerprint(copy, NOW)).toMatchObject({ state: 'copied' })
    const other = ensureFingerprint(copy, NOW)
    expect(other).not.toBe(made)
    expect(ensureFingerprint(copy, NOW)).toBe(other)
    expect(ensureFingerprint(original, NOW)).toBe(made)
  })

  test('goes on where its folder was moved', () => {
    const made = ensureFingerprint(join(state, 'here'), NOW)
    renameSync(join(state, 'here'), join(state, 'there'))
    expect(ensureFingerprint(join(state, 'there'), NOW)).toBe(made)
  })
})

describe('a stream', () => {
  test('has an id that stays with its counts', () => {
    const instance = ensureInstance(folder, NOW)
    expect(instance).toMatch(/^[0-9a-f-]{36}$/)
    expect(ensureInstance(folder, NOW)).toBe(instance)
    expect(readdirSync(join(state, 'tallies'))).toHaveLength(1)
  })

  test('is another one for each version, name, fingerprint and set of resource attributes', () => {
    const folders = [
      folderOf('1.0.0'),
      folderOf('1.0.1'),
      folderOf('1.0.0', 'trix', { 'os.type': 'linux' }),
      folderOf('1.0.0', 'trax'),
      folderOf('1.0.0', 'trix', {}, 'e'.repeat(64)),
      streamFolder({ version: '1.0.0', name: 'trix' }, state, undefined),
    ]
    expect(new Set(folders).size).toBe(6)
    expect(folder).toMatch(/\/tallies\/1\.0\.0-[0-9a-f]{8}$/)
    expect(folders.at(-1)).toMatch(/\/local\/1\.0\.0-[0-9a-f]{8}$/)
    const [one, other] = [
      { a: 'x', b: 'y' },
      { b: 'y', a: 'x' },
    ]
    expect(folderOf('1.0.0', 'trix', one)).toBe(folderOf('1.0.0', 'trix', other))
  })

  test('reads back every series, also those with long names, and passes over what is not one', () => {
    ensureInstance(folder, NOW)
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
      append(series, NOW)
    }
    mkdirSync(join(folder, 'command_invocation', 'command_name=folder'))
    writeFileSync(join(folder, 'command_invocation', 'command_name=build~'), `${NOW}\n`)
    writeFileSync(join(folder, 'command_invocation', 'command_name=build!17'), `${NOW}\n`)
    writeFileSync(join(folder, 'notes.txt'), 'mine')
    const counts = read(NOW).map(({ series, count }) => [series, count])
    expect(counts).toHaveLength(4)
    expect(counts).toContainEqual([command('build'), 2])
    expect(counts).toContainEqual([command('Build'), 1])
    expect(counts).toContainEqual([long, 1])
    expect(counts).toContainEqual([{ metric: 'm', attributes: {} }, 1])
  })

  test('takes 128 series and refuses the next, while the ones it has go on', () => {
    ensureInstance(folder, NOW)
    for (let index = 0; index < 128; index++) append(command(`c${index}`), NOW)
    expect(() => append(command('more'), NOW)).toThrow(new RangeError('there are 128 series already'))
    append(command('c7'), NOW)
    expect(read(NOW)).toHaveLength(128)
  })

  test.each(['removed', 'damaged'])('whose id is %s is set aside, so that its counts do not go on', what => {
    const instance = ensureInstance(folder, NOW)
    append(command('build'), NOW)
    if (what === 'removed') rmSync(join(folder, 'instance'))
    else writeFileSync(join(folder, 'instance'), '')
    expect(readInstance(folder)).toBeUndefined()
    expect(ensureInstance(folder, NOW + 1)).not.toBe(instance)
    expect(read(NOW)).toEqual([])
    const [aside] = readdirSync(join(state, 'tallies')).filter(name => name.includes('~'))
    expect(existsSync(join(state, 'tallies', aside!, 'command_invocation'))).toBe(true)
  })

  test('that was cleared while the program runs is not made again without its id', () => {
    ensureInstance(folder, NOW)
    rmSync(folder, { recursive: true })
    expect(() => append(command('build'), NOW)).toThrow('the stream is gone')
    expect(existsSync(folder)).toBe(false)
  })

  test('of local counts has no id and needs none', () => {
    const local = streamFolder({ version: '1.0.0', name: 'trix' }, state, undefined)
    count(local, seriesPath(command('build')), NOW, true)
    expect(readInstance(local)).toBeUndefined()
    expect(readAll(local, list(local), NOW)).toMatchObject([{ count: 1 }])
  })

  test('untouched for 180 days is removed when a new one is made, and not a day before', () => {
    const age = (name: string, days: number) => {
      const old = folderOf(name)
      ensureInstance(old, NOW)
      append(command('build'), NOW, old)
      for (const path of readdirSync(old, { recursive: true, encoding: 'utf8' }))
        utimesSync(join(old, path), 0, (NOW - days * DAY) / 1000)
      utimesSync(old, 0, (NOW - days * DAY) / 1000)
      return old
    }
    const [young, old] = [age('0.1.0', 179), age('0.2.0', 181)]
    // Removal is judged by the clock of the one who makes a stream, and all of these were made just now.
    ensureInstance(folder, NOW)
    expect([existsSync(young), existsSync(old), existsSync(folder)]).toEqual([true, false, true])
  })
})

/** What a command sends at `now`: for each series its zero, where it is in the body, and its count. */
function send(now: number, allowed: (name: string) => boolean = () => true) {
  let points: readonly Point[] = []
  const body = bodyOf(
    folder,
    now,
    new Map(),
    ({ series }) => allowed(`${series.attributes.command_name}`),
    given => JSON.stringify((points = given)),
  )
  const said = points.map(({ attributes, value, time, start }) => ({
    name: attributes.command_name,
    value,
    ...(value === 0 && { before: time - start === 1 ? 'its first mark' : 'its point' }),
  }))
  return { said, body, points }
}

const notes = () => readdirSync(folder).filter(name => name.startsWith('!'))

describe('a series begins', () => {
  beforeEach(() => void ensureInstance(folder, NOW))
  const zero = { name: 'build', value: 0, before: 'its first mark' }
  const late = { name: 'build', value: 0, before: 'its point' }
  const one = { name: 'build', value: 1 }
  const two = { name: 'build', value: 2 }

  test('with its first body, before its first mark, and not again once that may have been accepted', () => {
    append(command('build'), NOW)
    const { said, body } = send(NOW)
    expect(said).toEqual([zero, one])
    expect(send(NOW).said).toEqual([one])
    settle(body!.note!, false)
    expect(send(NOW + 1)).toMatchObject({ said: [one], body: { text: expect.any(String) } })
    expect(send(NOW + 1).body).not.toHaveProperty('note')
  })

  test('again where nothing of it was accepted, and late just before its point', () => {
    append(command('build'), NOW)
    settle(send(NOW).body!.note!, true)
    const again = send(NOW + 299_000)
    expect(again.said).toEqual([zero, one])
    settle(again.body!.note!, true)
    append(command('build'), NOW + DAY)
    const later = send(NOW + DAY)
    expect(later.said).toEqual([late, two])
    settle(later.body!.note!, false)
    expect(send(NOW + 2 * DAY).said).toEqual([two])
    expect(notes()).toEqual([])
  })

  test('late by nobody while a body that relied on another one is under way', () => {
    append(command('build'), NOW)
    append(command('build'), NOW + 299_000)
    const [claimed, relied] = [send(NOW + 299_000), send(NOW + 299_000)]
    expect([claimed.said, relied.said]).toEqual([[zero, two], [two]])
    settle(claimed.body!.note!, true)
    expect(send(NOW + 300_000).said).toEqual([])
    settle(relied.body!.note!, true)
    expect(send(NOW + 300_000).said).toEqual([late, two])
  })

  test.each([
    ['its text', () => {}],
    ['a damaged text', (path: string) => writeFileSync(path, '{"claimed":')],
    ['a text of something else', (path: string) => writeFileSync(path, '5')],
  ])('for certain where a helper was killed, and left its note with %s', (_, damage) => {
    append(command('build'), NOW)
    damage(send(NOW).body!.note!)
    const relied = send(NOW + 60_000)
    expect(relied.said).toEqual([one])
    expect(notes()).toHaveLength(2)
    settle(relied.body!.note!, true)
    const later = send(NOW + DAY)
    expect(later.said).toEqual([one])
    settle(later.body!.note!, true)
    expect(send(NOW + DAY).body).toEqual({ text: expect.any(String) })
    expect(notes()).toEqual([])
  })

  test('although the note of a killed process, which sent nothing, is there', () => {
    append(command('build'), NOW - DAY)
    append(command('build'), NOW)
    writeFileSync(join(folder, `!${NOW - DAY}-killed`), '')
    expect(send(NOW).said).toEqual([late, two])
  })

  test('without an end, whatever lies in the folder that looks like a note', () => {
    append(command('build'), NOW - DAY)
    mkdirSync(join(folder, '!1-folder'))
    writeFileSync(join(folder, '!'), '"')
    mkdirSync(join(folder, '!x'))
    for (let round = 0; round < 3; round++) expect(send(NOW).said.at(-1) ?? one).toEqual(one)
  })

  test('where a process slept, and others took it for dead, by one of the two', () => {
    append(command('build'), NOW - DAY)
    append(command('build'), NOW)
    const asleep = send(NOW)
    const awake = send(NOW + DAY)
    expect([asleep.said, awake.said]).toEqual([[late, two], [two]])
    expect(() => settle(asleep.body!.note!, true)).toThrow('ENOENT')
    settle(awake.body!.note!, true)
    expect(send(NOW + 2 * DAY).said).toEqual([two])
  })

  test('anew when its tally was set aside', () => {
    append(command('build'), NOW)
    settle(send(NOW).body!.note!, false)
    writeFileSync(join(folder, 'command_invocation/command_name=build'), 'damaged')
    append(command('build'), NOW + 10)
    expect(send(NOW + 10).said).toEqual([zero, one])
  })

  test('not while the clock is wrong: whatever it dates, a backend refuses', () => {
    append(command('build'), 5000)
    expect(send(5000).body).toBeUndefined()
    append(command('build'), NOW)
    expect(send(NOW).said).toEqual([late, two])
  })

  test('only where it is in the body: one that may not be sent is not claimed, and yet counts for the time', () => {
    append(command('build'), NOW)
    append(command('secret'), NOW + 500)
    const { said, points } = send(NOW + 500, name => name === 'build')
    expect(said).toEqual([zero, one])
    expect(points[1]!.time).toBeGreaterThanOrEqual(NOW + 500)
    expect(readdirSync(join(folder, 'command_invocation')).filter(name => name.includes('!'))).toEqual([
      `command_name=build!${NOW - 2}-`,
    ])
  })

  test('with all that is claimed in the body, where not everything fits, and all of it in turn', () => {
    const name = (index: number) => `c${index}`.padEnd(60, 'x')
    for (let index = 0; index < 120; index++)
      append(
        { metric: 'm', attributes: { command_name: name(index), a: 'y'.repeat(60), b: 'z'.repeat(60) } },
        NOW,
      )
    const carried = new Map<unknown, number>()
    for (let run = 0; run < 12; run++) {
      append(
        { metric: 'm', attributes: { command_name: name(0), a: 'y'.repeat(60), b: 'z'.repeat(60) } },
        NOW + run,
      )
      const wide = (given: readonly Point[]) => JSON.stringify(given).padEnd(given.length * 600)
      let points: readonly Point[] = []
      const body = bodyOf(
        folder,
        NOW + run,
        new Map(),
        () => true,
        given => wide((points = given)),
      )
      expect(body!.text.length).toBeLessThanOrEqual(60_000)
      for (const { attributes, value } of points)
        if (value === 0) carried.set(attributes.command_name, (carried.get(attributes.command_name) ?? 0) + 1)
      if (body!.note) settle(body!.note, false)
    }
    expect(carried.size).toBe(120)
    expect(Math.max(...carried.values())).toBe(1)
  })
})

describe('the time of a snapshot', () => {
  /** Writes marks as they are, in the order in which processes came to write them. */
  const mark = (name: string, time: number) =>
    appendFileSync(join(folder, 'command_invocation', `command_name=${name}`), `${time}\n`)
  /** As one number: nanoseconds since NOW. */
  const seenAt = (now: number) => {
    const { time, nanos } = timeOf(read(now))
    return (time - NOW) * 1e6 + nanos
  }

  test('is that of its only mark, whenever it is made', () => {
    ensureInstance(folder, NOW)
    append(command('build'), NOW)
    expect([seenAt(NOW + 500), seenAt(NOW + 60_001), seenAt(NOW + DAY)]).toEqual([0, 0, 0])
    append(command('check'), NOW + 70_000)
    expect(seenAt(NOW + 70_500)).toBe(70_001 * 1e6)
    expect(startOf({ first: NOW })).toBe(NOW - 2)
  })

  test('does not go back with the clock', () => {
    ensureInstance(folder, NOW)
    append(command('build'), NOW)
    append(command('check'), NOW + 10)
    const seen = seenAt(NOW + 500)
    append(command('build'), NOW - 600_000)
    expect(seenAt(NOW - 1000)).toBeGreaterThan(seen)
  })

  test('grows with each mark also where another series is from a clock that was ahead', () => {
    ensureInstance(folder, NOW)
    append(command('check'), NOW + DAY)
    let seen = seenAt(NOW)
    for (let round = 0; round < 200; round++) {
      append(command('build'), NOW + round)
      const more = seenAt(NOW)
      expect(more).toBeGreaterThan(seen)
      seen = more
    }
    expect(seen).toBeLessThan((DAY + 1000) * 1e6)
  })

  test('who has seen one mark more is later, whichever series it is of', () => {
    ensureInstance(folder, NOW)
    for (const name of ['build', 'check', 'test']) append(command(name), NOW)
    let seen = seenAt(NOW)
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
      const more = seenAt(now)
      expect(more).toBeGreaterThan(seen)
      seen = more
    }
    expect(seen).toBeLessThan(60_100 * 1e6)
  })

  test('grows with each mark, in whatever order processes that run at once make theirs', () => {
    ensureInstance(folder, NOW)
    for (const name of ['build', 'check']) append(command(name), NOW)
    const steps = fc.array(fc.tuple(fc.constantFrom('build', 'check'), fc.integer({ min: -40, max: 40 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, steps => {
        for (const name of ['build', 'check'])
          writeFileSync(join(folder, 'command_invocation', `command_name=${name}`), `${NOW}\n`)
        let seen = seenAt(NOW)
        for (const [name, ms] of steps) {
          mark(name, NOW + ms)
          const more = seenAt(NOW)
          expect(more).toBeGreaterThan(seen)
          seen = more
        }
      }),
    )
  })

  test('grows with each mark, of whatever series and however much later', () => {
    ensureInstance(folder, NOW)
    for (const name of ['build', 'check', 'test']) append(command(name), NOW)
    const steps = fc.array(
      fc.tuple(fc.constantFrom('build', 'check', 'test'), fc.constantFrom(0, 0, 1, 2, 50, 30_000, 61_000)),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, steps => {
        for (const name of ['build', 'check', 'test'])
          writeFileSync(join(folder, 'command_invocation', `command_name=${name}`), `${NOW}\n`)
        let [now, seen] = [NOW, seenAt(NOW)]
        for (const [name, ms] of steps) {
          mark(name, (now += ms))
          const more = seenAt(now)
          expect(more).toBeGreaterThan(seen)
          seen = more
        }
      }),
    )
  })

  // A long command that sends at its end, when what was made beside it is long ago.
  test('is no other for who asks later, and so never earlier for who has seen more', () => {
    ensureInstance(folder, NOW)
    for (let round = 0; round < 30; round++) append(command('build'), NOW + round)
    const soon = seenAt(NOW + 30)
    expect(seenAt(NOW + DAY)).toBe(soon)
    for (let round = 30; round < 40; round++) append(command('build'), NOW + round)
    expect(seenAt(NOW + DAY)).toBeGreaterThan(soon)
  })

  test('grows with each of more than 64 marks of one series, and of one moment', () => {
    ensureInstance(folder, NOW)
    append(command('check'), NOW)
    let seen = -1
    for (let round = 0; round < 400; round++) {
      append(command('build'), NOW + Math.floor(round / 50))
      const more = seenAt(NOW)
      expect(more).toBeGreaterThan(seen)
      seen = more
    }
  })
})
