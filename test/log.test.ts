import { execFileSync } from 'node:child_process'
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { heldUntil, isFirstAfterClaim } from '../src/core/log/hold.ts'
import { mark } from '../src/core/log/mark.ts'
import { logName, parseLogName } from '../src/core/log/name.ts'
import { headRecord, MAX_LOG_BYTES, parseSeries, seriesText } from '../src/core/log/record.ts'
import type { Stamp } from '../src/core/stamp.ts'
import { type Attributes, COMMAND_METRIC, type Series } from '../src/core/vocabulary.ts'
import { emptyFold, feed } from '../src/helper/fold.ts'
import { makeFolder } from './world.ts'

const NOW = Date.UTC(2027, 0, 1)
const BUILD = 'command_invocation,command_name=build'
const ID = '0b9f2c1e-4a57-4c3d-9e11-6a2f0d6f3b58'
const DRAFT = {
  fingerprint: 'f'.repeat(64),
  metric: COMMAND_METRIC,
  resource: { 'service.name': 'trix', 'service.version': '1.0.0' },
}

let folder: string
let path: string

beforeEach(() => {
  folder = makeFolder()
  path = join(folder, 'v1', logName('1.0.0', 'http://127.0.0.1:4318', COMMAND_METRIC, DRAFT.resource))
})

/** Counts once; `made`: a new log was made for it. */
function count(now = NOW, intervalMs = 0) {
  let made = false
  const headFor = (stamp: Stamp) => {
    made = true
    return headRecord(stamp, ID, DRAFT)
  }
  return { ...mark(path, BUILD, now, intervalMs, headFor), made }
}
const lines = (of = path) => readFileSync(of, 'latin1').split('\n')
const names = () => readdirSync(join(folder, 'v1')).sort()

describe('a mark', () => {
  test('is one line; the first one writes the head before it', () => {
    expect([count(), count(NOW + 5)].map(({ made }) => made)).toEqual([true, false])
    const { ino, birthtimeMs } = statSync(path)
    const head = { file: [ino, Math.trunc(birthtimeMs)], id: ID, ...DRAFT }
    expect(lines()).toEqual(['', JSON.stringify(head), `${BUILD} ${NOW}`, `${BUILD} ${NOW + 5}`])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'v1')).mode & 0o777).toBe(0o700)
  })

  test('that was cut short anywhere is void, and only that one', () => {
    for (let i = 0; i < 3; i++) count(NOW + i)
    const text = readFileSync(path, 'latin1')
    const [first, second] = [text.indexOf(BUILD), text.lastIndexOf(BUILD)]
    for (let end = first; end < text.length; end++) {
      const fold = emptyFold()
      feed(fold, `${text.slice(0, end)}\n${BUILD} ${NOW + 9}`)
      const whole = (text.slice(0, end).match(/ \d{13}(?!\d)/g) ?? []).length
      expect(fold.total).toBe(whole + 1)
      expect(fold.head?.id).toBe(ID)
    }
    expect(second).toBeGreaterThan(first)
  })

  test('is appended to a log whose head was cut short', () => {
    mkdirSync(join(folder, 'v1'))
    writeFileSync(path, '\n{"file":[7')
    expect(count().made).toBe(false)
    expect(lines()).toEqual(['', '{"file":[7', `${BUILD} ${NOW}`])
  })

  test('makes the folder again if it was removed', () => {
    count()
    rmSync(join(folder, 'v1'), { recursive: true })
    expect(count().made).toBe(true)
  })

  test.each<[string, (path: string) => void]>([
    ['a folder', path => mkdirSync(path)],
    ['a link to a file', path => symlinkSync(join(folder, 'precious'), path)],
    ['a link to nothing', path => symlinkSync(join(folder, 'nothing'), path)],
    ['a FIFO', path => execFileSync('mkfifo', [path])],
  ])('is not written to %s in the place of the log, and does not wait', (_, make) => {
    writeFileSync(join(folder, 'precious'), 'mine')
    mkdirSync(join(folder, 'v1'))
    make(path)
    const { ino } = lstatSync(path)
    expect(() => count()).toThrow()
    expect(lstatSync(path).ino).toBe(ino)
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('mine')
    expect(readdirSync(folder).sort()).toEqual(['precious', 'v1'])
  })

  test('begins a new log when this one has 16 MiB, and the full log is set aside unchanged', () => {
    count()
    writeFileSync(path, '\n'.repeat(MAX_LOG_BYTES - statSync(path).size - 1), { flag: 'a' })
    expect(count().made).toBe(false)
    const full = statSync(path).size
    expect(full).toBeGreaterThan(MAX_LOG_BYTES)
    expect(count().made).toBe(true)
    const [log, aside] = names()
    expect(aside).toMatch(new RegExp(`^${log!.replaceAll('.', '\\.')}~\\w{8}$`))
    expect(statSync(join(folder, 'v1', aside!)).size).toBe(full)
    expect(lines()).toHaveLength(3)
  })
})

