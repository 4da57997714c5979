// `npm run pictures` makes docs/pictures/ with the built command. It needs Chromium (the Debian package, or CHROMIUM) and
// the typeface Inter (the Debian package fonts-inter).
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { reportScene, shown } from './pictures/scenes.js'

const folder = join(import.meta.dirname, '../docs/pictures')
mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})

try {
  const html = await reportScene()
  for (const colorScheme of ['light', 'dark']) {
    const viewport = { width: 960, height: 1200 }
    const page = await browser.newPage({
      colorScheme,
      viewport,
      deviceScaleFactor: 1.5,
      reducedMotion: 'reduce',
    })
    await page.setContent(html)
    if (!(await page.evaluate(() => document.fonts.check('16px Inter'))))
      throw new Error('the typeface Inter is not installed: apt-get install fonts-inter')
    // To the end of the table, so that no row is cut.
    const { y, height } = await page.locator('table.rows:visible').first().boundingBox()
    const clip = { x: 0, y: 0, width: viewport.width, height: Math.ceil(y + height) + 24 }
    await page.screenshot({ path: join(folder, `report-${colorScheme}.png`), clip, fullPage: true })
    await page.close()
  }
  writeFileSync(join(folder, 'shows.json'), `${JSON.stringify(await shown(), null, 2)}\n`)
} finally {
  await browser.close()
}
