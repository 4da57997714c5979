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
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Body, Source } from '../src/core/deliver/job.ts'
import {
  ensureFingerprint,
  fingerprintPath,
  MAX_AGE_MS,
  readFingerprint,
} from '../src/core/tally/fingerprint.ts'
import { seriesPath } from '../src/core/tally/series.ts'
import { count, ensureInstance, list, readInstance, streamFolder } from '../src/core/tally/stream.ts'
import { startOf } from '../src/core/tally/tally.ts'
import { WRITTEN } from '../src/core/version.ts'
import type { Attributes, Series } from '../src/core/vocabulary.ts'
import { announce, settle } from '../src/helper/beginnings.ts'
import { bodyOf } from '../src/helper/body.ts'

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

/** The points of a body: for each series its values in their order, and when they are dated. */
interface Point {
  series: Series
  values: number[]
  /** In ns since 1970, as the times are. */
  start: bigint
  /** One for each value. */
  times: bigint[]
}

function pointsOf(text: string): Point[] {
  const points = new Map<string, Point>()
  const textOf = (value: { stringValue?: string; boolValue?: boolean }) =>
    value.stringValue ?? value.boolValue!
  for (const { name, sum } of JSON.parse(text).resourceMetrics[0].scopeMetrics[0].metrics) {
    for (const { attributes, asInt, startTimeUnixNano, timeUnixNano } of sum.dataPoints) {
      const pairs = attributes.map(({ key, value }: { key: string; value: { stringValue?: string } }) => [
        key,
        textOf(value),
      ])
      const series = { metric: name, attributes: Object.fromEntries(pairs) }
      const key = JSON.stringify(series)
      const start = BigInt(startTimeUnixNano)
      if (!points.has(key)) points.set(key, { series, values: [], start, times: [] })
      points.get(key)!.values.push(Number(asInt))
      points.get(key)!.times.push(BigInt(timeUnixNano))
    }
  }
  return [...points.values()]
}

const SOURCE: Source = { resource: {}, options: { name: 'trix' }, counted: [] }

/** All that a stream holds, as a body would say it. Writes nothing. */
function read(now: number, from = folder): Point[] {
  const body = bodyOf({ source: { ...SOURCE, folder: from, own: [] }, timeoutMs: 2000 }, now, false)
  return body ? pointsOf((body as Body).text) : []
}

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
      expect(readFingerprint(state, NOW)).toMatchObject({ state: 'damaged' })
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
    expect(readFingerprint(state, NOW)).toMatchObject({ state: 'good', stamped: false, created: NOW })
    expect(ensureFingerprint(state, NOW + DAY)).toBe('a'.repeat(64))
    expect(readFingerprint(state, NOW + DAY)).toMatchObject({ state: 'good', stamped: true, created: NOW })
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
    writeFileSync(join(folder, 'command_invocation', `command_name=check!${NOW - 2}`), '')
    mkdirSync(join(folder, 'command_invocation~1-a'))
    writeFileSync(join(folder, 'command_invocation~1-a', 'command_name=build'), `${NOW}\n`)
    const counts = read(NOW).map(({ series, values }) => [series, values])
    expect(counts).toHaveLength(4)
    expect(counts).toContainEqual([command('build'), [0, 2]])
    expect(counts).toContainEqual([command('Build'), [0, 1]])
    expect(counts).toContainEqual([long, [0, 1]])
    expect(counts).toContainEqual([{ metric: 'm', attributes: {} }, [0, 1]])
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
    expect(read(NOW, local)).toMatchObject([{ values: [0, 1] }])
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

const TIMEOUT_MS = 2000
/** How long its note holds: no process that sends lives longer. */
const HOLDS_MS = TIMEOUT_MS + 1000

