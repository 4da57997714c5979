import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cardOf } from '../src/report/card.ts'
import { pageOf } from '../src/report/page.ts'
import { tell } from '../src/report/show.ts'
import { takesUnicode, usageText } from '../src/report/text.ts'
import type { Told } from '../src/report/told.ts'
import { summarise } from '../src/report/usage.ts'
import type { Use } from '../src/report/use.ts'
import { makeWorld, type World } from './world.ts'

const NOW = new Date(2026, 10, 21, 12).getTime() // a Saturday, local time
const DAY = 86_400_000
const use = (daysAgo: number, name = 'build', more: Partial<Use> = {}): Use => ({
  ...{ time: NOW - daysAgo * DAY, count: 1, name, version: '1.0.0', kind: 'run' },
  ...more,
})

describe('a summary', () => {
  test('counts commands, versions and days in the period, and the first use before it', () => {
    const uses = [
      use(0),
      use(0),
      use(1, 'check', { version: '0.9.0' }),
      use(200),
      use(2, 'found', { kind: 'event' }),
    ]
    const summary = summarise(uses, NOW, 30)
    expect(summary).toMatchObject({
      total: 3,
      commands: [
        { name: 'build', count: 2, share: 2 / 3 },
        { name: 'check', count: 1 },
      ],
      versions: [{ name: '1.0.0', count: 2 }, { name: '0.9.0' }],
      events: [{ name: 'found', count: 1, share: 1 }],
      first: NOW - 200 * DAY,
      last: NOW,
    })
    expect(summary.days).toHaveLength(30)
    expect(summary.days.map(({ count }) => count).slice(-3)).toEqual([0, 1, 2])
  })

  test('compares the last days with as many before them', () => {
    const uses = [use(0), use(6), use(7), use(13), use(14), use(29), use(30), use(59), use(60)]
    expect(summarise(uses, NOW, 84).comparisons).toEqual([
      { days: 7, now: 2, before: 2, whole: true },
      { days: 30, now: 6, before: 2, whole: true },
    ])
  })

  // 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25; Lord Howe moves by half an hour.
  test.each(['Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Kiritimati', 'UTC'])(
    'puts each moment of a year into the day that it has in %s',
    zone => {
      const before = process.env.TZ
      process.env.TZ = zone
      try {
        const now = new Date(2026, 11, 31, 23, 59).getTime()
        for (let time = now; time > now - 364 * DAY; time -= 37 * 60_000) {
          const { days } = summarise([{ ...use(0), time }], now, 366)
          const [day] = days.filter(({ count }) => count)
          expect(new Date(day!.start).toDateString()).toBe(new Date(time).toDateString())
          time -= 20 * 3_600_000
        }
      } finally {
        if (before === undefined) delete process.env.TZ
        else process.env.TZ = before
      }
    },
  )
})

/** What there is to tell of such uses. */
function told(uses: readonly Use[], subject = 'trix', days = 84): Told {
  return tell({ subject, uses, source: 'the counts on this computer' }, { days: `${days}` }, NOW)
}

/** 84 days of a person who works on weekdays. */
function aQuarter(): Use[] {
  const uses: Use[] = []
  for (let day = 0; day < 84; day++) {
    const weekday = new Date(NOW - day * DAY).getDay()
    const many = weekday % 6 === 0 ? 0 : 1 + ((day * 7) % 11)
    for (let i = 0; i < many; i++) uses.push(use(day, ['build', 'check', 'db migrate'][(i * day) % 3]))
  }
  uses.push(use(3, 'a-command-with-a-name-of-sixty-four-characters-which-is-the-longest'))
  return uses
}

describe('in a terminal', () => {
  test.each([60, 80, 120, 200])('of %i columns no line is wider, and none is lost', columns => {
    const text = usageText(told(aQuarter()), { columns, unicode: true })
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns)
    expect(text).toMatch(/^ {2}build +\d+ +\d+% {2}█+/m)
    expect(text.match(/^ {2}(Mon|Tue|Wed|Thu|Fri|Sat|Sun) {2}/gm)).toHaveLength(7)
    expect(text).toMatch(/last 30 days +\d+ \(30 days before: \d+, [+−]\d+%\)/)
  })

  test('a year fits 60 columns by its last weeks', () => {
    const text = usageText(told([use(0)], 'trix', 365), { columns: 60, unicode: true })
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
    expect(text).toMatch(/^ {2}Sat {2}.*█$/m)
  })

  test('without a UTF-8 locale it is ASCII', () => {
    const text = usageText(told(aQuarter()), { columns: 80, unicode: takesUnicode({ LANG: 'C' }) })
    expect(text).toMatch(/^[ -~\n]+$/)
    expect(takesUnicode({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })).toBe(false)
    expect(takesUnicode({ LC_CTYPE: 'C.utf8', LANG: 'C' })).toBe(true)
  })

  test('looks as it did when a person looked at it', async () => {
    const text = usageText(told(aQuarter()), { columns: 80, unicode: true })
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, '../fixtures/screens/report.txt'))
  })
})

