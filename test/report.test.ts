import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cardOf } from '../src/report/card.ts'
import { hasUnicode } from '../src/report/glyphs.ts'
import { pageOf } from '../src/report/page.ts'
import { REPORT_SCRIPT } from '../src/report/page-script.ts'
import { viewText } from '../src/report/text.ts'
import type { Use } from '../src/report/use.ts'
import { type View, viewOf, type Wanted } from '../src/report/view.ts'
import { wantsColour } from '../src/terminal/colour.ts'
import { ago, NOW, robotUses, use } from './histories.ts'
import { closedEndpoint } from './loopback.ts'
import { ROOT } from './paths.ts'
import { makeWorld, type World } from './world.ts'

const viewFor = (uses: readonly Use[], wanted: Wanted = {}, subject = 'trix'): View =>
  viewOf({ subject, uses, source: 'trix.jsonl' }, wanted, NOW)

/** 40 installations and eight commands over half a year, with a release after which `deploy` fails more. */
function makeFleet(): Use[] {
  return Array.from({ length: 9000 }, (_, index): Use[] => {
    const [day, who] = [Math.floor(index / 50), (index * 7) % 40]
    const name = ['build', 'test', 'build', 'check', 'deploy', 'build', 'db migrate', 'init', 'doctor'][
      index % 9
    ]!
    const version = day < 30 - (who % 20) ? '1.3.0' : day < 80 ? '1.2.0' : '1.1.0'
    const one = use(day, {
      ...{ name, version, installation: `${who}`.padStart(64, '0'), os: who % 4 ? 'linux' : 'darwin' },
      ...{ runtime: `nodejs ${who % 3 ? 22 : 20}`, ...(index % 5 === 0 && { agent: 'claude-code' }) },
    })
    const failed = name === 'deploy' && (version === '1.3.0' ? index % 2 === 0 : index % 11 === 0)
    return [
      one,
      ...(failed ? [{ ...one, kind: 'failure' as const }] : []),
      ...(index % 40 === 0
        ? [use(day, { kind: 'event', name: 'found level=high', installation: `${who}` })]
        : []),
    ]
  }).flat()
}

/** 84 days of one person who works on weekdays. */
function makeQuarter(): Use[] {
  const uses: Use[] = []
  for (let day = 0; day < 84; day++)
    for (let i = 0; i < (day % 7 < 2 ? 0 : 1 + ((day * 7) % 11)); i++)
      uses.push(use(day, { name: ['build', 'check', 'db migrate'][(i * day) % 3]! }))
  uses.push(use(3, { name: 'a-name-of-more-letters-than-usual' }))
  return uses
}

const [fleet, quarter] = [makeFleet(), makeQuarter()]
const withRobot = [...fleet, ...robotUses(4000)]
const ofFleet = viewFor(fleet)
const ofDoctor = viewFor(fleet, { command: 'doctor' })

const canvas = (columns: number) => ({ columns, unicode: true, colour: false })

