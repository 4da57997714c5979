import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cardOf } from '../src/report/card.ts'
import { pageOf } from '../src/report/page.ts'
import { viewJson } from '../src/report/report-json.ts'
import { viewText } from '../src/report/text.ts'
import type { Use } from '../src/report/use.ts'
import { type View, viewOf } from '../src/report/view.ts'
import { percent, shortNumber } from '../src/terminal/number.ts'
import { ago, history, NOW, robotUses, use } from './histories.ts'

// Every number of a report, counted again in the simplest way: by filters over all uses.

const DAYS = 30
const sum = (uses: readonly Use[]) => uses.reduce((sum, { count }) => sum + count, 0)
const who = (uses: readonly Use[]) =>
  new Set(uses.flatMap(({ installation }) => (installation === undefined ? [] : [installation]))).size
const versions = ['1.9.0', '1.10.0', '2.0.0']

interface Counted {
  runs: number
  failed: number
  installations?: number
}

function recount(all: readonly Use[], now = NOW) {
  const past = all.filter(({ time }) => time <= now)
  const lastDay = Math.min(...past.map(({ time }) => ago(time)))
  // Days are counted back from today, or from the last day of a file that has ended.
  const end = lastDay > 7 ? lastDay : 0
  const age = ({ time }: Use) => ago(time) - end
  const ages = [...new Set(past.map(age))].sort((a, b) => a - b)
  const gap = ages.findIndex((age, index) => index > 0 && age - ages[index - 1]! > 60)
  const since = ages.at(gap < 0 ? -1 : gap - 1)!
  const uses = past.filter(use => age(use) <= since)
  const many = uses.some(({ installation }) => installation !== undefined)
  // Where there is only the day that is not over, the numbers are of that.
  const first = since === 0 ? 0 : 1
  const last = first + DAYS - 1
  const between = (from: number, to: number) => uses.filter(use => age(use) >= from && age(use) <= to)
  const comparable = since > last + DAYS
  const counts = (uses: readonly Use[]): Counted => {
    const runs = uses.filter(({ kind }) => kind === 'run')
    return {
      ...(many && { installations: who(runs) }),
      runs: sum(runs),
      failed: sum(uses.filter(({ kind }) => kind === 'failure')),
    }
  }
  // The first day may have begun uncounted, so no week has it.
  const weeks = Math.floor((since - first) / 7)
  const [steps, size] = weeks < 4 ? [since - first + 1, 1] : [Math.min(12, weeks), 7]
  const inStep = (step: number) =>
    between(first + size * (steps - 1 - step), first + size * (steps - step) - 1)
  const trend = (of: (use: Use) => boolean) =>
    Array.from({ length: steps }, (_, step) => {
      const found = inStep(step).filter(use => use.kind !== 'failure' && of(use))
      return many ? who(found) : sum(found)
    })
  const commands = [...new Set(uses.filter(({ kind }) => kind !== 'event').map(({ name }) => name))].map(
    name => {
      const of = (from: number, to: number) =>
        counts(between(from, to).filter(use => use.kind !== 'event' && use.name === name))
      return {
        ...{ name, ...of(first, last) },
        before: comparable ? of(last + 1, last + DAYS) : null,
        usual: of(last + 1, Math.min(since, last + 84)),
        trend: trend(use => use.kind === 'run' && use.name === name),
      }
    },
  )
  const lastVersions = (uses: readonly Use[]) => {
    const byInstallation = new Map<string | undefined, Use[]>()
    for (const use of uses)
      byInstallation.set(use.installation, [...(byInstallation.get(use.installation) ?? []), use])
    return [...byInstallation.values()].map(theirs => {
      const time = Math.max(...theirs.map(({ time }) => time))
      return versions.findLast(version => theirs.some(use => use.time === time && use.version === version))
    })
  }
  const runs = between(first, last).filter(({ kind }) => kind === 'run')
  const today = since === 0 ? undefined : counts(between(0, 0))
  return {
    many,
    all: counts(between(first, last).filter(({ kind }) => kind !== 'event')),
    before: comparable ? counts(between(last + 1, last + DAYS).filter(({ kind }) => kind !== 'event')) : null,
    week: {
      now: who(between(first, first + 6).filter(({ kind }) => kind === 'run')),
      before:
        since > first + 13 ? who(between(first + 7, first + 13).filter(({ kind }) => kind === 'run')) : null,
    },
    today,
    todayEvents: sum(between(0, 0).filter(({ kind }) => kind === 'event')),
    steps: {
      installations: trend(({ kind }) => kind === 'run'),
      runs: Array.from({ length: steps }, (_, step) =>
        sum(inStep(step).filter(({ kind }) => kind === 'run')),
      ),
    },
    commands,
    events: [...new Set(uses.filter(({ kind }) => kind === 'event').map(({ name }) => name))].map(name => {
      const found = between(first, last).filter(use => use.kind === 'event' && use.name === name)
      return { name, times: sum(found), ...(many && { installations: who(found) }) }
    }),
    versions: versions.flatMap(version => {
      const count = many
        ? lastVersions(runs).filter(one => one === version).length
        : sum(runs.filter(use => use.version === version))
      return count ? [{ name: version, [many ? 'installations' : 'runs']: count }] : []
    }),
    agents: [...new Set(runs.map(({ agent }) => agent))].map(agent => ({
      name: agent ?? 'no agent detected',
      ...counts(between(first, last).filter(use => use.kind !== 'event' && use.agent === agent)),
    })),
  }
}