describe('as a page', () => {
  const page = pageOf(told(aQuarter()))

  test('loads nothing, runs nothing, and its policy says so', () => {
    const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(page)!
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page)!
    const hash = createHash('sha256').update(style!).digest('base64')
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${hash}'`)
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|\sstyle=|https?:|url\(|@import/i)
  })

  test('every number of a chart is there as text', () => {
    const { commands, days } = summarise(aQuarter(), NOW, 84)
    for (const { name, count } of commands)
      expect(page).toMatch(new RegExp(`<th scope="row">${name}<svg.*?</svg></th><td>${count}</td>`))
    const rows = [...page.matchAll(/<tr><th scope="row">\d{4}-\d\d-\d\d<\/th><td>(\d+)<\/td><\/tr>/g)]
    expect(rows.map(([, count]) => Number(count))).toEqual(days.map(({ count }) => count))
  })

  test('one command, one version and no events have nothing drawn that says nothing', () => {
    const page = pageOf(told([use(0), use(3)]))
    const headings = [...page.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, heading]) => heading)
    expect(headings).toEqual(['Runs per day', 'Commands'])
    expect(page).not.toMatch(/class="lead"|>Share<|Last use|NaN|undefined/)
  })

  test('of nothing is a page that says so', () => {
    expect(pageOf(told([]))).toContain('Nothing was counted in this time.')
  })

  test('failures are shown as the part of the runs that failed, against the days before', () => {
    const runs = (daysAgo: number, count: number, more: Partial<Use> = {}) =>
      use(daysAgo, 'deploy', { count, ...more })
    const page = pageOf(
      told([
        runs(80, 1),
        runs(40, 50),
        runs(40, 2, { kind: 'failure' }),
        runs(1, 80),
        runs(1, 8, { kind: 'failure' }),
      ]),
    )
    expect(page).toContain('Failures in the last 30 days')
    expect(page).toMatch(/deploy<svg.*?<\/svg><\/th><td>8<\/td><td>10%<\/td><td>4%<\/td>/)
    expect(page).toContain('131 runs of 1 command')
  })

  test('people and agents stand side by side, and a command says how much of it agents run', () => {
    const page = pageOf(
      told([
        use(2, 'build', { count: 30 }),
        use(1, 'build', { count: 10, agent: 'claude' }),
        use(1, 'check'),
      ]),
    )
    expect(page).toMatch(
      /People and agents[\s\S]*>people<[\s\S]*<td>31<\/td><td>76%[\s\S]*>claude<[\s\S]*<td>10<\/td><td>24%/,
    )
    expect(page).toMatch(/>build<svg.*?<td>25%<\/td><\/tr>/)
    expect(page).toMatch(/agents make 24% of all runs/)
  })

  test("a stranger's names are text in it", () => {
    const hostile = [`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'&`]
    const uses = hostile.flatMap(name => [
      use(0, name, { count: 9, agent: name, version: name }),
      use(0, name, { kind: 'failure' }),
    ])
    const html = pageOf(told(uses, hostile[0]))
    expect(html).not.toMatch(/<script|<img/)
    expect(html).toContain('&quot;&gt;&lt;img src=x onerror=alert(1)&gt;')
  })
})

describe('as a card', () => {
  test.each(['light', 'dark'] as const)(
    '%s: an SVG of what stands out that loads and runs nothing',
    scheme => {
      const svg = cardOf(told(aQuarter(), 'trix & <b>'), scheme)
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /)
      expect(svg).toContain('build is 61% of all use.')
      expect(svg).toContain('trix &amp; &lt;b&gt;')
      expect(svg).not.toMatch(/<b>|<script|<image|<style|href|url\(|NaN/)
      expect(svg.length).toBeLessThan(10_000)
    },
  )
})

