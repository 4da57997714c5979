import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sentenceOf } from '../src/report/claim.ts'
import { claimsOf } from '../src/report/claims.ts'
import { summarise } from '../src/report/usage.ts'
import type { Use } from '../src/report/use.ts'

const NOW = new Date(2026, 10, 21, 15).getTime() // a Saturday
const DAYS = 84

/** A time on the day so many days ago, not by 24 hours. */
const at = (daysAgo: number, hour: number) => new Date(2026, 10, 21 - daysAgo, hour, 17).getTime()
const ago = (time: number) => {
  for (let day = 0; ; day++) if (time >= at(day, 0) - 17 * 60_000) return day
}

const aUse = fc.record({
  daysAgo: fc.nat(130),
  hour: fc.integer({ min: 0, max: 14 }),
  count: fc.integer({ min: 1, max: 9 }),
  name: fc.nat(3),
  kind: fc.constantFrom('run' as const, 'run' as const, 'run' as const, 'failure' as const, 'event' as const),
  who: fc.nat(11),
  byAgent: fc.boolean(),
})

/**
 * Random uses: of few commands or many, by one person or twelve, who move from version to version each on a day of
 * their own; and one command stops.
 */
const history = fc
  .record({
    uses: fc.oneof(
      fc.array(aUse, { minLength: 1, maxLength: 60 }),
      fc.array(aUse, { minLength: 200, maxLength: 400, size: 'max' }),
    ),
    names: fc.subarray(['build', 'check', 'doctor', 'unknown'], { minLength: 1 }),
    moves: fc.array(fc.tuple(fc.nat(120), fc.nat(120)), { minLength: 12, maxLength: 12 }),
    spread: fc.constantFrom(1, 4),
    doctorStops: fc.nat(40),
    ...{ many: fc.boolean(), agents: fc.boolean(), failures: fc.boolean() },
  })
  .map(({ uses, names, moves, spread, doctorStops, many, agents, failures }) =>
    uses
      .map(({ name, ...use }) => ({ ...use, name: names[name % names.length]! }))
      .filter(
        ({ name, daysAgo, kind }) =>
          (name !== 'doctor' || daysAgo >= doctorStops) && (failures || kind !== 'failure'),
      )
      .map(({ daysAgo, hour, who, byAgent, ...use }): Use => {
        const [second, third] = moves[who]!.map(day => Math.floor(day / spread)).sort((a, b) => b - a) as [
          number,
          number,
        ]
        const version = daysAgo > second ? '1.9.0' : daysAgo > third ? '1.10.0' : '2.0.0'
        return {
          ...{ ...use, version, time: at(daysAgo, hour) },
          ...(many && { installation: `installation ${who}` }),
          ...(agents && byAgent && { agent: 'claude' }),
        }
      }),
  )

const sum = (uses: readonly Use[]) => uses.reduce((sum, { count }) => sum + count, 0)
const percentOf = (part: number, all: number) => {
  const share = part / all
  if (share > 0 && share < 0.01) return '<1%'
  return share > 0.99 && share < 1 ? '>99%' : `${Math.round(share * 100)}%`
}
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** The version that each installation ran last up to the end of that day, of those that ran in the 28 days to it. */
function versionsOn(daysAgo: number, runs: readonly Use[]): string[] {
  const versions: string[] = []
  for (const who of new Set(runs.map(({ installation }) => installation))) {
    const theirs = runs.filter(({ installation, time }) => installation === who && ago(time) >= daysAgo)
    const last = Math.max(...theirs.map(({ time }) => time))
    if (!theirs.length || ago(last) > daysAgo + 27) continue
    const at = new Set(theirs.filter(({ time }) => time === last).map(({ version }) => version))
    versions.push(['2.0.0', '1.10.0', '1.9.0'].find(version => at.has(version))!)
  }
  return versions
}

type Check = (said: RegExpExecArray, runs: readonly Use[], all: readonly Use[]) => void