const isRobot = ({ installation }: Use) => installation === 'the-robot'

const viewFor = (uses: readonly Use[], more = {}): View =>
  viewOf({ subject: 'trix', uses, source: 'in.jsonl' }, { days: DAYS, ...more }, NOW)

// biome-ignore lint/suspicious/noExplicitAny: what is in it is what the tests are about
type Json = Record<string, any>
const jsonOf = (view: View) => JSON.parse(JSON.stringify(viewJson(view))) as Json
const byName = <Named extends { name: string }>(rows: readonly Named[]) =>
  Object.fromEntries(rows.map(row => [row.name, row]))

function expectCounted(json: Json, uses: readonly Use[]): void {
  const counted = recount(uses)
  expect(json).toMatchObject({ ...counted.all, before: counted.before })
  if (counted.many) expect(json.week).toEqual(counted.week)
  expect(json.today).toEqual(counted.today ? { ...counted.today, events: counted.todayEvents } : null)
  expect(json.steps).toMatchObject(counted.many ? counted.steps : { runs: counted.steps.runs })
  expect(byName(json.commands)).toMatchObject(byName(counted.commands))
  expect(json.commands).toHaveLength(counted.commands.length)
  expect(byName(json.events)).toMatchObject(byName(counted.events))
  expect(byName(json.versions.filter((row: Json) => row.installations || row.runs))).toMatchObject(
    byName(counted.versions),
  )
  if (json.agents.length) {
    const active = json.agents.filter((row: Json) => row.runs)
    expect(byName(active)).toMatchObject(byName(counted.agents))
  }
}

