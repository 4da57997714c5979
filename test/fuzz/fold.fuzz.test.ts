import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headRecord, parseSeries, seriesText } from '../../src/core/log/record.ts'
import { partOf } from '../../src/helper/body.ts'
import { emptyFold, type Fold, feed } from '../../src/helper/fold.ts'
import { fuzz } from './fuzz.ts'
import { partsOf } from './model/parts.ts'

const T = 1_800_000_000_000
const HEAD = headRecord([7, T], 'an id', {
  fingerprint: 'f',
  metric: 'm',
  resource: { 'service.name': 'trix' },
})
const BEFORE = `\n${HEAD}\nm,k=x ${T}\n!send aaaaaaaa 1 3000 ${T}`
const AFTER = `\nm,k=x ${T + 9}\n!taken aaaaaaaa 200 ${T + 9}\nm,k=y ${T + 9}`

function foldOf(text: string): Fold {
  const fold = emptyFold()
  feed(fold, text)
  return fold
}

const records = {
  'a mark': `m,k=build ${T + 1}`,
  'a mark with attributes of all kinds': `deploy,dry:true,target=a+b.c:d-e,z:false ${T + 1}`,
  'a claim': `!send bbbbbbbb 1 3000 ${T + 1}`,
  'a request that was taken': `!taken aaaaaaaa 200 ${T + 1}`,
  'a request that was refused': `!refused aaaaaaaa ECONNREFUSED ${T + 1}`,
  'a request with an unknown outcome': `!unknown aaaaaaaa 500 ${T + 1}`,
  'the time of the last claim': `!last ${T + 1}`,
  'a checkpoint': `!sum 1 50 ${JSON.stringify({ time: T, series: [['m,k=x', { value: 3 }]] })}`,
}

test.each(Object.entries(records))(
  '%s that is cut short anywhere is void, and no other record is',
  (_, record) => {
    const without = foldOf(BEFORE + AFTER)
    for (let end = 0; end < record.length; end++)
      for (const rest of ['', '\0', '\0\0\0\0'])
        expect(foldOf(`${BEFORE}\n${record.slice(0, end)}${rest}${AFTER}`), record.slice(0, end)).toEqual(
          without,
        )
  },
)

test('where a head is cut short anywhere, the next one is valid', () => {
  const other = HEAD.replace('an id', 'another')
  for (let end = 0; end < HEAD.length; end++)
    expect(foldOf(`\n${HEAD.slice(0, end)}\n${other}`).head).toEqual(JSON.parse(other))
  expect(foldOf(`\n${HEAD}\n${other}`).head).toEqual(JSON.parse(HEAD))
})

test.each(Object.entries({ 'a head': HEAD, ...records }))(
  '%s is valid before zeros that a power cut has left',
  (_, record) => {
    expect(foldOf(`${BEFORE}\n${record}${'\0'.repeat(50)}${AFTER}`)).toEqual(
      foldOf(`${BEFORE}\n${record}${AFTER}`),
    )
  },
)

test('a text that is not a record is void', async () => {
  const without = foldOf(BEFORE + AFTER)
  // Not a text that happens to be a mark.
  const noise = fc
    .string({ unit: fc.nat(0x7f).map(code => String.fromCharCode(code)) })
    .filter(text => !/ \d{13}(\0|\n|$)/.test(text))
  await fuzz(
    'noise in a log',
    20_000,
    fc.property(noise, text => {
      expect(foldOf(`${BEFORE}\n${text}${AFTER}`)).toEqual(without)
    }),
  )
})

const name = fc.stringMatching(/^[A-Za-z][\w.]{0,20}$/)
const value = fc.oneof(fc.boolean(), fc.stringMatching(/^[\w.:-]+( [\w.:-]+){0,2}$/))

