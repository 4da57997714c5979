import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cardOf } from '../src/report/card.ts'
import { pageOf } from '../src/report/page.ts'
import { plain } from '../src/report/plain.ts'
import { tell } from '../src/report/show.ts'
import { usageText } from '../src/report/text.ts'
import type { Use } from '../src/report/use.ts'

const NOW = new Date(2026, 10, 21, 23, 30).getTime()
const DAYS = 30
const MIN = 5
const start = new Date(2026, 10, 21 - DAYS + 1).getTime()

const use = fc
  .record({
    daysAgo: fc.nat(70),
    minute: fc.nat(23 * 60),
    count: fc.integer({ min: 1, max: 50 }),
    name: fc.constantFrom('build', 'check', 'deploy', 'secret-project', 'init', 'other'),
    version: fc.constantFrom('1.0.0', '1.1.0', '1.2.0-mine'),
    kind: fc.constantFrom(
      'run' as const,
      'run' as const,
      'run' as const,
      'failure' as const,
      'event' as const,
    ),
    who: fc.nat(20).map(who => (who > 12 ? 0 : who)),
    agent: fc.constantFrom(undefined, undefined, 'claude', 'cursor', 'own-agent'),
  })
  .map(
    ({ daysAgo, minute, who, agent, name, kind, ...rest }): Use => ({
      ...{ ...rest, kind, name: kind === 'event' ? `event of=${name}` : name },
      time: new Date(2026, 10, 21 - daysAgo, 0, minute).getTime(),
      installation: `installation-${String.fromCharCode(97 + who).repeat(4)}`,
      ...(agent && { agent }),
    }),
  )
const uses = fc.array(use, { minLength: 40, maxLength: 300 })

function everyForm(uses: readonly Use[]) {
  const told = tell({ subject: 'trix', uses, source: 'in.jsonl' }, { public: true, days: `${DAYS}` }, NOW)
  const text = usageText(told, { columns: 100, unicode: true })
  return {
    told,
    json: plain(told) as Shown,
    texts: [text, pageOf(told), cardOf(told, 'light'), JSON.stringify(plain(told))],
  }
}

interface Shown {
  commands: { name: string }[]
  versions: { name: string }[]
  events: { name: string }[]
  failures?: { name: string; now: { failed: number } }[]
  agents?: { who: { name: string }[]; shares?: unknown }
  installations?: unknown
}

/** How many installations a row of that name stands for, counted the long way: `other` is all that has no row. */
function installationsIn(
  rows: readonly { name: string }[],
  name: string,
  uses: readonly Use[],
  nameOf: (use: Use) => string,
) {
  const own = new Set(rows.map(({ name }) => name).filter(name => name !== 'other'))
  const belongs = (use: Use) => (name === 'other' ? !own.has(nameOf(use)) : nameOf(use) === name)
  return new Set(
    uses.filter(use => use.time >= start && belongs(use)).map(({ installation }) => installation),
  ).size
}

describe('report --public', () => {
  test('has no row of fewer than 5 installations, in any history', () => {
    fc.assert(
      fc.property(uses, uses => {
        const runs = uses.filter(({ kind }) => kind === 'run')
        fc.pre(
          new Set(runs.filter(({ time }) => time >= start).map(({ installation }) => installation)).size >=
            MIN,
        )
        const { json } = everyForm(uses)
        const check = (
          rows: readonly { name: string }[],
          of: readonly Use[],
          nameOf: (use: Use) => string,
        ) => {
          for (const { name } of rows)
            expect([name, installationsIn(rows, name, of, nameOf)]).toEqual([
              name,
              expect.toSatisfy((n: number) => n >= MIN),
            ])
        }
        check(json.commands, runs, ({ name }) => name)
        check(json.versions, runs, ({ version }) => version)
        check(
          json.events,
          uses.filter(({ kind }) => kind === 'event'),
          ({ name }) => name,
        )
        check(json.agents?.who ?? [], runs, ({ agent = 'people' }) => agent)
        const failures = uses.filter(({ kind }) => kind === 'failure')
        for (const { name } of (json.failures ?? []).filter(({ now }) => now.failed))
          expect([name, installationsIn(json.commands, name, failures, use => use.name)]).toEqual([
            name,
            expect.toSatisfy((n: number) => n >= MIN),
          ])
        expect(json.agents?.shares).toBeUndefined()
        expect(json.installations).toBeUndefined()
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  test('is the same whoever the installations are and whenever in the day they ran, and says neither', () => {
    fc.assert(
      fc.property(uses, fc.nat(1000), (uses, shift) => {
        const runs = uses.filter(({ kind, time }) => kind === 'run' && time >= start)
        fc.pre(new Set(runs.map(({ installation }) => installation)).size >= MIN)
        const moved = uses.map(use => ({
          ...use,
          installation: `${use.installation}-of-another-name`,
          time: new Date(use.time).setHours(0, (new Date(use.time).getMinutes() * 7 + shift) % 1380),
        }))
        const { texts } = everyForm(uses)
        expect(everyForm(moved).texts).toEqual(texts)
        for (const text of texts)
          expect(text).not.toMatch(/installation-|\d+ installations?\b|\d\d:\d\d|\dT\d\d/)
      }),
      { numRuns: 100, seed: 5 },
    )
  })

  test('keeps what many do, with its numbers', () => {
    const many = Array.from(
      { length: 12 },
      (_, who): Use => ({
        ...{ time: NOW - 3_600_000, count: 10, name: 'build', version: '1.0.0', kind: 'run' },
        installation: `${who}`,
      }),
    )
    const rare = many.slice(0, 2).map(use => ({ ...use, name: 'secret-project' }))
    const { json, texts } = everyForm([...many, ...rare])
    // What is rare takes the smallest row with it, or it would be known by what is missing.
    expect(json.commands).toMatchObject([{ name: 'other', count: 140 }])
    expect(texts.join()).not.toContain('secret-project')
    const checks = many.map(use => ({ ...use, name: 'check', count: 4 }))
    expect(everyForm([...many, ...checks, ...rare]).json.commands).toMatchObject([
      { name: 'build', count: 120 },
      { name: 'other', count: 68 },
    ])
  })

  test('of four installations, or where nobody knows how many, shows nothing and says why', () => {
    const one: Use = { time: NOW - 1000, count: 1, name: 'build', version: '1', kind: 'run' }
    const four = ['a', 'b', 'c', 'd'].map(installation => ({ ...one, installation }))
    expect(() => everyForm(four)).toThrow('--public shows nothing of fewer than 5 installations')
    expect(() => everyForm([...four, one])).toThrow('--public needs user.fingerprint or service.instance.id')
  })
})
