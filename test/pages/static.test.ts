import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { bodyOf, hostileBodies } from '../bodies.ts'
import { BIN } from '../listening.ts'
import { makeWorld, runProcess, type World } from '../world.ts'
import { accessibilityProblems, expectNoOverflow, looks, useBrowser } from './browser.ts'

const DAY = 86_400_000
const open = useBrowser()

/** The page of a person who has used two commands for a year, every third day. */
async function ownPage(world: World): Promise<string> {
  await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
  await world.tool(['test'], { TRIX_TELEMETRY: 'local' })
  const tallies = join(world.state, 'local')
  const folder = join(tallies, readdirSync(tallies)[0]!, 'command_invocation')
  for (const name of readdirSync(folder)) {
    const times = Array.from({ length: 120 }, (_, index) => Date.now() - (120 - index) * 3 * DAY)
    writeFileSync(join(folder, name), times.map(time => `${time}\n`).join(''))
  }
  await world.tool(['telemetry', 'report', '--html', 'page.html', '--days', '365'])
  return pathToFileURL(join(world.cwd, 'page.html')).href
}

/** The page of a file. */
async function filePage(world: World, bodies: readonly object[], ...more: string[]): Promise<string> {
  writeFileSync(join(world.cwd, 'in.jsonl'), bodies.map(body => `${JSON.stringify(body)}\n`).join(''))
  const args = [BIN, 'report', 'in.jsonl', '--html', 'page.html', ...more]
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

/** Forty commands of twelve versions, some of which failed, and some of which an agent ran. */
function forty(): object[] {
  return Array.from({ length: 1200 }, (_, index) => {
    const metric = index % 17 ? 'command_invocation' : 'command_failure'
    const time = Date.now() - Math.floor(index / 12) * DAY
    const version = `1.${index % 12}.0`
    const body = bodyOf({
      who: `${index % 50}`,
      metric,
      version,
      command: `command ${index % 40}`,
      time,
      delta: true,
    })
    if (index % 3) return body
    const agent = '{"key":"agent","value":{"stringValue":"claude-code"}},{"key":"command_name"'
    return JSON.parse(JSON.stringify(body).replace('{"key":"command_name"', agent))
  })
}

const pages: [string, (world: World) => Promise<string>][] = [
  ['the page of one person', ownPage],
  ['the page of a file', world => filePage(world, aFleet())],
  ['the page of a file of hostile names', world => filePage(world, hostileBodies())],
  ['the page of nothing', world => filePage(world, [bodyOf({ time: Date.now() - 400 * DAY })])],
  ['the page of one command', world => filePage(world, [bodyOf({ who: 'a' })])],
  ['the page of forty commands, failures and agents', world => filePage(world, forty())],
  ['the page to publish', world => filePage(world, aFleet(), '--public')],
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
    expect(said).toMatch(/^.+\n[\s\S]*\d+ runs? of \d+ commands? |Nothing was counted/)
    expect(await text(false)).toBe(said)
    const { page } = await open(url)
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('body').innerText()).toBe(said)
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-')
  })
})

test('Tab comes to the numbers of each chart, and they unfold by a key', async () => {
  const { page } = await open(await filePage(makeWorld(), aFleet()), {
    viewport: { width: 360, height: 740 },
  })
  const summaries = page.locator('summary')
  expect(await summaries.allInnerTexts()).toEqual([
    'Runs per day as a table',
    'Installations per day as a table',
    'Versions: installations per week as a table',
  ])
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement!.textContent)).toBe('Runs per day as a table')
  await page.keyboard.press('Enter')
  expect(await page.locator('.data').first().locator('tbody tr').count()).toBe(84)
  expect(await accessibilityProblems(page)).toEqual([])
  await expectNoOverflow(page)
})

test('on a phone every chart is as wide as the page, and its text as large as on a desktop', async () => {
  const url = await filePage(makeWorld(), aFleet())
  const sizes = async (width: number) => {
    const { page } = await open(url, { viewport: { width, height: 740 } })
    const charts = await page.locator('svg.chart').all()
    const boxes = await Promise.all(charts.map(async chart => Math.round((await chart.boundingBox())!.width)))
    const text = await page
      .locator('.ticks text')
      .first()
      .evaluate(element => getComputedStyle(element).fontSize)
    return { boxes, text, trends: await page.locator('.spark:visible').count() }
  }
  const [phone, desktop] = [await sizes(360), await sizes(1280)]
  expect(phone.boxes).toEqual(Array(3).fill(328))
  expect(desktop.boxes).toEqual(Array(3).fill(896))
  expect(phone.text).toBe(desktop.text)
  expect(phone.trends).toBe(4)
})

test('each version has a layer of its own, which can be read as a number too', async () => {
  const { page } = await open(await filePage(makeWorld(), aFleet()))
  expect(await page.locator('dl').innerText()).toMatch(/^Installations\s+40\s/)
  const versions = page.getByRole('region', { name: 'Versions: installations per week', exact: true }).first()
  expect(await versions.locator('.area').count()).toBe(2)
  expect((await versions.locator('.legend li').allInnerTexts()).map(text => text.trim())).toEqual([
    expect.stringMatching(/^0\.20\.0 20 in the last week$/),
    expect.stringMatching(/^0\.19\.3 20 in the last week$/),
  ])
  await versions.locator('summary').click()
  const rows = await versions.locator('tbody tr').allInnerTexts()
  expect(rows).toHaveLength(12)
  expect(rows[0]).toMatch(/\t0\t40$/)
  expect(rows.at(-1)).toMatch(/\t20\t20$/)
})

test('a card is drawn, in its own colours', async () => {
  const world = makeWorld()
  writeFileSync(
    join(world.cwd, 'in.jsonl'),
    aFleet()
      .map(body => `${JSON.stringify(body)}\n`)
      .join(''),
  )
  const args = [BIN, 'report', 'in.jsonl', '--card', '--public']
  expect(await runProcess(process.execPath, args, world)).toMatchObject({ status: 0 })
  const { page } = await open(pathToFileURL(join(world.cwd, 'in-card.svg')).href)
  const texts = await page.locator('text').evaluateAll(texts =>
    texts.map(text => {
      const { x, width } = (text as unknown as SVGTextElement).getBBox()
      return [x >= 0 && x + width <= 640, text.textContent]
    }),
  )
  expect(texts.filter(([fits]) => !fits)).toEqual([])
  expect(texts.map(([, text]) => text).join(' ')).toMatch(/trix .* of all use/)
})