describe('the numbers of a report', () => {
  test('are those of the recount in JSON, in any history', () => {
    let [checked, robots, ended, alone] = [0, 0, 0, 0]
    fc.assert(
      fc.property(history, uses => {
        fc.pre(uses.some(({ time }) => time <= NOW))
        const view = viewFor(uses)
        const left = view.heavy.length ? uses.filter(use => !isRobot(use)) : uses
        expect(view.heavy.length === 0 || view.heavy.every(one => one.installation === 'the-robot')).toBe(
          true,
        )
        expectCounted(jsonOf(view), left)
        if (view.everybody) expectCounted(jsonOf(view.everybody()), uses)
        checked++
        robots += view.heavy.length
        ended += view.history.ended === undefined ? 0 : 1
        alone += view.history.hasInstallations ? 0 : 1
      }),
      { numRuns: 80, seed: 11, endOnFailure: true },
    )
    // Each kind of history has come up.
    for (const kind of [checked, robots, ended, alone]) expect(kind).toBeGreaterThan(5)
  })

  test('are the same on the page, in the terminal and on the card', () => {
    fc.assert(
      fc.property(history, uses => {
        fc.pre(uses.some(({ time }) => time <= NOW))
        const view = viewFor(uses)
        const json = jsonOf(view)
        const wanted = cellsOf(json)
        // The numbers of each range are there; the shown one is the second.
        const page = pageOf(view).split('<div class="everybody">')[0]!
        const table = page.split('<div class="in in1">').at(-1)!
        const rows = [
          ...table
            .split('>Commands<')[1]!
            .split('</section>')[0]!
            .matchAll(/<tr><th scope="row">.*?<\/tr>/g),
        ].map(([row]) => row)
        expect(Object.fromEntries(rows.map(cellsOfRow))).toEqual(wanted)
        const text = viewText(view, { columns: 100, unicode: true, colour: false })
        for (const { name, installations, runs, failedShare } of json.commands.slice(0, 10)) {
          const line = new RegExp(`^${name} .*$`, 'm').exec(text)![0]
          const words = line.split(/ {2,}/)
          if (json.week) expect(words[1]).toBe(shortNumber(installations))
          expect(words).toContain(shortNumber(runs))
          if (failedShare !== null && /^Command.*failed/m.test(text))
            expect(words).toContain(percent(failedShare))
        }
        const card = cardOf(view, 'light').replace(/<[^>]*>/g, ' ')
        expect(card).toContain(
          shortNumber(json.week && !json.unfinished && json.week.now ? json.week.now : json.runs),
        )
      }),
      { numRuns: 25, seed: 12, endOnFailure: true },
    )
  })

  test('are those of the recount for 5,000 installations', () => {
    const uses = Array.from({ length: 15_000 }, (_, index) =>
      use(Math.floor(index / 150), {
        installation: `installation-${(index * 31) % 5000}`,
        name: `command ${(index * index) % 13}`,
        version: versions[Math.min(2, Math.floor(index / 5000))]!,
        kind: index % 11 ? 'run' : 'failure',
        time: use(Math.floor(index / 150)).time + index,
      }),
    )
    const view = viewFor(uses)
    expectCounted(jsonOf(view), uses)
    expect(pageOf(view).length).toBeLessThan(300_000)
  })
})

const each = (runs: number) => (runs < 100 ? runs.toFixed(1) : shortNumber(runs))

/** The cells of the table of commands, by the name of the command. */
function cellsOf(json: Json): Record<string, string[]> {
  const hasFailures = json.commands.some((row: Json) => row.failed || row.usual.failed)
  const share = (row: Counted) => (row.runs ? percent(Math.min(1, row.failed / row.runs)) : '')
  return Object.fromEntries(
    json.commands.map((row: Json) => [
      row.name,
      [
        ...(json.week
          ? [
              shortNumber(row.installations),
              json.installations ? percent(row.installations / json.installations) : '',
            ]
          : []),
        '',
        shortNumber(row.runs),
        json.week
          ? row.installations
            ? each(row.runs / row.installations)
            : ''
          : json.runs
            ? percent(row.runs / json.runs)
            : '',
        ...(hasFailures
          ? [share(row as Counted), ...(json.since < json.from ? [share(row.usual)] : [])]
          : []),
      ],
    ]),
  )
}

function cellsOfRow(row: string): [name: string, cells: string[]] {
  const [, name] = /<span>([^<]*)/.exec(row)!
  const cells = [...row.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell]) =>
    cell!.replace(/<svg.*?<\/svg>|<[^>]*>/g, ''),
  )
  return [name!.trim(), cells]
}