/** A user whose tallies are full of marks, so many in each of two. */
async function longTimeUser(marks: number): Promise<World> {
  const world = makeWorld({ TRIX_TELEMETRY: 'local' })
  await world.tool(['build'])
  await world.tool(['check'])
  const [stream = ''] = readdirSync(join(world.state, 'local'))
  const folder = join(world.state, 'local', stream, 'command_invocation')
  for (const name of readdirSync(folder)) {
    const times = Array.from({ length: marks }, (_, index) => Date.now() - (marks - index) * 90_000)
    writeFileSync(join(folder, name), times.map(time => `${time}\n`).join(''))
  }
  return world
}

describe('telemetry report', () => {
  test('shows what this person uses, and changes nothing', async () => {
    const world = await longTimeUser(100)
    const before = world.files()
    const { status, stdout, stderr } = await world.tool(['telemetry', 'report'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^trix: 200 runs of 2 commands in the last 84 days\n/)
    expect(stdout).toMatch(/^ {2}build +100 +50% {2}#+ /m)
    expect(world.files()).toEqual(before)
  })

  test('shows what is sent and what is counted for oneself alone together', async () => {
    const world = makeWorld()
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    await world.tool(['build'], { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
    const { stdout } = await world.tool(['telemetry', 'report', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ total: 2, commands: [{ name: 'build', count: 2 }] })
  })

  test('of one command, in fewer days, for a program', async () => {
    const world = await longTimeUser(3000)
    const { stdout } = await world.tool([
      'telemetry',
      'report',
      '--json',
      '--days',
      '1',
      '--command',
      'check',
    ])
    const report = JSON.parse(stdout)
    const today = Number(new Date().setHours(0, 0, 0, 0))
    expect(report.days).toHaveLength(1)
    expect(report.commands.map(({ name }: { name: string }) => name)).toEqual(['check'])
    expect(report.total).toBe(report.days[0].count)
    expect(Math.abs(report.total - (Date.now() - today) / 90_000)).toBeLessThan(5)
  })

  test('as a page of two tallies of 70,000 marks, in under 300 kB, never over another file', async () => {
    const world = await longTimeUser(70_000)
    const first = await world.tool(['telemetry', 'report', '--html', '--days', '365'])
    expect(first).toMatchObject({ status: 0, stdout: '' })
    expect(first.stderr).toMatch(/^trix: [\d,]+ runs of 2 commands.*: written to trix-usage\.html\n$/)
    const page = readFileSync(join(world.cwd, 'trix-usage.html'), 'utf8')
    expect(page.length).toBeLessThan(300_000)
    const again = await world.tool(['telemetry', 'report', '--html'])
    expect(again).toMatchObject({ status: 1, stdout: '' })
    expect(again.stderr).toContain('--force')
    mkdirSync(join(world.cwd, 'folder'))
    expect(await world.tool(['telemetry', 'report', '--html', 'folder', '--force'])).toMatchObject({
      status: 1,
    })
    expect(await world.tool(['telemetry', 'report', '--html', 'nowhere/x.html'])).toMatchObject({
      status: 1,
      stderr: 'trix telemetry report: nowhere/x.html: its folder does not exist\n',
    })
  })

  test('as cards, written where they are wanted', async () => {
    const world = await longTimeUser(30)
    const { status, stdout } = await world.tool(['telemetry', 'report', '--card', 'mine.svg'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('srcset="mine-dark.svg"')])
    expect(readFileSync(join(world.cwd, 'mine.svg'), 'utf8')).toContain(
      '60 runs of 2 commands in the last 84 days',
    )
  })

  test('of nothing says so, and how to count for oneself', async () => {
    const world = makeWorld()
    const { status, stdout, stderr } = await world.tool(['telemetry', 'report'])
    expect([status, stdout]).toEqual([0, ''])
    expect(stderr).toContain('telemetry is off (the notice has not been shown yet)')
    expect(stderr).toContain('TRIX_TELEMETRY=local counts for you alone')
  })

  test.each([['--days', '0'], ['--days', 'many'], ['--weeks'], ['a', 'b']])(
    '%s %s is not understood',
    async (...args) => {
      expect(await makeWorld().tool(['telemetry', 'report', ...args])).toMatchObject({
        status: 2,
        stdout: '',
      })
    },
  )
})