describe('in a terminal', () => {
  const widths = Array.from({ length: 33 }, (_, index) => 40 + 5 * index)

  test.each([
    ['a fleet', fleet],
    ['one person', quarter],
    ['a robot among others', withRobot],
  ])('the report of %s has no line that is too wide for 40 to 200 columns, and breaks no word', (_, uses) => {
    const view = viewFor(uses)
    const words = new Set(viewText(view, canvas(1000)).split(/\s+/))
    for (const columns of widths) {
      const text = viewText(view, canvas(columns))
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns)
      const sentences = text.slice(text.indexOf('\n- ')).split(/\s+/)
      for (const word of sentences) expect([columns, words.has(word)]).toEqual([columns, true])
    }
  })

  test('the headline is the last line, and the chart is on a screen of 24 lines with it', () => {
    const lines = viewText(ofFleet, canvas(80)).trimEnd().split('\n')
    expect(lines.at(-1)).toBe('40 installations used it in the last 7 days, as many as in the 7 before.')
    expect(lines.slice(-23).join('\n')).toContain('installations per week')
  })

  test('the text is ASCII without a UTF-8 locale', () => {
    const plain = { columns: 80, unicode: hasUnicode({ LANG: 'C' }), colour: false }
    expect(viewText(ofFleet, plain)).toMatch(/^[ -~\n]+$/)
    expect(hasUnicode({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })).toBe(false)
    expect(hasUnicode({ LC_CTYPE: 'C.utf8', LANG: 'C' })).toBe(true)
  })

  test('there are colours in a terminal only, and NO_COLOR and FORCE_COLOR are obeyed', () => {
    const coloured = viewText(ofFleet, { ...canvas(80), colour: true })
    expect(coloured).toContain('\u001b[1m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of it
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(viewText(ofFleet, canvas(80)))
    const terminal = { isTTY: true }
    const cases: [stream: object, env: Record<string, string>, takes: boolean][] = [
      [terminal, {}, true],
      [{}, {}, false],
      [terminal, { TERM: 'dumb' }, false],
      [terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
      [{}, { FORCE_COLOR: '1' }, true],
      [terminal, { FORCE_COLOR: '0' }, false],
    ]
    for (const [stream, env, takes] of cases) expect([env, wantsColour(stream, env)]).toEqual([env, takes])
  })

  test('the screens are those that a person has looked at', async () => {
    const kept = (name: string) => join(ROOT, `fixtures/screens/${name}.txt`)
    await expect(viewText(ofFleet, canvas(80))).toMatchFileSnapshot(kept('report'))
    await expect(viewText(viewFor(quarter), canvas(80))).toMatchFileSnapshot(kept('report-own'))
    await expect(viewText(ofDoctor, canvas(80))).toMatchFileSnapshot(kept('report-command'))
  })
})

describe('as a page', () => {
  const page = pageOf(ofFleet)
  const doctor = pageOf(ofDoctor)

  test('it loads nothing and runs one small script, and its policy allows no more', () => {
    const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(page)!
    const hash = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page)!
    expect(policy).toBe(
      `default-src 'none'; style-src '${hash(style!)}'; script-src '${hash(REPORT_SCRIPT)}'; base-uri 'none'; form-action 'none'`,
    )
    expect(page).toContain(`<script>${REPORT_SCRIPT}</script>`)
    expect(REPORT_SCRIPT.length).toBeLessThan(2048)
    expect(page.replace(REPORT_SCRIPT, '')).not.toMatch(
      /<script>[^<]|<link|<img|<iframe|\son\w+=|\sstyle=|https?:|url\((?!#)|@import/i,
    )
  })

  test('each id is there once, also where the page has a view with a robot and one without', () => {
    for (const html of [page, pageOf(viewFor(withRobot))]) {
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
      expect(ids.length).toBe(new Set(ids).size)
    }
  })

  test('of an old file it says when the file ends, and says nothing about the days since', () => {
    const view = viewFor(fleet.map(one => ({ ...one, time: one.time - 100 * 86_400_000 })))
    const said = 'Nothing has arrived since 13 Aug: the numbers are of the days up to then.'
    expect(pageOf(view)).toContain(said)
    expect(viewText(view, canvas(100))).toContain(said)
    expect(viewText(view, canvas(100))).toContain('14 Jul – 12 Aug')
  })

  test('of one person it says nothing about installations, and has no empty part', () => {
    const page = pageOf(viewFor(quarter))
    expect(page).not.toMatch(/[Ii]nstallation|>Used by|NaN|undefined[^)]*</)
    const headings = [...page.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, heading]) => heading)
    expect(new Set(headings)).toEqual(new Set(['Runs per week', 'Commands', 'Worth knowing']))
  })

  test('names with HTML in them are text in it', () => {
    const hostile = [`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'&`]
    const uses = hostile.flatMap(name => [
      use(1, { name, count: 9, agent: name, version: name, os: name, runtime: name, installation: name }),
      use(1, { name, kind: 'failure' }),
      use(1, { name, kind: 'event' }),
      use(40, { name, version: name }),
    ])
    for (const wanted of [{}, { command: hostile[0]! }]) {
      const html = pageOf(viewFor(uses, wanted, hostile[0]))
      expect(html.replace(REPORT_SCRIPT, '')).not.toMatch(/<script>[^<]|<img/)
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    }
  })

  test('a version that appeared on the first day of a week is above the name of that week', () => {
    const version = ({ time }: Use) => (ago(time) <= 35 ? '1.3.0' : '1.2.0')
    const page = pageOf(viewFor(fleet.map(one => ({ ...one, version: version(one) }))))
    const place = (name: string) => new RegExp(`<text x="([^"]+)"[^>]*>${name}</text>`).exec(page)?.[1]
    expect(place('1.3.0')).toBe(place('17 Oct'))
    expect(place('1.3.0')).toBeDefined()
  })

  test('of one command, versions appear when they were released, not when the command was first run with them', () => {
    const late = fleet.filter(({ name, time }) => name !== 'doctor' || ago(time) < 7 || ago(time) > 40)
    const markers = (wanted: Wanted) => /<g class="markers">.*?<\/g>/.exec(pageOf(viewFor(late, wanted)))![0]
    expect(markers({ command: 'doctor' })).toBe(markers({}))
    expect(markers({})).toContain('>1.3.0<')
    expect(doctor).not.toContain('first seen')
  })

  test('the tile of failures names the command that a sentence names, and no other', () => {
    const tile = (html: string) => />Failed, 30 days<.*/.exec(html)![0]
    expect(tile(page)).toMatch(/deploy 5\d% on 1\.3\.0, else 9%/)
    const runs = fleet.filter(({ kind }) => kind !== 'failure')
    const chance = [use(3, { name: 'deploy', kind: 'failure' }), use(4, { name: 'test', kind: 'failure' })]
    expect(tile(pageOf(viewFor([...runs, ...chance])))).not.toMatch(/deploy|test/)
  })

  test('it says that a version is no longer used, and what the percentages are of', () => {
    expect(page).toMatch(/<small>0 installations now, first seen 3 Sep<\/small>/)
    expect(page).toContain('>Versions, part of the installations in 30 days</h2>')
    expect(doctor).toContain('>Versions, part of the installations that ran it in 30 days</h2>')
  })

  test('what is worth knowing is above the table, and on the page of a command only what is about it', () => {
    expect(page.indexOf('>Worth knowing</h2>')).toBeLessThan(page.indexOf('>Commands</h2>'))
    const said = (command: string) =>
      [...pageOf(viewFor(fleet, { command })).matchAll(/<li>(.*)\.<\/li>/g)].map(([, said]) => said)
    expect(said('deploy')).toEqual([
      '<b>deploy</b> fails more on <b>1.3.0</b>: 52% of its runs, 9% on other versions',
    ])
    expect(said('build')).toEqual([])
  })

  test('of one command it says what the chart shows, and the answer is bold', () => {
    expect(doctor).toContain('>Installations that ran doctor, per week</h2>')
    expect(doctor).toContain('<b>No.</b> doctor was used by 40 of 40 installations')
    expect(pageOf(viewFor(quarter, { command: 'check' }))).toContain('>Runs of check, per week</h2>')
  })

  test('a version that only one installation has is neither the newest nor in the chart', () => {
    const page = pageOf(viewFor([...fleet, use(3, { version: '99.0.0', installation: 'stranger' })]))
    expect(page).toContain('On the newest, 1.3.0')
    expect(/<g class="markers">.*?<\/g>/.exec(page)![0]).not.toContain('99.0.0')
  })
})

