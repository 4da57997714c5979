import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sentenceText } from '../src/report/sentence.ts'
import type { Use } from '../src/report/use.ts'
import { viewOf } from '../src/report/view.ts'
import { ago, history, NOW, TODAY, use } from './histories.ts'

// Each sentence of a report, checked by counting again.

const DAYS = 30
const sum = (uses: readonly Use[]) => uses.reduce((sum, { count }) => sum + count, 0)
const who = (uses: readonly Use[]) => new Set(uses.map(({ installation }) => installation)).size
const percentOf = (part: number, all: number) => {
  const share = Math.min(1, part / all)
  if (share > 0 && share < 0.01) return '<1%'
  return share > 0.99 && share < 1 ? '>99%' : `${Math.round(share * 100)}%`
}
const number = (text: string | undefined) => Number(text?.replaceAll(',', ''))

/** The uses that sentences are about, without those of a robot. */
interface Case {
  runs: readonly Use[]
  failures: readonly Use[]
  /** How many days a use was before the last whole day. */
  age: (use: Use) => number
  /** There are installations. */
  many: boolean
  /** The age of the first day. */
  oldest: number
}

function caseOf(uses: readonly Use[]): Case {
  const end = Math.min(...uses.map(({ time }) => ago(time)))
  const age = ({ time }: Use) => ago(time) - (end > 7 ? end : 0) - 1
  const ages = [...new Set(uses.map(age))].sort((a, b) => a - b)
  const gap = ages.findIndex((age, index) => index > 0 && age - ages[index - 1]! > 60)
  const oldest = ages.at(gap < 0 ? -1 : gap - 1)!
  const kept = uses.filter(use => age(use) <= oldest)
  return {
    ...{
      runs: kept.filter(({ kind }) => kind === 'run'),
      failures: kept.filter(({ kind }) => kind === 'failure'),
    },
    ...{ age, oldest, many: kept.some(({ installation }) => installation !== undefined) },
  }
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
/** The name that a sentence gives to the day that is so many days before the last whole one. */
function dayNamed(age: number, end: number): string {
  const day = new Date((TODAY - end - 1 - age) * 86_400_000)
  if (age <= 0) return age < 0 ? 'today' : 'yesterday'
  if (age < 6) return WEEKDAYS[day.getUTCDay()]!
  return `${day.getUTCDate()} ${day.toLocaleString('en', { month: 'short', timeZone: 'UTC' })}`
}

const within = ({ runs, age }: Case, from: number, to: number, name?: string) =>
  runs.filter(use => age(use) >= from && age(use) <= to && (name === undefined || use.name === name))

function expectAgainst(said: string, now: number, before: number): void {
  const change = Math.round((100 * (now - before)) / before)
  if (before < 20) expect(said).toBe(before.toLocaleString('en'))
  else if (change === 0) expect(said).toBe('as many as')
  else
    expect(said).toBe(
      `${Math.abs(change) > 999 ? '>999' : Math.abs(change)}% ${change > 0 ? 'more' : 'fewer'} than`,
    )
}

/** The share of installations that had the version at the end of the day of that age; undefined if they are too few. */
function having(version: string, age: number, of: Case): number | undefined {
  const ends = [...new Set(of.runs.map(({ installation }) => installation))].flatMap(installation => {
    const theirs = of.runs.filter(use => use.installation === installation && of.age(use) >= age)
    const time = Math.max(...theirs.map(({ time }) => time))
    const last = theirs.filter(use => use.time === time)
    if (!last.length || of.age(last[0]!) > age + 27) return []
    return [['2.0.0', '1.10.0', '1.9.0'].find(version => last.some(use => use.version === version))]
  })
  return ends.length < 5 ? undefined : ends.filter(one => one === version).length / ends.length
}

type Check = (said: RegExpExecArray, of: Case, end: number) => void

const failed = (of: Case, name: string, from: number, to: number) =>
  sum(of.failures.filter(use => use.name === name && of.age(use) >= from && of.age(use) <= to))

const checks: [RegExp, Check][] = [
  [
    /^([\d,]+) installations? used it in the last 7 days(?:, (.+) in the 7 before)?$/,
    ([, now, against], of) => {
      expect(number(now)).toBe(who(within(of, 0, 6)))
      expect(against !== undefined).toBe(of.oldest > 13)
      if (against !== undefined) expectAgainst(against, number(now), who(within(of, 7, 13)))
    },
  ],
  [
    /^([\d,]+) runs? in the last 30 days, (.+) in the 30 before$/,
    ([, now, against], of) => {
      expect(of.oldest).toBeGreaterThan(59)
      expect(number(now)).toBe(sum(within(of, 0, 29)))
      expectAgainst(against!, number(now), sum(within(of, 30, 59)))
    },
  ],
  [
    /^(\w+) is (\S+) of ([\d,]+) runs$/,
    ([, name, share, all], of) => {
      expect(number(all)).toBe(sum(within(of, 0, 29)))
      expect(share).toBe(percentOf(sum(within(of, 0, 29, name)), number(all)))
    },
  ],
  [
    /^(\S+) reached more than half of the installations (?:in (\d+) days?|on its first day)(?:, and 90% (?:in (\d+) days?|on its (first) day))?$/,
    ([, version, half = '0', most, first], of) => {
      const birth = Math.max(...of.runs.filter(use => use.version === version).map(of.age))
      expect(of.oldest).toBeGreaterThan(birth)
      const after = (part: (share: number) => boolean) => {
        for (let day = 0; day <= birth; day++) {
          const share = having(version!, birth - day, of)
          if (share !== undefined && part(share)) return day
        }
        return undefined
      }
      expect(Number(half)).toBe(after(share => share > 0.5))
      expect(first ? 0 : most === undefined ? undefined : Number(most)).toBe(after(share => share >= 0.9))
    },
  ],
  [
    /^(\S+) appeared (\d+) days? ago: (\S+) of installations have it$/,
    ([, version, days, share], of) => {
      const birth = Math.max(...of.runs.filter(use => use.version === version).map(of.age))
      expect(Number(days)).toBe(birth)
      const recent = within(of, 0, 29)
      const last = [...new Set(recent.map(({ installation }) => installation))].map(installation => {
        const theirs = recent.filter(use => use.installation === installation)
        const time = Math.max(...theirs.map(({ time }) => time))
        return ['2.0.0', '1.10.0', '1.9.0'].find(one =>
          theirs.some(use => use.time === time && use.version === one),
        )
      })
      expect(share).toBe(percentOf(last.filter(one => one === version).length, last.length))
    },
  ],
  [
    /^(\w+) is new since (.+): (?:([\d,]+) of ([\d,]+) installations used it|([\d,]+) runs?)$/,
    ([, name, since, used, all, times], of, end) => {
      const ages = [...of.runs, ...of.failures].filter(use => use.name === name).map(of.age)
      expect(since).toBe(dayNamed(Math.max(...ages), end))
      expect(of.oldest - Math.max(...ages)).toBeGreaterThanOrEqual(28)
      if (of.many)
        expect([number(used), number(all)]).toEqual([who(within(of, 0, 29, name)), who(within(of, 0, 29))])
      else expect(number(times)).toBe(sum(within(of, 0, 29, name)))
    },
  ],
  [
    /^(\w+) fails (?:more than before|(less)): (\S+) of its runs(?: in 30 days)?, (?:(\S+) before that|down from (\S+))$/,
    ([, name, less, share, before, from], of) => {
      const runs = sum(within(of, 0, 29, name))
      const usual = sum(within(of, 30, 113, name))
      expect(share).toBe(percentOf(failed(of, name!, 0, 29), runs))
      expect(before ?? from).toBe(percentOf(failed(of, name!, 30, 113), usual))
      const more = failed(of, name!, 0, 29) / runs > failed(of, name!, 30, 113) / usual
      expect(more).toBe(less === undefined)
      expect(Math.min(runs, usual)).toBeGreaterThanOrEqual(20)
    },
  ],
  [
    /^(\w+) fails (more|less) on (\S+): (\S+) of its runs, (\S+) on other versions$/,
    ([, name, word, version, share, others], of) => {
      const rate = (isNewest: boolean) => {
        const of3 = (uses: readonly Use[]) =>
          sum(
            uses.filter(
              use =>
                use.name === name &&
                (use.version === version) === isNewest &&
                of.age(use) >= 0 &&
                of.age(use) <= 113,
            ),
          )
        return [of3(of.failures), of3(of.runs)] as const
      }
      expect(share).toBe(percentOf(...rate(true)))
      expect(others).toBe(percentOf(...rate(false)))
      expect(rate(true)[0] / rate(true)[1] > rate(false)[0] / rate(false)[1]).toBe(word === 'more')
    },
  ],
  [
    /^(?:Nobody has run )?(\w+)(?: has not been run)? since ([^;]+); (?:(\d+) installations? had in the 28 days before|it was on (\d+) of the 28 days before)$/,
    ([, name, since, installations, days], of, end) => {
      const theirs = [...of.runs, ...of.failures].filter(use => use.name === name)
      const last = Math.min(...theirs.map(of.age))
      expect(since).toBe(dayNamed(last, end))
      const habit = within(of, last, last + 27, name)
      if (of.many) expect(Number(installations)).toBe(who(habit))
      else expect(Number(days)).toBe(new Set(habit.map(of.age)).size)
      // Counting has not ended: others have been used since.
      expect(within(of, -1, 0).length + of.failures.filter(use => of.age(use) <= 0).length).toBeGreaterThan(0)
    },
  ],
  [
    /^A coding agent was detected in (\S+) of ([\d,]+) runs$/,
    ([, share, all], of) => {
      const recent = within(of, 0, 29)
      expect(number(all)).toBe(sum(recent))
      expect(share).toBe(percentOf(sum(recent.filter(({ agent }) => agent)), sum(recent)))
    },
  ],
  [
    /^Used by (?:none of ([\d,]+) installations: (\w+(?:, \w+)*)(?:; by few: (.+))?|few of ([\d,]+) installations: (.+))$/,
    ([, all, unused, rest, others, few], of) => {
      expect(number(all ?? others)).toBe(who(within(of, 0, 29)))
      for (const name of unused?.split(', ') ?? []) expect(within(of, 0, 29, name)).toEqual([])
      for (const [, name, used] of (few ?? rest ?? '').matchAll(/(\w+) \((\d+)\)/g)) {
        expect(Number(used)).toBe(who(within(of, 0, 29, name)))
        expect(Number(used)).toBeGreaterThan(0)
        expect(Number(used)).toBeLessThanOrEqual(number(all ?? others) * 0.05)
      }
    },
  ],
]

function sentencesFor(uses: readonly Use[], days = DAYS): { said: string[]; left: readonly Use[] } {
  const view = viewOf({ subject: 'trix', uses, source: 'x' }, { days }, NOW)
  const { headline, changes } = view.shown.findings
  const names = new Set(view.heavy.map(({ installation }) => installation))
  return {
    said: [...(headline ? [headline] : []), ...changes].map(claim => sentenceText(claim).slice(0, -1)),
    left: uses.filter(({ installation = '', time }) => !names.has(installation) && time <= NOW),
  }
}

describe('the sentences of a report', () => {
  test('are true for any history, and each kind comes up', () => {
    const seen = new Set<RegExp>()
    fc.assert(
      fc.property(history, uses => {
        fc.pre(uses.some(({ time }) => time <= NOW))
        const { said, left } = sentencesFor(uses)
        const end = Math.min(...left.map(({ time }) => ago(time)))
        for (const sentence of said) {
          const found = checks.find(([pattern]) => pattern.test(sentence))
          expect(found, sentence).toBeDefined()
          seen.add(found![0])
          found![1](found![0].exec(sentence)!, caseOf(left), end > 7 ? end : 0)
        }
      }),
      { numRuns: 500, seed: 7, endOnFailure: true },
    )
    expect([...seen].map(String).sort()).toEqual(checks.map(([pattern]) => String(pattern)).sort())
  })

  const days = (from: number, to: number, more: (day: number) => Partial<Use>[]) =>
    Array.from({ length: to - from }, (_, day) => more(from + day).map(one => use(from + day, one))).flat()

  test('read as a person would write them', () => {
    const uses = days(0, 100, day =>
      Array.from({ length: 20 }, (_, who) => {
        const installation = `${who}`
        const version = day <= 44 - who ? '1.3.0' : '1.2.0'
        const failing = day < 30 && who < 8 && day % 3 === 0
        return [
          { installation, version, count: 2 },
          { installation, version, name: 'deploy' },
          ...(failing ? [{ installation, version, name: 'deploy', kind: 'failure' as const }] : []),
          ...(day >= 9 ? [{ installation, version, name: 'doctor' }] : []),
          ...(day < 20 && who < 6 ? [{ installation, version, name: 'watch' }] : []),
          ...(who === 0 && day === 50 ? [{ installation, version, name: 'rollback' }] : []),
          ...(who === 0 && day % 20 === 5 ? [{ installation, version, name: 'undo' }] : []),
        ]
      }).flat(),
    )
    expect(sentencesFor(uses).said).toEqual([
      '20 installations used it in the last 7 days, as many as in the 7 before',
      '1.3.0 reached more than half of the installations in 10 days, and 90% in 17 days',
      'watch is new since 2 Nov: 6 of 20 installations used it',
      'deploy fails more on 1.3.0: 10% of its runs, 0% on other versions',
      'Nobody has run doctor since 12 Nov; 20 installations had in the 28 days before',
      'Used by none of 20 installations: rollback; by few: undo (1)',
    ])
  })

  test('name a command that fails more or less than before, and not one that always fails most', () => {
    const failing = (name: string, before: number, now: number) =>
      days(1, 100, day => [
        { name, count: 50, installation: `${day % 7}` },
        { name, kind: 'failure', count: day <= 30 ? now : before, installation: `${day % 7}` },
      ])
    const said = (...uses: Use[][]) => sentencesFor(uses.flat()).said.filter(one => one.includes('fails'))
    expect(said(failing('build', 20, 20), failing('deploy', 1, 4))).toEqual([
      'deploy fails more than before: 8% of its runs in 30 days, 2% before that',
    ])
    expect(said(failing('build', 20, 20), failing('deploy', 9, 3))).toEqual([
      'deploy fails less: 6% of its runs, down from 18%',
    ])
    expect(said(failing('build', 20, 20))).toEqual([])
  })

  test.each([
    // 20 runs without a failure do not show that failures are rare.
    { before: [0, 20], now: [7, 94], says: false },
    { before: [0, 940], now: [7, 94], says: true },
    // More failures than runs are 100%.
    { before: [95, 100], now: [500, 100], says: false },
  ])(
    'say that it fails more only if enough runs show it: $before before, $now now ($says)',
    ({ before, now, says }) => {
      const counted = (day: number, [failed, runs]: number[]) => [
        use(day, { count: runs! }),
        ...(failed ? [use(day, { kind: 'failure' as const, count: failed })] : []),
      ]
      const uses = [use(100, { name: 'check' }), ...counted(50, before), ...counted(5, now)]
      expect(sentencesFor(uses).said.some(said => said.includes('fails more'))).toBe(says)
    },
  )

  test('say nothing about the failures of one installation among many', () => {
    const uses = days(1, 100, day => [
      ...Array.from({ length: 9 }, (_, who) => ({ installation: `${who}`, count: 3 })),
      ...(day < 20 ? [{ installation: '0', kind: 'failure' as const, count: 3 }] : []),
    ])
    expect(sentencesFor(uses).said.join()).not.toContain('fails')
  })

  test.each([
    ['one command', Array.from({ length: 50 }, (_, day) => use(day % 20))],
    ['a few uses', [use(0), use(1, { name: 'check' })]],
    ['the first day', [use(0), use(0, { name: 'check' })]],
  ])('say nothing about %s', (_, uses) => {
    expect(sentencesFor(uses).said).toEqual([])
  })

  test('say that a command is no longer run after more than a weekend, and only if others are', () => {
    const habit = (until: number, name: string) => days(until, until + 30, () => [{ name }])
    const said = (...uses: Use[][]) => sentencesFor(uses.flat()).said.join()
    expect(said(habit(0, 'build'), habit(4, 'check'))).not.toContain('since')
    expect(said(habit(5, 'build'), habit(8, 'check'))).not.toContain('since')
    expect(said(habit(0, 'build'), habit(6, 'check'))).toContain('check has not been run since Sunday')
  })
})

describe('whether a command can be removed', () => {
  const fleet = (of: number) =>
    days(1, 100, day => [
      ...Array.from({ length: 40 }, (_, who) => ({ installation: `${who}` })),
      ...(day >= of ? [{ installation: `${day % 25}`, name: 'doctor' }] : []),
    ])
  const days = (from: number, to: number, more: (day: number) => Partial<Use>[]) =>
    Array.from({ length: to - from }, (_, day) => more(from + day).map(one => use(from + day, one))).flat()
  const verdict = (uses: readonly Use[], command = 'doctor') => {
    const view = viewOf({ subject: 'trix', uses, source: 'x' }, { command }, NOW)
    return `${view.command!.verdict.answer}: ${sentenceText(view.command!.verdict.reason)}`
  }

  test.each([
    [
      1,
      'No: doctor was used by 25 of 40 installations (63%) in the last 30 days; its last run was yesterday.',
    ],
    [
      30,
      'Few would miss it: doctor was used by 1 of 40 installations (3%) in the last 30 days; its last run was on 22 Oct.',
    ],
    [40, 'Almost: None of 40 installations ran doctor in the last 30 days; the last run was on 12 Oct.'],
    [90, 'Yes: None of 40 installations ran doctor in the last 30 days; the last run was on 23 Aug.'],
  ])('is answered by the numbers, where it was last used %i days ago', (last, said) => {
    expect(verdict(fleet(last))).toBe(said)
  })

  test('is not answered where too little is counted, and a name is proposed for a mistyped one', () => {
    const few = [use(1, { installation: 'a' }), use(50, { installation: 'a', name: 'doctor' })]
    expect(verdict(few)).toBe('Not known: Only 1 installation and 50 days are counted.')
    expect(() => verdict(fleet(1), 'docter')).toThrow(
      'the command docter is not counted in it; did you mean doctor?',
    )
  })
})
