import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createActivity } from '../../src/bin/listen/activity.ts'
import { liveMain } from '../../src/bin/listen/page.ts'
import { createTotals } from '../../src/bin/listen/totals.ts'
import { validate } from '../../src/body/validate.ts'
import { printable } from '../../src/terminal/printable.ts'
import { anyBody, expand } from './bodies.ts'
import { fuzz, heapUsed } from './fuzz.ts'

/** Control, format and separator characters: a terminal must not see one that somebody else has chosen. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

test('no body makes the validator or the totals throw, or print what a terminal obeys', async () => {
  let valid = 0
  let tried = 0
  let warm = 0
  let totals = createTotals()
  const activity = createActivity()
  await fuzz(
    'bodies in process',
    100_000,
    fc.property(anyBody, text => {
      const body = JSON.parse(expand(text))
      if (++tried === 5000) warm = heapUsed()
      if (tried % 500 === 0) totals = createTotals()
      const problems = validate(body)
      expect(problems.length).toBeLessThanOrEqual(20)
      for (const { path, message } of problems) {
        expect(`${printable(path, 200)}: ${message}`).not.toMatch(OBEYED)
        expect(message.length).toBeLessThan(1000)
      }
      if (problems.some(({ severity }) => severity === 'error')) return
      valid++
      for (const arrival of totals.add(body)) {
        for (const [name, said] of Object.entries(arrival)) {
          if (['added', 'total'].includes(name)) expect(said).toBeTypeOf('number')
          else if (name !== 'agent' || said !== undefined) expect(said).toBeTypeOf('string')
          expect(String(said)).not.toMatch(OBEYED)
        }
      }
      if (valid % 10) return
      activity.accept(text, body)
      const page = liveMain({ totals: totals.list(), others: totals.others(), activity, endpoint: '' })
      expect(page.replaceAll('\n', '')).not.toMatch(OBEYED)
      expect(page.length).toBeLessThan(500_000)
    }),
  )
  const grown = heapUsed() - warm
  console.log(`${valid} of ${tried} bodies were valid; the heap grew by ${Math.round(grown / 2 ** 20)} MiB`)
  expect(valid).toBeGreaterThan(tried / 100)
  if (warm) expect(grown).toBeLessThan(64 * 2 ** 20)
})