/** Each kind of claim, counted the long way. */
const checks: [RegExp, Check][] = [
  [
    /^(\w+) is (\S+) of all use$/,
    ([, name, share], runs) => {
      const recent = runs.filter(({ time }) => ago(time) < DAYS)
      const counts = ['build', 'check', 'doctor'].map(name => sum(recent.filter(use => use.name === name)))
      const count = sum(recent.filter(use => use.name === name))
      expect(count).toBe(Math.max(...counts))
      expect(share).toBe(percentOf(count, sum(recent)))
    },
  ],
  [
    /^(\S+) reached most installations (?:in (\d+) days?|on its first day)$/,
    ([, version, days = '0'], runs) => {
      const birth = Math.max(...runs.filter(use => use.version === version).map(({ time }) => ago(time)))
      expect(runs.some(({ time }) => ago(time) > birth)).toBe(true)
      const reached = (day: number) => {
        const versions = versionsOn(day, runs)
        return versions.length >= 5 && versions.filter(one => one === version).length * 2 > versions.length
      }
      expect(reached(birth - Number(days))).toBe(true)
      for (let day = birth; day > birth - Number(days); day--) expect(reached(day)).toBe(false)
    },
  ],
  [
    /^(\S+) is on (\S+) of installations after (\d+) days?$/,
    ([, version, share, days], runs) => {
      const birth = Math.max(...runs.filter(use => use.version === version).map(({ time }) => ago(time)))
      expect(Number(days)).toBe(birth)
      const versions = versionsOn(0, runs)
      expect(share).toBe(percentOf(versions.filter(one => one === version).length, versions.length))
    },
  ],
  [
    /^(?:nobody has run )?(\w+)(?: has not been run)? since (.*)$/,
    ([, name, since], runs) => {
      const days = Math.min(...runs.filter(use => use.name === name).map(({ time }) => ago(time)))
      const day = new Date(at(days, 12))
      const date = `${day.getDate()} ${day.toLocaleString('en', { month: 'long' })}`
      expect(since).toBe(days < 7 ? dayNames[day.getDay()] : date)
      // Others have been used since, so it is not that counting has ended.
      expect(runs.some(({ time }) => ago(time) < days && ago(time) <= 1)).toBe(true)
    },
  ],
  [
    /^(\S+) of the (\w+) runs of the last 30 days failed$/,
    ([, share, name], runs, all) => {
      const of = (uses: readonly Use[]) => sum(uses.filter(use => use.name === name && ago(use.time) < 30))
      const failed = of(all.filter(({ kind }) => kind === 'failure'))
      expect(share).toBe(percentOf(Math.min(failed, of(runs)), of(runs)))
    },
  ],
  [
    /^agents make (\S+) of all runs$/,
    ([, share], runs) => {
      const recent = runs.filter(({ time }) => ago(time) < DAYS)
      expect(share).toBe(percentOf(sum(recent.filter(({ agent }) => agent)), sum(recent)))
    },
  ],
  [
    /^the last (\d+) days have (\S+) (more|fewer) runs than the \d+ before$/,
    ([, days, share, word], runs) => {
      const between = (from: number, to: number) =>
        sum(runs.filter(({ time }) => ago(time) >= from && ago(time) < to))
      const [now, before] = [between(0, Number(days)), between(Number(days), 2 * Number(days))]
      expect(word).toBe(now > before ? 'more' : 'fewer')
      expect(share).toBe(`${Math.round((100 * Math.abs(now - before)) / before)}%`)
      expect(runs.some(({ time }) => ago(time) >= 2 * Number(days))).toBe(true)
    },
  ],
]

const claimsFor = (uses: readonly Use[], days = DAYS) => claimsOf(summarise(uses, NOW, days), uses, NOW)

describe('the sentence on top of a report', () => {
  test('is true of any history, counted the long way, and each kind of it comes up', () => {
    const seen = new Set<RegExp>()
    fc.assert(
      fc.property(history, uses => {
        const runs = uses.filter(({ kind }) => kind === 'run')
        for (const claim of claimsFor(uses)) {
          const said = sentenceOf([claim], name => name).replace(/\.$/, '')
          const found = checks.find(([pattern]) => pattern.test(uncapital(said)))
          expect(found, said).toBeDefined()
          seen.add(found![0])
          found![1](found![0].exec(uncapital(said))!, runs, uses)
        }
      }),
      { numRuns: 400, seed: 7 },
    )
    expect([...seen].map(String).sort()).toEqual(checks.map(([pattern]) => String(pattern)).sort())
  })

  const use = (daysAgo: number, more: Partial<Use> = {}): Use => ({
    ...{ time: at(daysAgo, 9), count: 1, name: 'build', version: '1.0.0', kind: 'run' },
    ...more,
  })

  test('reads as a person would write it', () => {
    const uses: Use[] = []
    for (let day = 0; day < 100; day++)
      for (let who = 0; who < 10; who++) {
        const installation = `${who}`
        const version = day <= 34 - 2 * who ? '1.2.0' : '1.1.0'
        uses.push(
          use(day, { installation, version, count: 2 }),
          use(day, { installation, version, name: 'check' }),
        )
        if (day >= 8) uses.push(use(day, { installation, version, name: 'doctor' }))
      }
    expect(sentenceOf(claimsFor(uses))).toBe(
      'build is 51% of all use; 1.2.0 reached most installations in 10 days; nobody has run doctor since 13 November.',
    )
  })

  test('names a growth only where counting goes back far enough', () => {
    const days = (from: number, to: number, count: number) =>
      Array.from({ length: to - from }, (_, day) => use(from + day, { count }))
    const uses = [...days(0, 30, 4), ...days(30, 60, 2)]
    expect(sentenceOf(claimsFor([...uses, use(61)]))).toBe(
      'The last 30 days have 100% more runs than the 30 before.',
    )
    expect(sentenceOf(claimsFor(uses.slice(0, 45)))).toBe('')
  })

  test.each([
    ['no uses', []],
    ['one command', Array.from({ length: 50 }, (_, day) => use(day % 20))],
    ['a few uses', [use(0), use(1, { name: 'check' })]],
    ['uses that ended long ago', Array.from({ length: 5 }, (_, day) => use(90 + day))],
  ])('says nothing of %s', (_, uses) => {
    expect(sentenceOf(claimsFor(uses))).toBe('')
  })

  test('of a command that is quiet says nothing over a weekend, or where everything is', () => {
    const habit = (until: number, name: string) =>
      Array.from({ length: 30 }, (_, day) => use(until + day, { name }))
    const said = (uses: readonly Use[]) => sentenceOf(claimsFor(uses))
    expect(said([...habit(0, 'build'), ...habit(3, 'check')])).not.toContain('since')
    expect(said([...habit(5, 'build'), ...habit(8, 'check')])).not.toContain('since')
    expect(said([...habit(0, 'build'), ...habit(5, 'check')])).toContain(
      'check has not been run since Monday',
    )
  })
})

function uncapital(said: string): string {
  return said.replace(/^(Nobody|The|Agents)\b/, word => word.toLowerCase())
}