/** What the helper of a command sends at `now`: of each series its values, and the note that it has left. */
function send(now: number, more: Partial<Source> = {}, patient = true) {
  const body = bodyOf({ source: { ...SOURCE, folder, ...more }, timeoutMs: TIMEOUT_MS }, now, patient)
  if (typeof body !== 'object') return { said: body }
  const points = pointsOf(body.text)
  for (const { values, times, start } of points) {
    expect(values.slice(0, -1).join()).toBe(values.length > 1 ? '0' : '')
    // In order, and with nothing between them that another count could be at.
    if (values.length > 1) expect(times[0]).toBe(times[1]! - (times[1]! % 1_000_000n) - 1_000_000n)
    expect(times[0]).toBeGreaterThan(start)
  }
  const said = Object.fromEntries(points.map(({ series, values }) => [nameOf(series), values]))
  return { said, points, note: body.note }
}

const nameOf = ({ metric, attributes }: Series) => `${attributes.command_name ?? metric}`
const beginningOf = (name: string, first: number) => `${seriesPath(command(name))}!${first - 2}`
const notes = () => readdirSync(folder).filter(name => name.startsWith('!'))
/** What says that a series has begun. */
const begun = () => list(folder).filter(path => /\/.*!/.test(path))

/** Lets others act at one step of a process that announces what it begins. */
function meanwhile(step: 'before its note' | 'before it looks', act: () => void): void {
  const fs = process.getBuiltinModule('node:fs')
  const call = step === 'before its note' ? 'writeFileSync' : 'readdirSync'
  const original = fs[call] as (...given: unknown[]) => unknown
  let done = false
  let calls = 0
  vi.spyOn(fs, call).mockImplementation(((...given: unknown[]) => {
    // The stream is listed with options, and its notes without: before its own is written, and after.
    if (!done && (call === 'writeFileSync' || (given.length === 1 && ++calls === 2))) {
      done = true
      act()
    }
    return original(...given)
  }) as never)
  onTestFinished(() => expect(done).toBe(true))
}

