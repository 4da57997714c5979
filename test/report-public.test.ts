import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cardOf } from '../src/report/card.ts'
import { pageOf } from '../src/report/page.ts'
import { viewJson } from '../src/report/report-json.ts'
import { viewText } from '../src/report/text.ts'
import type { Use } from '../src/report/use.ts'
import { viewOf } from '../src/report/view.ts'
import { at, robotUses } from './histories.ts'

const DAYS = 30
/** So late that a use of today can be moved to any other hour. */
const NOW = at(0, 24) - 1000
const MIN = 5

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
      time: at(daysAgo, 0) + minute * 60_000,
      installation: `installation-${String.fromCharCode(97 + who).repeat(4)}`,
      ...(agent && { agent }),
    }),
  )
const uses = fc.array(use, { minLength: 40, maxLength: 300 })

function everyForm(uses: readonly Use[]) {
  const report = { subject: 'trix', uses, source: 'in.jsonl' }
  const names = new Set(viewOf(report, { days: DAYS }, NOW).heavy.map(({ installation }) => installation))
  const view = viewOf(report, { public: true, days: DAYS }, NOW)
  const { from, to } = view.shown.summary.period
  const json = JSON.stringify(viewJson(view))
  return {
    /** The uses that are in its numbers. */
    shown: uses.filter(
      ({ installation = '', time }) =>
        !names.has(installation) && time >= from * 86_400_000 && time < to * 86_400_000,
    ),
    json: JSON.parse(json) as Shown,
    texts: [
      viewText(view, { columns: 100, unicode: true, colour: false }),
      pageOf(view).replace(/<script>.*<\/script>|<footer>.*<\/footer>/gs, ''),
      cardOf(view, 'light'),
      json,
    ],
  }
}

/** Skips a history of too few installations, of which nothing is published. */
function whereEnough<Shown>(show: () => Shown): Shown {
  try {
    return show()
  } catch (error) {
    fc.pre(!(error as Error).message.startsWith('--public shows nothing of fewer'))
    throw error
  }
}

interface Shown {
  commands: { name: string; runs: number; failed: number }[]
  versions: { name: string }[]
  events: { name: string }[]
  agents: { name: string }[]
}

/** How many installations a row of that name is about, counted again. The row `other` is about all that has no row. */
function installationsIn(
  rows: readonly { name: string }[],
  name: string,
  uses: readonly Use[],
  nameOf: (use: Use) => string,
) {
  const own = new Set(rows.map(({ name }) => name).filter(name => name !== 'other'))
  const belongs = (use: Use) => (name === 'other' ? !own.has(nameOf(use)) : nameOf(use) === name)
  return new Set(uses.filter(use => belongs(use)).map(({ installation }) => installation)).size
}

describe('report --public', () => {
  test('has no row of fewer than 5 installations, in any history', () => {
    fc.assert(
      fc.property(uses, uses => {
        const { json, shown } = whereEnough(() => everyForm(uses))
        const runs = shown.filter(({ kind }) => kind === 'run')
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
          shown.filter(({ kind }) => kind === 'event'),
          ({ name }) => name,
        )
        check(json.agents, runs, ({ agent = 'no agent detected' }) => agent)
        const failures = shown.filter(({ kind }) => kind === 'failure')
        for (const { name } of json.commands.filter(({ failed }) => failed))
          expect([name, installationsIn(json.commands, name, failures, use => use.name)]).toEqual([
            name,
            expect.toSatisfy((n: number) => n >= MIN),
          ])
        expect(JSON.stringify(json)).not.toContain('"installation')
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  test('does not depend on the ids of installations or the hours of their runs, and shows neither', () => {
    fc.assert(
      fc.property(uses, fc.nat(1000), (uses, shift) => {
        const moved = uses.map(use => ({
          ...use,
          installation: `${use.installation}-of-another-name`,
          time:
            Math.floor(use.time / 86_400_000) * 86_400_000 +
            (((use.time / 60_000) * 7 + shift) % 1380) * 60_000,
        }))
        const { texts } = whereEnough(() => everyForm(uses))
        expect(everyForm(moved).texts).toEqual(texts)
        for (const text of texts)
          expect(text).not.toMatch(/installation-|\d+ installations?\b|\d\d:\d\d|\dT\d\d/)
      }),
      { numRuns: 100, seed: 5 },
    )
  })

  test('shows what many do, with exact numbers', () => {
    const many = Array.from(
      { length: 12 },
      (_, who): Use => ({
        ...{ time: at(1), count: 10, name: 'build', version: '1.0.0', kind: 'run' },
        installation: `${who}`,
      }),
    )
    const rare = many.slice(0, 2).map(use => ({ ...use, name: 'secret-project' }))
    const { json, texts } = everyForm([...many, ...rare])
    // The smallest row is added to what is rare, or one could compute that from the totals.
    expect(json.commands).toMatchObject([{ name: 'other', runs: 140 }])
    expect(texts.join()).not.toContain('secret-project')
    const checks = many.map(use => ({ ...use, name: 'check', count: 4 }))
    expect(everyForm([...many, ...checks, ...rare]).json.commands).toMatchObject([
      { name: 'build', runs: 120 },
      { name: 'other', runs: 68 },
    ])
  })

  test('shows nothing of four installations, or of an unknown number, and says why', () => {
    const one: Use = { time: at(1), count: 1, name: 'build', version: '1', kind: 'run' }
    const four = ['a', 'b', 'c', 'd'].map(installation => ({ ...one, installation }))
    expect(() => everyForm(four)).toThrow('--public shows nothing of fewer than 5 installations')
    expect(() => everyForm([...four, one])).toThrow('--public needs user.fingerprint or service.instance.id')
  })

  test('says that an installation with most of the runs is left out, and does not name it', () => {
    const others = Array.from(
      { length: 300 },
      (_, index): Use => ({
        ...{ time: at(index % 40), count: 1, name: 'build', version: '1.0.0', kind: 'run' },
        installation: `${index % 10}`,
      }),
    )
    const { json, texts } = everyForm([...others, ...robotUses(500)])
    expect(json.commands).toMatchObject([{ name: 'build' }])
    expect(texts[0]).toMatch(/One installation made \d+% of all runs: .* It is left out\./s)
    expect(texts.join()).not.toContain('the-robot')
  })
})
