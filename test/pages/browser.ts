import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'

export const CHROMIUM: string = process.env.CHROMIUM ?? '/usr/bin/chromium'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A page that was opened, and all that it did which a page can do wrong. */
export interface Opened {
  page: Page
  /** The address of every request. */
  requests: string[]
  /** Errors on its console, uncaught ones and what its policy has refused. */
  errors: string[]
}

/** How people look at pages. */
export const looks: [string, BrowserContextOptions][] = [
  ['a light desktop', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['a dark desktop', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['a light phone', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
  ['a dark phone', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
  [
    'a desktop of high contrast',
    { contrast: 'more', forcedColors: 'active', viewport: { width: 1280, height: 900 } },
  ],
]

/** A browser for all tests of a file. What it returns opens a page in it, which is closed with the test. */
export function useBrowser(
  args: readonly string[] = [],
): (url: string, options?: BrowserContextOptions) => Promise<Opened> {
  let browser: Browser
  beforeAll(async () => {
    // The sandbox needs what a container has not, and the pages are ours.
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...args] })
  })
  afterAll(() => browser.close())
  return async (url, options = {}) => {
    const context = await browser.newContext(options)
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const opened: Opened = { page, requests: [], errors: [] }
    page.on('request', request => opened.requests.push(request.url()))
    page.on('pageerror', error => opened.errors.push(error.message))
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') opened.errors.push(message.text())
    })
    await page.goto(url)
    return opened
  }
}

/** What axe finds, each with where; empty where there is nothing to mend. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // By the debugger's way into the page: its policy, rightly, lets nothing in by another.
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations
  })
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Nothing is to be reached by scrolling sideways, but inside of what scrolls by itself. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  expect(content).toBeLessThanOrEqual(window!)
}

/** The ids of what Tab comes to, one after the other, and whether each can be seen to have the focus. */
export async function tabStops(page: Page): Promise<{ id: string; outlined: boolean }[]> {
  const stops: { id: string; outlined: boolean }[] = []
  for (let press = 0; press < 20; press++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(() => {
      const { activeElement: element } = document
      if (!element || element === document.body) return undefined
      return { id: element.id, outlined: getComputedStyle(element).outlineStyle !== 'none' }
    })
    if (!stop || stops.some(({ id }) => id === stop.id)) break
    stops.push(stop)
  }
  return stops
}