describe('a series begins', () => {
  beforeEach(() => void ensureInstance(folder, NOW))
  afterEach(() => void vi.restoreAllMocks())

  test('with its first body, and not again once that may have been accepted', () => {
    append(command('build'), NOW)
    const { said, note } = send(NOW)
    expect(said).toEqual({ build: [0, 1] })
    expect(notes().map(name => join(folder, name))).toEqual([note!.path])
    expect(JSON.parse(readFileSync(note!.path, 'utf8'))).toEqual([beginningOf('build', NOW)])
    expect(begun()).toEqual([])
    settle(note!, false)
    expect([notes(), begun()]).toEqual([[], [beginningOf('build', NOW)]])
    expect(send(NOW + 1)).toMatchObject({ said: { build: [1] }, note: undefined })
    expect(notes()).toEqual([])
  })

  test('again where nothing of it was accepted, however much later', () => {
    append(command('build'), NOW)
    settle(send(NOW).note!, true)
    expect([notes(), begun()]).toEqual([[], []])
    const again = send(NOW + 1)
    expect(again.said).toEqual({ build: [0, 1] })
    settle(again.note!, true)
    append(command('build'), NOW + DAY)
    const later = send(NOW + DAY)
    expect(later.said).toEqual({ build: [0, 2] })
    settle(later.note!, false)
    expect(send(NOW + 2 * DAY)).toMatchObject({ said: { build: [2] }, note: undefined })
  })

  test.each([true, false])('by one process at a time (nothing taken of the first: %s)', nothingTaken => {
    append(command('old'), NOW)
    settle(send(NOW).note!, false)
    append(command('build'), NOW)
    const first = send(NOW)
    expect(first.said).toEqual({ old: [1], build: [0, 1] })
    append(command('old'), NOW + 10)
    append(command('check'), NOW + 10)
    expect(send(NOW + 10)).toEqual({ said: 'busy' })
    // Who does not wait any more sends what has begun.
    expect(send(NOW + 20, {}, false)).toMatchObject({ said: { old: [2] }, note: undefined })
    expect(notes().map(name => join(folder, name))).toEqual([first.note!.path])
    settle(first.note!, nothingTaken)
    expect(send(NOW + 30).said).toEqual({
      old: [2],
      build: nothingTaken ? [0, 1] : [1],
      check: [0, 1],
    })
  })

  test('by nobody while another one begins the only one there is: then there is nothing to send', () => {
    append(command('build'), NOW)
    const { note } = send(NOW)
    expect([send(NOW), send(NOW, {}, false)]).toEqual([{ said: 'busy' }, { said: undefined }])
    expect(notes()).toHaveLength(1)
    settle(note!, true)
    expect(send(NOW).said).toEqual({ build: [0, 1] })
  })

  test('not by two that come at the same time: who sees the other one gives way', () => {
    append(command('build'), NOW)
    const other = `!${NOW + 3}-other`
    meanwhile('before it looks', () => writeFileSync(join(folder, other), `${beginningOf('build', NOW)}\n`))
    expect(send(NOW)).toEqual({ said: 'busy' })
    expect(notes()).toEqual([other])
  })

  test('not by one that slept, and whose note another one has settled meanwhile', () => {
    append(command('build'), NOW)
    meanwhile('before it looks', () => {
      const [own] = notes()
      append(command('build'), NOW + DAY)
      expect(send(NOW + DAY).said).toEqual({ build: [2] })
      expect(notes()).not.toContain(own)
    })
    expect(send(NOW)).toEqual({ said: 'busy' })
    expect(send(NOW)).toMatchObject({ said: { build: [2] }, note: undefined })
    expect(notes()).toEqual([])
  })

  test('not again where another one began it, and counted on, before the note was there', () => {
    append(command('build'), NOW)
    meanwhile('before its note', () => {
      settle(send(NOW).note!, false)
      append(command('build'), NOW + 1)
    })
    expect(send(NOW + 1)).toMatchObject({ said: { build: [2] }, note: undefined })
    expect(notes()).toEqual([])
  })

  test('not without its note: one that was first counted after the note is left to the next', () => {
    append(command('build'), NOW)
    meanwhile('before it looks', () => append(command('check'), NOW))
    const { said, note } = send(NOW)
    expect([said, note!.series]).toEqual([{ build: [0, 1] }, [beginningOf('build', NOW)]])
    settle(note!, false)
    expect(send(NOW).said).toEqual({ build: [1], check: [0, 1] })
  })

  test.each([
    ['has expired', NOW + HOLDS_MS - 1, NOW + HOLDS_MS],
    ['holds for longer than any can, by a clock that was put back', NOW - 10_000, NOW - 66_000],
  ])('for certain where a process was killed, and the note that it left %s', (_, alive, dead) => {
    append(command('build'), NOW)
    const { note } = send(NOW)
    append(command('check'), NOW)
    expect([send(alive), send(alive, {}, false)]).toEqual([{ said: 'busy' }, { said: undefined }])
    const later = send(dead)
    expect(later.said).toEqual({ build: [1], check: [0, 1] })
    expect(notes().map(name => join(folder, name))).toEqual([later.note!.path])
    expect(begun()).toEqual([beginningOf('build', NOW)])
    // Should it wake up all the same, what it learns changes nothing.
    settle(note!, true)
    settle(later.note!, true)
    expect(send(dead).said).toEqual({ build: [1], check: [0, 1] })
  })

  const whole = `${JSON.stringify([beginningOf('build', NOW)])}\n`
  test.each([
    ['empty', ''],
    ['cut off', whole.slice(0, -2)],
    ['cut off in a name', whole.slice(0, 20)],
    ['full of zeros', '\0'.repeat(whole.length)],
    ['half of zeros', `${whole.slice(0, 20)}${'\0'.repeat(20)}\n`],
    ['of a series that is no longer there', '["m/gone=x!17"]\n'],
    ['of something else', '5\n'],
  ])('for certain, if it is open, where the note of a killed process is %s', (_, text) => {
    append(command('build'), NOW)
    writeFileSync(send(NOW).note!.path, text)
    append(command('check'), NOW)
    expect(send(NOW + DAY)).toMatchObject({ said: { build: [1], check: [1] }, note: undefined })
    expect([notes(), begun().sort()]).toEqual([[], [beginningOf('build', NOW), beginningOf('check', NOW)]])
  })

  test.each([
    ['!', '"'],
    ['!x', 'one two\n'],
    ['!-', '\0'],
    ['!1', '{"claimed":["command_invocation/command_name=check!1"]}'],
    ['!Infinity-x', ''],
  ])('for certain, if it is open, where there is a file %j like a note of nobody', (name, text) => {
    append(command('build'), NOW)
    settle(send(NOW).note!, false)
    append(command('check'), NOW)
    writeFileSync(join(folder, name), text)
    expect(send(NOW)).toMatchObject({ said: { build: [1], check: [1] }, note: undefined })
    expect(notes()).toEqual([])
  })

  test('anew when its tally was set aside', () => {
    append(command('build'), NOW)
    settle(send(NOW).note!, false)
    writeFileSync(join(folder, 'command_invocation/command_name=build'), 'damaged')
    append(command('build'), NOW + 10)
    expect(send(NOW + 10).said).toEqual({ build: [0, 1] })
  })

  test('with all that was counted while the clock was wrong', () => {
    for (const wrong of [5000, WRITTEN - DAY, WRITTEN - 1]) append(command('build'), wrong)
    append(command('build'), NOW)
    expect(send(NOW).said).toEqual({ build: [0, 4] })
  })

  test('only if it may be sent, and one that may not yet counts for the time', () => {
    append(command('build'), NOW)
    append(command('secret'), NOW + 500)
    const { said, points, note } = send(NOW + 500, { options: { name: 'trix', commands: ['build'] } })
    expect(said).toEqual({ build: [0, 1] })
    expect(points![0]!.times[1]).toBe(BigInt(NOW + 501) * 1_000_000n)
    expect(JSON.parse(readFileSync(note!.path, 'utf8'))).toEqual([beginningOf('build', NOW)])
    settle(note!, false)
    expect(begun()).toEqual([beginningOf('build', NOW)])
  })

  test('only if it is asked for, where the lists have stayed with the command', () => {
    for (const name of ['build', 'check', 'test']) append(command(name), NOW)
    const only = [seriesPath(command('build')), seriesPath(command('test')), 'm/not=counted']
    const { said, points, note } = send(NOW, { only })
    expect(said).toEqual({ build: [0, 1], test: [0, 1] })
    expect(points![0]!.times[1]).toBe(BigInt(NOW + 2) * 1_000_000n)
    settle(note!, false)
    expect(begun().sort()).toEqual([beginningOf('build', NOW), beginningOf('test', NOW)])
    expect(send(NOW, { only })).toMatchObject({ said: { build: [1], test: [1] }, note: undefined })
    expect(send(NOW, { only: [] })).toEqual({ said: undefined })
  })

  test('in no file, where what was counted is not in the stream: that is only read', () => {
    append(command('old'), NOW)
    settle(send(NOW).note!, false)
    append(command('build'), NOW)
    const before = list(folder)
    const counted = (name: string, count: number) => {
      const series = command(name)
      return { series, path: seriesPath(series), count, first: NOW + 5, last: NOW + 9 }
    }
    const own = [counted('old', 2), counted('build', 3), counted('new', 4)]
    const { said, points, note } = send(NOW + 9, { own })
    expect([said, note]).toEqual([{ old: [3], build: [0, 4], new: [0, 4] }, undefined])
    // 11 marks, the last of them at NOW + 9.
    for (const { times } of points!) expect(times.at(-1)).toBe(BigInt(NOW + 19) * 1_000_000n)
    expect(points!.map(({ start }) => Number(start / 1_000_000n) - NOW)).toEqual([-2, -2, 3])
    expect(list(folder)).toEqual(before)
    const { points: all } = send(NOW + 9, { own, folder: undefined } as never)
    expect(all!.map(({ series, values }) => [nameOf(series), values])).toEqual([
      ['old', [0, 2]],
      ['build', [0, 3]],
      ['new', [0, 4]],
    ])
  })

  test('in one body with all others: 128 of them, with attributes as long as they can be', () => {
    const long = Object.fromEntries([...'abcdefg'].map(key => [key.repeat(64), 'X'.repeat(64)]))
    for (let index = 0; index < 128; index++)
      append({ metric: 'm', attributes: { ...long, command_name: `c${index}` } }, NOW)
    const names = Array.from({ length: 128 }, (_, index) => `c${index}`)
    const { said, note } = send(NOW)
    expect(said).toEqual(Object.fromEntries(names.map(name => [name, [0, 1]])))
    expect(JSON.parse(readFileSync(note!.path, 'utf8'))).toHaveLength(128)
    settle(note!, false)
    expect(begun()).toHaveLength(128)
    expect(send(NOW)).toMatchObject({
      said: Object.fromEntries(names.map(name => [name, [1]])),
      note: undefined,
    })
  })
})