describe('one installation that makes most of the runs', () => {
  test('is named, and changes no number of the others', () => {
    const others = Array.from({ length: 40 * 90 }, (_, index) =>
      use(Math.floor(index / 40), {
        installation: `installation-${index % 40}`,
        name: ['build', 'check', 'deploy'][index % 3]!,
        version: index < 1200 ? '1.1.0' : '1.0.0',
      }),
    )
    const without = jsonOf(viewFor(others))
    const view = viewFor([...others, ...robotUses(1440)])
    const { heavy, ...rest } = jsonOf(view)
    expect({ ...rest, heavy: [] }).toEqual(without)
    expect(heavy).toEqual([
      expect.objectContaining({
        installation: 'the-robot',
        runs: 57_600,
        command: 'doctor',
        commandShare: 1,
        leftOut: true,
      }),
    ])
    expect(heavy[0].share).toBeCloseTo(57_600 / 61_200)
    expect(viewText(view, { columns: 80, unicode: true, colour: false })).toMatch(
      /One installation \(the-robot\) made 94% of all runs: 57,600 runs since 13 Oct, all\s+of them doctor\. It is left out/,
    )
    const page = pageOf(view)
    expect(page).toMatch(
      /It is left out\. <input type="checkbox" id="everybody"><label for="everybody">Include it</,
    )
    expect(jsonOf(viewFor([...others, ...robotUses(1440)], { all: true })).runs).toBe(
      without.runs + 30 * 1440,
    )
  })

  test('is not assumed where somebody runs more than others', () => {
    const uses = Array.from({ length: 300 }, (_, index) =>
      use(index % 60, { installation: `${index % 6}`, count: index % 6 ? 1 : 6 }),
    )
    expect(viewFor(uses).heavy).toEqual([])
  })

  test('and counts up to the largest integer is shown as a number that fits', () => {
    const others = Array.from({ length: 400 }, (_, index) =>
      use(index % 40, { installation: `${index % 10}` }),
    )
    const stranger = use(1, { installation: 'stranger', count: 2 ** 63, name: 'build' })
    const view = viewFor([...others, stranger])
    expect({ ...jsonOf(view), heavy: [] }).toEqual(jsonOf(viewFor(others)))
    // It cannot be left out where it is the only one.
    const alone = viewFor([use(3), use(1, { count: 2 ** 63 })])
    for (const text of [
      viewText(view, { columns: 80, unicode: true, colour: false }),
      viewText(alone, { columns: 80, unicode: true, colour: false }),
      pageOf(alone),
      cardOf(alone, 'light'),
    ]) {
      const said = text.replace(/<script>.*<\/script>/s, '')
      expect(said).not.toMatch(/NaN|Infinity|undefined|\de\+|\d{16}/)
      expect(said).toContain('999tn+')
    }
  })
})

describe('a report of constant use', () => {
  // Each of 6 installations makes 10 runs an hour, for 70 days.
  const flat = (now: number) =>
    Array.from({ length: 24 * 70 }, (_, hour) =>
      Array.from(
        { length: 6 },
        (_, who): Use => ({
          ...{ time: now - hour * 3_600_000, count: 10, name: 'build', version: '1.0.0', kind: 'run' },
          installation: `${who}`,
        }),
      ),
    ).flat()

  test.each([0, 1, 7, 12, 16, 22, 23])('shows no change at %i:25', hour => {
    const now = Date.UTC(2026, 10, 21, hour, 25)
    for (const days of [7, 30]) {
      const view = viewOf({ subject: 'trix', uses: flat(now), source: 'x' }, { days }, now)
      const json = jsonOf(view)
      expect(json).toMatchObject({
        runs: 1440 * days,
        before: { runs: 1440 * days },
        week: { now: 6, before: 6 },
      })
      if (hour % 12 === 0) expect(pageOf(view)).not.toMatch(/▲|▼|\d+% (more|fewer)/)
      expect(json.headline).toBe('6 installations used it in the last 7 days, 6 in the 7 before.')
      expect(new Set(json.steps.runs)).toEqual(new Set([1440 * 7]))
    }
  })

  test('is the same in every time zone', () => {
    const before = process.env.TZ
    try {
      const said = ['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Australia/Lord_Howe'].map(zone => {
        process.env.TZ = zone
        const view = viewOf({ subject: 'trix', uses: flat(NOW), source: 'x' }, {}, NOW)
        return [pageOf(view), viewText(view, { columns: 80, unicode: true, colour: false })]
      })
      for (const one of said) expect(one).toEqual(said[0])
    } finally {
      if (before === undefined) delete process.env.TZ
      else process.env.TZ = before
    }
  })
})