describe('a log', () => {
  test('that is a copy is set aside, and nothing is added to it', () => {
    count()
    const original = readFileSync(path)
    const copy = makeFolder()
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
    path = path.replace(folder, copy)
    expect(count().made).toBe(true)
    const [, aside] = readdirSync(join(copy, 'v1')).sort()
    expect(readFileSync(join(copy, 'v1', aside!))).toEqual(original)
    expect(count().made).toBe(false)
  })

  test.each<[string, () => void]>([
    [
      'was moved',
      () => {
        renameSync(join(folder, 'v1'), join(folder, 'elsewhere'))
        path = path.replace('/v1/', '/elsewhere/')
      },
    ],
    ['has a hard link', () => execFileSync('ln', [path, `${path}.backup`])],
    ['has other rights', () => execFileSync('chmod', ['640', path])],
  ])('that %s is continued', (_, change) => {
    count()
    change()
    expect(count().made).toBe(false)
    expect(lines()).toHaveLength(4)
  })
})

describe('the name of a log', () => {
  const name = (version: string, resource: Attributes = {}, url = 'https://a/v1/metrics') =>
    logName(version, url, COMMAND_METRIC, { 'service.version': version, ...resource })

  test('depends on version, endpoint and attributes, and not on the order of the attributes', () => {
    expect(name('0.19.3')).toMatch(/^0\.19\.3-[0-9a-f]{8}-[0-9a-f]{8}\.log$/)
    expect(name('1', { a: 'x', b: true })).toBe(name('1', { b: true, a: 'x' }))
    const all = [
      name('1'),
      name('2'),
      name('1', { a: true }),
      name('1', { a: 'true' }),
      name('1', {}, 'https://b/v1/metrics'),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  test('is short enough for every file system, and differs where case is ignored', () => {
    const [upper, lower] = [name('1.0.0-SNAPSHOT'), name('1.0.0-snapshot')]
    expect(upper.toLowerCase()).toBe(upper)
    expect(upper).not.toBe(lower)
    // eCryptfs allows 143 bytes.
    expect(`${name('V'.repeat(64))}~12345678`.length).toBeLessThan(143)
  })

  test('is recognised, also of a log that was set aside, and no other name is', () => {
    const endpoint = name('1.0.0-rc.1+5').split('-').at(-2)!
    expect(parseLogName(name('1.0.0-rc.1+5'))).toEqual({ endpoint, aside: '' })
    expect(parseLogName(`${name('1.0.0-rc.1+5')}~a1b2c3d4`)).toEqual({ endpoint, aside: 'a1b2c3d4' })
    for (const other of ['notes.txt', `${name('1')}.bak`, `x/${name('1')}`, 'local', `${name('1')}~`])
      expect(parseLogName(other)).toBeUndefined()
  })
})

describe('a series as text', () => {
  test.each<[Series, string]>([
    [{ metric: 'command_invocation', attributes: { command_name: 'build' } }, BUILD],
    [{ metric: 'm', attributes: { command_name: 'Db Migrate:up' } }, 'm,command_name=Db+Migrate:up'],
    [{ metric: 'm', attributes: { b: true, a: 'x' } }, 'm,a=x,b:true'],
    [{ metric: 'm', attributes: { b: 'true' } }, 'm,b=true'],
    [{ metric: 'm', attributes: {} }, 'm'],
  ])('%j is %s', (series, text) => {
    expect(seriesText(series)).toBe(text)
    expect(parseSeries(text)).toEqual(series)
  })

  test.each([
    '',
    ',',
    'm,',
    'm,a',
    'm,a=',
    'm,b=x,a=x',
    'm,a=x,a=y',
    'm,a:maybe',
    'm,a=b c',
    'a b',
    '!send',
    'm,a=é',
  ])('%j is not a series', text => expect(parseSeries(text)).toBeUndefined())

  test('is the same series when it is read', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,63}$/)
    const value = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_.:-]{1,30}( [A-Za-z0-9_.:-]{1,30})?$/),
      fc.boolean(),
    )
    const attributes = fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true })
    fc.assert(
      fc.property(fc.record({ metric: name, attributes }), series => {
        expect(parseSeries(seriesText(series))).toEqual(series)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a command that counts starts no helper', () => {
  /** So many marks, so many ms apart, of which the last is of now. */
  const marks = (count: number, ms: number, now = NOW) =>
    Array.from({ length: count }, (_, i) => `\n${BUILD} ${now - (count - 1 - i) * ms}`).join('')
  const claim = (time: number) => `\n!send abcdefgh 7 3000 ${time}`

  test('for a second after a claim, while all marks in the tail are younger than 15 s', () => {
    const tail = (marks(200, 10, NOW - 900) + claim(NOW - 900) + marks(4, 200)).slice(-4096)
    expect(heldUntil(tail, NOW, 0)).toBe(NOW + 100)
    expect(heldUntil(tail, NOW + 100, 0)).toBe(0)
  })

  test('but it does at the speed of a person, in a short log, and where the tail shows no claim', () => {
    const slow = (marks(200, 200, NOW - 10) + claim(NOW - 10) + marks(1, 1)).slice(-4096)
    expect(heldUntil(slow, NOW, 0)).toBe(0)
    expect(heldUntil(marks(30, 1) + claim(NOW - 10), NOW, 0)).toBe(0)
    expect(heldUntil(marks(200, 1).slice(-4096), NOW, 0)).toBe(0)
  })

  test('for the interval of the tool, after a claim or after the time of one that is repeated in !last', () => {
    expect(heldUntil(claim(NOW - 500) + marks(2, 100), NOW, 60_000)).toBe(NOW + 59_500)
    expect(heldUntil(`${claim(NOW - 90_000)}\n!last ${NOW - 500}`, NOW, 60_000)).toBe(NOW + 59_500)
    expect(heldUntil(claim(NOW - 60_000), NOW, 60_000)).toBe(0)
    expect(heldUntil('', NOW, 60_000)).toBe(0)
  })

  test('but it does where the time of the claim is in the future', () => {
    expect(heldUntil(claim(NOW + 1), NOW, 60_000)).toBe(0)
  })

  test('but the first one after a claim does, for all that follow it', () => {
    const first = `${BUILD} ${NOW - 9}`
    const tail = `${marks(2, 10, NOW - 20)}${claim(NOW - 10)}\n${first}\n!taken abcdefgh 200 ${NOW - 8}\n${BUILD} ${NOW}`
    expect(isFirstAfterClaim(tail, first)).toBe(true)
    expect(isFirstAfterClaim(tail, `${BUILD} ${NOW}`)).toBe(false)
    // The claim is further up, and so is the mark that came first.
    expect(isFirstAfterClaim(marks(2, 10), `${BUILD} ${NOW - 10}`)).toBe(false)
  })

  test('but of all that count after a claim, the first one does, and only that', () => {
    for (let i = 0; i < 200; i++) count(NOW + i)
    const claimAt = (time: number) =>
      writeFileSync(path, `${claim(time)}\n!taken abcdefgh 200 ${time}`, { flag: 'a' })
    const leads = (...times: number[]) => times.map(time => count(time).leads)
    expect(leads(NOW + 200)).toEqual([false])
    claimAt(NOW + 201)
    expect(leads(NOW + 202, NOW + 203, NOW + 204)).toEqual([true, false, false])
    claimAt(NOW + 1201)
    expect(leads(NOW + 1202, NOW + 1203)).toEqual([true, false])
  })

  test('but all do as long as nobody has claimed anything', () => {
    const held = Array.from({ length: 1000 }, (_, i) => count(NOW + i).heldUntil)
    expect(new Set(held)).toEqual(new Set([0]))
    expect(lines()).toHaveLength(1002)
  })
})