describe('a note', () => {
  afterEach(() => void vi.restoreAllMocks())
  const series = [beginningOf('build', NOW), beginningOf('check', NOW)]
  const all = () => series
  beforeEach(() => {
    ensureInstance(folder, NOW)
    for (const name of ['build', 'check']) append(command(name), NOW)
  })

  test('is for nobody else to read, and as long as it is there nobody else can announce anything', () => {
    const note = announce(folder, NOW, NOW + HOLDS_MS, series, all)!
    expect(statSync(note.path).mode & 0o777).toBe(0o600)
    expect(note.path).toMatch(new RegExp(`/!${NOW + HOLDS_MS}-[a-z0-9]{4,8}$`))
    const write = vi.spyOn(process.getBuiltinModule('node:fs'), 'writeFileSync')
    expect(announce(folder, NOW + 1, NOW + 2, ['m/-!1'], all)).toBeUndefined()
    // Not even for a moment, in which a third one would give way to it.
    expect(write).not.toHaveBeenCalled()
    expect(notes()).toHaveLength(1)
    settle(note, true)
    const next = announce(folder, NOW + 1, NOW + 2, ['m/-!1'], all)!
    expect(notes().map(name => join(folder, name))).toEqual([next.path])
  })

  test('of the longest timeout holds too, also for one that looked at the clock a little sooner', () => {
    expect(announce(folder, NOW + 500, NOW + 500 + 61_000, series, all)).toBeDefined()
    expect(announce(folder, NOW, NOW + 61_000, series, all)).toBeUndefined()
    expect([notes().length, begun()]).toEqual([1, []])
  })

  test('is not left where it cannot be written or its folder not be read', () => {
    expect(() => announce(join(folder, 'gone'), NOW, NOW + HOLDS_MS, series, all)).toThrow('ENOENT')
    meanwhile('before it looks', () => {
      throw new Error('EIO')
    })
    expect(() => announce(folder, NOW, NOW + HOLDS_MS, series, all)).toThrow('EIO')
    expect(notes()).toEqual([])
  })

  test('stays where a mark cannot be written: then it is settled as that of a process that was killed', () => {
    const note = announce(folder, NOW, NOW + HOLDS_MS, series, all)!
    const [metric, parked] = [join(folder, 'command_invocation'), join(state, 'parked')]
    renameSync(metric, parked)
    expect(() => settle(note, false)).toThrow('ENOENT')
    renameSync(parked, metric)
    expect([notes().length, begun()]).toEqual([1, []])
    expect(send(NOW + 1)).toEqual({ said: 'busy' })
    expect(send(NOW + DAY)).toMatchObject({ said: { build: [1], check: [1] }, note: undefined })
    expect(notes()).toEqual([])
  })

  test('of a stream that was removed meanwhile makes no new one', () => {
    const note = announce(folder, NOW, NOW + HOLDS_MS, series, all)!
    rmSync(folder, { recursive: true })
    expect(() => settle(note, false)).toThrow('ENOENT')
    settle(note, true)
    expect(existsSync(folder)).toBe(false)
  })
})

describe('the time of a body', () => {
  /** Writes marks as they are, in the order in which processes came to write them. */
  const mark = (name: string, time: number) =>
    appendFileSync(join(folder, 'command_invocation', `command_name=${name}`), `${time}\n`)
  /** As one number: nanoseconds since NOW. */
  const seenAt = (now: number) => {
    const times = new Set(read(now).map(({ times }) => times.at(-1)!))
    expect(times.size).toBe(1)
    return Number([...times][0]! - BigInt(NOW) * 1_000_000n)
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