test('a series is the same after it was written and read', async () => {
  await fuzz(
    'series as texts',
    20_000,
    fc.property(
      name,
      fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true }),
      (metric, attributes) => {
        const text = seriesText({ metric, attributes })
        expect(parseSeries(text)).toEqual({ metric, attributes })
        expect(foldOf(`\n${text} ${T}`).series.get(text)?.value).toBe(1)
      },
    ),
  )
})

test('a series has one text only', async () => {
  await fuzz(
    'texts as series',
    20_000,
    fc.property(fc.stringMatching(/^[a-c.,=:+ -]{1,20}$/), text => {
      const series = parseSeries(text)
      if (series) expect(seriesText(series)).toBe(text)
    }),
  )
})

const nonce = fc.constantFrom('aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd')
/** The clocks go back and forth. */
const time = fc.integer({ min: -100_000, max: 100_000 }).map(ms => T + ms)
const record = fc.oneof(
  fc.tuple(fc.constantFrom('m,k=x', 'm,k=y', 'm,k=z'), time).map(words => words.join(' ')),
  fc
    .tuple(nonce, fc.nat(4), fc.constantFrom(1000, 3000, 61_000), time)
    .map(words => `!send ${words.join(' ')}`),
  fc
    .tuple(fc.constantFrom('taken', 'refused', 'unknown'), nonce, time)
    .map(([what, by, ms]) => `!${what} ${by} 200 ${ms}`),
  fc.constantFrom('m,k=x 18000', '!send aaaaaaaa 0 30', `${HEAD.slice(0, 40)}`, '\0\0\0'),
)
const logs = fc.array(record, { maxLength: 40 }).map(list => list.map(text => `\n${text}`).join(''))

test('a log that is read in two pieces has the same fold, wherever it is cut', async () => {
  await fuzz(
    'logs in pieces',
    3000,
    fc.property(logs, fc.nat(), (text, at) => {
      const log = `\n${HEAD}${text}`
      const cut = at % log.length
      const fold = emptyFold()
      const used = feed(fold, log.slice(0, cut))
      // As a reader goes on, from where it was.
      feed(fold, log.slice(used))
      expect(fold).toEqual(foldOf(log))
    }),
  )
})

/** Whether the claim that is open at `end` is refused by what follows. */
function isRefused(log: string, end: number, { open }: Fold): boolean {
  for (let cut = end; cut >= 0 && cut < log.length; ) {
    const next = log.indexOf('\n', cut + 1)
    const later = foldOf(log.slice(0, next < 0 ? log.length : next))
    if (later.open?.nonce !== open!.nonce || later.open.ms !== open!.ms)
      return !later.open && later.result?.what === 'refused'
    cut = next
  }
  return false
}

test('of two bodies of a log the later one has a later time and no smaller value', async () => {
  let bodies = 0
  await fuzz(
    'bodies of one log',
    3000,
    fc.property(logs, text => {
      const log = `\n${HEAD}${text}`
      let last = 0
      const values = new Map<string, number>()
      for (const { index, 1: by } of log.matchAll(/\n!send (\w+) .*/g)) {
        const end = log.indexOf('\n', index + 1)
        const fold = foldOf(log.slice(0, end < 0 ? log.length : end))
        // Nonces are used again here, because there are few. Only a claim that was just made has a body.
        if (fold.open?.nonce !== by || fold.time === last) continue
        // The time of a refused body is used again, because nothing of it was stored.
        if (isRefused(log, end, fold)) continue
        expect(fold.time).toBeGreaterThan(last + 1)
        last = fold.time
        for (const { points } of partsOf(
          partOf({ ...fold })
            .replace(/^/, '{"resourceMetrics":[')
            .concat(']}'),
        ))
          for (const { key, time, value } of points) {
            expect(time === last || (time === last - 1 && value === 0)).toBe(true)
            if (value > 0) expect(value).toBeGreaterThanOrEqual(values.get(key) ?? 0)
            values.set(key, Math.max(value, values.get(key) ?? 0))
          }
        bodies++
      }
    }),
  )
  expect(bodies).toBeGreaterThan(0)
})
