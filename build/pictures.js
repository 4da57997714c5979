// `npm run pictures`: makes docs/pictures/ from the real commands, in Chromium (the Debian package, or CHROMIUM).
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { frame } from './pictures/frame.js'
import { listenScene, reportScene, shown } from './pictures/scenes.js'

const folder = join(import.meta.dirname, '../docs/pictures')
const schemes = ['light', 'dark']
mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})

/** Opens something, and takes a picture of the window. */
async function shoot(open, { scheme, width, height, name, scale = 1.5 }) {
  const options = {
    colorScheme: scheme,
    viewport: { width, height },
    deviceScaleFactor: scale,
    reducedMotion: 'reduce',
  }
  const context = await browser.newContext(options)
  const page = await context.newPage()
  await open(page)
  const picture = await page.screenshot(name ? { path: join(folder, name) } : {})
  await context.close()
  return picture
}

try {
  const { terminal, url, end } = await listenScene()
  for (const scheme of schemes) {
    const live = async page => {
      await page.goto(url)
      await page.waitForFunction(() => document.getElementById('state').textContent === 'Live')
    }
    await shoot(live, { scheme, width: 1080, height: 760, name: `listen-${scheme}.png` })
    const picture = await shoot(live, { scheme, width: 466, height: 563, scale: 2 })
    await shoot(page => page.setContent(frame({ terminal, picture, scheme })), {
      ...{ scheme, width: 940, height: 624, name: `hero-${scheme}.png` },
    })
  }
  end()
  const { page: html, light, dark } = await reportScene()
  for (const scheme of schemes)
    await shoot(page => page.setContent(html), {
      scheme,
      width: 960,
      height: 900,
      name: `report-${scheme}.png`,
    })
  writeFileSync(join(folder, 'card-light.svg'), light)
  writeFileSync(join(folder, 'card-dark.svg'), dark)
  writeFileSync(join(folder, 'shows.json'), `${JSON.stringify(await shown(), null, 2)}\n`)
} finally {
  await browser.close()
}
