import { existsSync } from 'node:fs'
import { CHROMIUM } from './browser.ts'

/** Without a browser there is nothing to be tested, which is no success. */
export default function setup(): void {
  if (existsSync(CHROMIUM)) return
  console.error(
    `${CHROMIUM} is not there: install the Debian package chromium, or say where one is with CHROMIUM=/path/to/chromium`,
  )
  process.exit(1)
}
