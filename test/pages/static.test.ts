import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { bodyOf, hostileBodies } from '../bodies.ts'
import { BIN } from '../paths.ts'
import { makeWorld, runProcess, type World } from '../world.ts'
import { accessibilityProblems, expectNoOverflow, looks, useBrowser } from './browser.ts'

const DAY = 86_400_000
const open = useBrowser()

/** The page of a person who has run two commands. */
async function ownPage(world: World): Promise<string> {
  for (const command of ['build', 'test', 'build']) await world.tool([command], { TRIX_TELEMETRY: 'local' })
  await world.tool(['telemetry', 'report', '--html', 'page.html'])
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

const withAttributes = (body: object, before: string, attributes: Record<string, string>): object =>
  JSON.parse(
    JSON.stringify(body).replace(
      `{"key":"${before}"`,
      `${Object.entries(attributes)
        .map(([key, stringValue]) => `${JSON.stringify({ key, value: { stringValue } })},`)
        .join('')}{"key":"${before}"`,
    ),
  )

/** So many installations and commands over five months, with failures, agents, versions and runtimes. */
function aFleet(installations = 40, commands = 8): object[] {
  const all = Math.max(1500, 3 * installations)
  return Array.from({ length: all }, (_, index) => {
    const [who, daysAgo] = [(index * 7) % installations, Math.floor((index * 150) / all)]
    const body = bodyOf({
      ...{ who: `${who}`.padStart(64, '0'), delta: true, time: Date.now() - daysAgo * DAY },
      command: commands > 1 ? `command ${Math.floor(commands * ((index * 0.618) % 1) ** 2)}` : 'build',
      version: daysAgo < 30 - (who % 20) ? '1.3.0' : daysAgo < 90 ? '1.2.0' : '1.1.0',
      metric: index % 17 ? 'command_invocation' : 'command_failure',
    })
    const agent = index % 3 ? body : withAttributes(body, 'command_name', { agent: 'claude-code' })
    return withAttributes(agent, 'service.name', {
      'os.type': who % 3 ? 'linux' : 'darwin',
      'process.runtime.name': 'nodejs',
      'process.runtime.version': who % 4 ? '22' : '20',
    })
  })
}

/** One that runs a command once a minute for three weeks. */
function aRobot(): object[] {
  return Array.from({ length: 21 }, (_, day) =>
    bodyOf({ who: 'robot', command: 'doctor', value: 1440, delta: true, time: Date.now() - (day + 1) * DAY }),
  )
}

const pages: [string, (world: World) => Promise<string>][] = [
  ['the page of one person', ownPage],
  ['the page of 40 installations and 8 commands', world => filePage(world, aFleet())],
  ['the page of 5,000 installations and 40 commands', world => filePage(world, aFleet(5000, 40))],
  ['the page of one installation and one command', world => filePage(world, aFleet(1, 1))],
  ['the page of a robot among others', world => filePage(world, [...aFleet(), ...aRobot()])],
  ['the page of one command', world => filePage(world, aFleet(), '--command', 'command 5')],
  ['the page of a file of hostile names', world => filePage(world, hostileBodies())],
  ['the page of an old file', world => filePage(world, [bodyOf({ time: Date.now() - 400 * DAY })])],
  ['the page of a first run', world => filePage(world, [bodyOf({ who: 'a' })])],
  ['the page to publish', world => filePage(world, aFleet(), '--public')],
  ['the page of a tool of a long name', world => filePage(world, [bodyOf({ tool: 'x'.repeat(100) })])],
  [
    'the page of a count as large as an integer can be',
    world =>
      filePage(world, [
        ...aFleet(),
        { ...bodyOf({ who: 'a', delta: true, value: 2 ** 62, time: Date.now() - DAY }) },
      ]),
  ],
]

describe.each(pages)('%s', (_, make) => {
  test('is readable for all, alone in the world and never too wide, however it is looked at', async () => {
    const url = await make(makeWorld())
    for (const [look, options] of looks) {
      const { page, requests, errors } = await open(url, options)
      expect([look, await accessibilityProblems(page)]).toEqual([look, []])
      await expectNoOverflow(page)
      expect(requests).toEqual([page.url()])
      expect(errors).toEqual([])
      expect(await page.title()).not.toContain('harmed')
      await page.context().close()
    }
  })

  test('says the same without scripts, and on paper', async () => {
    const url = await make(makeWorld())
    const text = async (javaScriptEnabled: boolean) => {
      const { page } = await open(url, { javaScriptEnabled })
      return page.locator('main').innerText()
    }
    const said = await text(true)
    expect(await text(false)).toBe(said)
    const { page } = await open(url)
    await page.emulateMedia({ media: 'print' })
    for (const number of await page.locator('dl:visible dd').allInnerTexts()) expect(said).toContain(number)
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-')
  })
})

const shownTiles = (page: Page) => page.locator('dl:visible').innerText()

test('the numbers of other days are one key away, without a script too', async () => {
  const url = await filePage(makeWorld(), aFleet())
  for (const javaScriptEnabled of [true, false]) {
    const { page } = await open(url, { javaScriptEnabled })
    expect(await shownTiles(page)).toContain('Runs, 30 days')
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowLeft')
    expect(await shownTiles(page)).toContain('Runs, 7 days')
    await page.getByText('12 weeks', { exact: true }).first().click()
    expect(await shownTiles(page)).toContain('Runs, 84 days')
    await page.getByText('all', { exact: true }).click()
    expect(await shownTiles(page)).toMatch(/Runs, 1\d\d days/)
    expect(await page.locator('.chart:visible').count()).toBe(1)
  }
})

test('the value of each week can be had by the pointer, by keys, and by a reader of screens', async () => {
  const { page } = await open(await filePage(makeWorld(), aFleet()))
  const plot = page.locator('.plot:visible')
  const rows = await page
    .locator('#chart tbody tr')
    .evaluateAll(rows => rows.map(row => [...row.children].map(cell => cell.textContent)))
  expect(rows).toHaveLength(12)
  const [, installations] = rows.at(-1)!
  const box = (await plot.boundingBox())!
  await page.mouse.move(box.x + box.width - 4, box.y + 60)
  expect(await page.locator('.plot:visible > div').innerText()).toContain(`Installations: ${installations}`)
  await page.mouse.move(5, 5)
  expect(await page.locator('.plot > div:visible').count()).toBe(0)
  await plot.focus()
  await page.keyboard.press('Home')
  const slider = page.getByRole('slider')
  expect(await slider.getAttribute('aria-valuetext')).toMatch(
    new RegExp(`^Week of ${rows[0]![0]}, Installations: ${rows[0]![1]}, Runs: `),
  )
  await page.keyboard.press('ArrowRight')
  expect(await slider.getAttribute('aria-valuenow')).toBe('1')
  await page.keyboard.press('Escape')
  expect(await page.locator('.plot > div:visible').count()).toBe(0)
})

test('who makes most of the runs is left out, and comes back by a box', async () => {
  const { page } = await open(await filePage(makeWorld(), [...aFleet(), ...aRobot()]))
  expect(await page.locator('.notice').innerText()).toMatch(
    /^One installation \(robot\) made 9\d% of all runs/,
  )
  const commands = () => page.locator('table.rows:visible tbody th').allInnerTexts()
  expect(await commands()).not.toContain('doctor')
  await page.getByLabel('Include it').check()
  expect(await commands()).toContain('doctor')
})

test('on a phone the chart is as wide as the page, its text as large as on a desktop, and the trends are there', async () => {
  const url = await filePage(makeWorld(), aFleet())
  const sizes = async (width: number) => {
    const { page } = await open(url, { viewport: { width, height: 740 } })
    const text = page.locator('.ticks:visible text').first()
    return {
      chart: Math.round((await page.locator('.figure:visible').boundingBox())!.width),
      text: await text.evaluate(element => getComputedStyle(element).fontSize),
      trends: await page.locator('.rows .spark:visible').count(),
    }
  }
  const [phone, desktop] = [await sizes(360), await sizes(1280)]
  expect([phone.chart, desktop.chart]).toEqual([328, 896])
  expect(phone.text).toBe(desktop.text)
  expect(phone.trends).toBe(8)
})

test('names of versions never touch, on a phone either', async () => {
  const released = aFleet(40, 2).map((body, index, all) => {
    const version = `1.${Math.floor((index * 25) / all.length)}.0-beta.1`
    return JSON.parse(JSON.stringify(body).replace(/1\.\d\.0/, version)) as object
  })
  const url = await filePage(makeWorld(), released)
  for (const width of [360, 1280]) {
    const { page } = await open(url, { viewport: { width, height: 740 } })
    const markers = page.locator('.markers:visible')
    const names = await markers.locator('text').evaluateAll(texts =>
      texts.map(text => {
        const { left, right, top, bottom } = text.getBoundingClientRect()
        return { left, right, top, bottom }
      }),
    )
    expect(await markers.locator('line').count()).toBe(6)
    expect(names.length).toBeGreaterThan(1)
    for (const [index, a] of names.entries())
      for (const b of names.slice(index + 1))
        expect(a.right <= b.left || b.right <= a.left || a.bottom - 2 <= b.top || b.bottom - 2 <= a.top).toBe(
          true,
        )
    expect(Math.max(...names.map(({ right }) => right))).toBeLessThanOrEqual(width)
  }
})

test('the answer for one command is on one screen', async () => {
  const { page } = await open(await filePage(makeWorld(), aFleet(), '--command', 'command 5'), {
    viewport: { width: 1280, height: 900 },
  })
  expect(await page.locator('.verdict').innerText()).toMatch(
    /^(No|Few would miss it)\. command 5 was used by \d+ of \d+ /,
  )
  const chart = (await page.locator('.plot').boundingBox())!
  expect(chart.y + chart.height).toBeLessThan(900)
})

test('a card is drawn, in its own colours', async () => {
  const world = makeWorld()
  const lines = aFleet().map(body => `${JSON.stringify(body)}\n`)
  writeFileSync(join(world.cwd, 'in.jsonl'), lines.join(''))
  const args = [BIN, 'report', 'in.jsonl', '--card']
  expect(await runProcess(process.execPath, args, world)).toMatchObject({ status: 0 })
  const { page } = await open(pathToFileURL(join(world.cwd, 'in-card.svg')).href)
  const texts = await page.locator('text').evaluateAll(texts =>
    texts.map(text => {
      const { x, width } = (text as unknown as SVGTextElement).getBBox()
      return [x >= 0 && x + width <= 640, text.textContent]
    }),
  )
  expect(texts.filter(([fits]) => !fits)).toEqual([])
  expect(texts.map(([, text]) => text).join(' ')).toMatch(/trix .* installations used it/)
})
