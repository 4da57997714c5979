import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { bodyOf, hostileBodies } from '../bodies.ts'
import { BIN } from '../listening.ts'
import { makeWorld, runProcess, type World } from '../world.ts'
import { accessibilityProblems, expectNoOverflow, looks, tabStops, useBrowser } from './browser.ts'

const DAY = 86_400_000
const open = useBrowser()

/** The page of a person who has used two commands for a year, every third day. */
async function ownPage(world: World): Promise<string> {
  await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
  await world.tool(['test'], { TRIX_TELEMETRY: 'local' })
  const tallies = join(world.state, 'tallies')
  const folder = join(tallies, readdirSync(tallies)[0]!, 'command_invocation')
  for (const name of readdirSync(folder)) {
    const times = Array.from({ length: 120 }, (_, index) => Date.now() - (120 - index) * 3 * DAY)
    writeFileSync(join(folder, name), times.map(time => `${time}\n`).join(''))
  }
  await world.tool(['telemetry', 'report', '--html', 'page.html', '--days', '365'])
  return pathToFileURL(join(world.cwd, 'page.html')).href
}

/** The page of a file. */
async function filePage(world: World, bodies: readonly object[]): Promise<string> {
  writeFileSync(join(world.cwd, 'in.jsonl'), bodies.map(body => `${JSON.stringify(body)}\n`).join(''))
  const args = [BIN, 'report', 'in.jsonl', '--html', 'page.html']
  const { status, stderr } = await runProcess(process.execPath, args, world)
  expect([status, stderr]).toEqual([0, expect.stringContaining('written to page.html')])
  return pathToFileURL(join(world.cwd, 'page.html')).href
}

/** Forty people, some of whom have moved to the next version. */
function aFleet(): object[] {
  return Array.from({ length: 1000 }, (_, index) => {
    const [who, daysAgo] = [index % 40, Math.floor(index / 12)]
    const command = [
      'build',
      'check',
      'db migrate',
      'a-command-of-a-name-as-long-as-it-may-be-which-is-sixty-four-ch',
    ][index % 4]!
    const version = daysAgo < 30 && who % 2 ? '0.20.0' : '0.19.3'
    const time = Date.now() - daysAgo * DAY
    return bodyOf({ who: String(who), command, version, value: index + 1, start: 1, time })
  })
}

const pages: [string, (world: World) => Promise<string>][] = [
  ['the page of one person', ownPage],
  ['the page of a file', world => filePage(world, aFleet())],
  ['the page of a file of hostile names', world => filePage(world, hostileBodies())],
  ['the page of a tool of a long name', world => filePage(world, [bodyOf({ tool: 'x'.repeat(100) })])],
]

describe.each(pages)('%s', (_, make) => {
  test.each(looks)('on %s: readable for all, alone in the world, never too wide', async (_, look) => {
    const { page, requests, errors } = await open(await make(makeWorld()), look)
    expect(await accessibilityProblems(page)).toEqual([])
    await expectNoOverflow(page)
    expect(requests).toEqual([page.url()])
    expect(errors).toEqual([])
    expect(await page.title()).not.toContain('harmed')
  })

  test('says the same without scripts, and on paper', async () => {
    const url = await make(makeWorld())
    const text = async (javaScriptEnabled: boolean) => {
      const { page } = await open(url, { javaScriptEnabled })
      return page.locator('body').innerText()
    }
    const said = await text(true)
    expect(said).toMatch(/^.+\n+\d+ invocations? of \d+ commands? /)
    expect(await text(false)).toBe(said)
    const { page } = await open(url)
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('body').innerText()).toBe(said)
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-')
  })
})

test('Tab comes to each chart that can be scrolled, it can be seen where, and an arrow scrolls it', async () => {
  const { page } = await open(await ownPage(makeWorld()), { viewport: { width: 360, height: 740 } })
  expect(await tabStops(page)).toEqual([{ id: 'days-grid', outlined: true }])
  const chart = page.locator('#days-grid')
  expect(await chart.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(true)
  await chart.focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => chart.evaluate(({ scrollLeft }) => scrollLeft)).toBeGreaterThan(0)
})

test('the page of a file has a chart of installations a day, and of each version in each week', async () => {
  const { page } = await open(await filePage(makeWorld(), aFleet()))
  expect(await page.locator('dl').innerText()).toMatch(/^Installations\s+40\s/)
  const row = page
    .getByRole('region', { name: 'Installations by version' })
    .locator('tr', { hasText: '0.20.0' })
  const numbers = (await row.locator('.said').allTextContents()).map(said => Number(said.split(': ')[1]))
  expect(numbers.slice(0, 5)).toEqual([0, 0, 0, 0, 0])
  expect(Math.max(...numbers)).toBe(20)
})