describe('as a card', () => {
  test.each(['light', 'dark'] as const)(
    'the %s one is an SVG with dates and a scale that loads and runs nothing',
    scheme => {
      const svg = cardOf(viewFor(fleet, {}, 'trix & <b>'), scheme)
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /)
      expect(svg).toContain('40 installations used it in the last 7 days')
      expect(svg).toContain('trix &amp; &lt;b&gt;')
      expect(svg).not.toMatch(/<b>|<script|<image|<style|href|url\(|NaN/)
      const texts = [...svg.matchAll(/font-size="(\d+)"[^>]*>([^<]*)</g)]
      expect(texts.map(([, , text]) => text)).toEqual(
        expect.arrayContaining(['14 Nov', '0', '40', 'installations per week']),
      )
      // At a width of 400 pixels the smallest letters have 12.
      for (const [, size] of texts) expect((Number(size) * 400) / 640).toBeGreaterThanOrEqual(12)
    },
  )
})

/** A user who has run these commands with TRIX_TELEMETRY=local. */
async function makeUser(...commands: string[]): Promise<World> {
  const world = makeWorld({ TRIX_TELEMETRY: 'local', LANG: 'C.UTF-8' })
  for (const command of commands) await world.tool([command])
  return world
}

describe('telemetry report', () => {
  test('shows what this person has run, and changes no file', async () => {
    const world = await makeUser('build', 'build', 'check')
    const before = world.files()
    const { status, stdout, stderr } = await world.tool(['telemetry', 'report'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^trix\ntoday, which is not over/)
    expect(stdout).toMatch(/^build +2$/m)
    expect(stdout).toMatch(/^check +1$/m)
    expect(world.files()).toEqual(before)
  })

  test('adds up what is sent and what is counted for the user alone', async () => {
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: await closedEndpoint() })
    for (const TRIX_TELEMETRY of ['local', 'on']) await world.tool(['build'], { TRIX_TELEMETRY })
    const { stdout } = await world.tool(['telemetry', 'report', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ runs: 2, commands: [{ name: 'build', runs: 2 }] })
  })

  test('writes a page, and never over another file', async () => {
    const world = await makeUser('build')
    const first = await world.tool(['telemetry', 'report', '--html', '--days', '365'])
    expect(first).toMatchObject({ status: 0, stdout: '' })
    expect(first.stderr).toMatch(/^trix, .*: written to trix-usage\.html\n$/)
    expect(readFileSync(join(world.cwd, 'trix-usage.html'), 'utf8')).toContain('>build</span>')
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

  test('writes cards under the name that is given', async () => {
    const world = await makeUser('build')
    const { status, stdout } = await world.tool(['telemetry', 'report', '--card', 'mine.svg'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('srcset="mine-dark.svg"')])
    expect(readFileSync(join(world.cwd, 'mine.svg'), 'utf8')).toContain('1 run in one day.')
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
