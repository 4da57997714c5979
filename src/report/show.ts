import { spawn } from 'node:child_process'
import { writeAtomically } from '../files/write-atomically.ts'
import { wantsColour } from '../terminal/colour.ts'
import { cardOf } from './card.ts'
import { hasUnicode } from './glyphs.ts'
import { pageOf } from './page.ts'
import { daysText } from './period.ts'
import { nothingJson, viewJson } from './report-json.ts'
import { viewText } from './text.ts'
import { type Report, viewOf, type Wanted } from './view.ts'

/** As `readArguments` returns them: `{ days: '7', json: true }`. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>

/** A report, and the file for a page or a card. */
export interface Shown extends Report {
  page?: string | undefined
  /** The beginning of the file's name if `page` is not given: `<base>-usage.html`. Default `subject`. */
  base?: string
}

interface Output {
  write(text: string): unknown
  columns?: number
  isTTY?: boolean | undefined
}

/** Where a report is shown. */
export interface Surroundings {
  stdout: Output
  stderr: Output
  env: Readonly<Record<string, string | undefined>>
}

/** What is wrong with the flags; undefined if nothing is. */
export function flagsProblem({ days = '30', html, card, json }: Flags): string | undefined {
  if (!/^[1-9]\d{0,3}$/.test(`${days}`)) return `--days ${days}: expected 1 to 9999`
  const forms = Object.entries({ html, card, json }).filter(([, given]) => given)
  if (forms.length > 1) return `expected only one of ${forms.map(([form]) => `--${form}`).join(', ')}`
  return undefined
}

/**
 * Shows a report as text, JSON, page or card. Without uses it prints no text: the caller says why there are none. Throws
 * an `Error` with a sentence if there is nothing to show or a file cannot be written.
 */
export function show(report: Shown, flags: Flags, { stdout, stderr, env }: Surroundings): void {
  if (!report.uses.length) {
    if (flags.html || flags.card) throw new Error('nothing is counted, so no file is written')
    if (flags.json) stdout.write(`${JSON.stringify(nothingJson(report), null, 2)}\n`)
    return
  }
  const view = viewOf(report, wantedOf(flags), Date.now())
  const { base = report.subject, page } = report
  const title = `${view.subject}, ${daysText(view.shown.summary.period)}`
  const force = Boolean(flags.force)
  if (flags.html) {
    const file = page ?? `${base}-usage.html`
    write(file, pageOf(view), force)
    stderr.write(`${title}: written to ${file}\n`)
    if (flags.open) openFile(file)
  } else if (flags.card) {
    const light = page ?? `${base}-card.svg`
    const dark = light.replace(/(\.svg)?$/, '-dark.svg')
    write(light, cardOf(view, 'light'), force)
    write(dark, cardOf(view, 'dark'), force)
    stderr.write(`${title}: written to ${light} and ${dark}\n`)
    stdout.write(pictureOf(light, dark, `How ${view.subject} is used`))
  } else if (flags.json) stdout.write(`${JSON.stringify(viewJson(view), null, 2)}\n`)
  else
    stdout.write(
      viewText(view, {
        columns: stdout.columns || 80,
        unicode: hasUnicode(env),
        colour: wantsColour(stdout, env),
      }),
    )
}

function wantedOf({ days, command, all, public: isPublic }: Flags): Wanted {
  return {
    ...{ days: days === undefined ? undefined : Number(days), all: Boolean(all), public: Boolean(isPublic) },
    command: command === undefined ? undefined : `${command}`,
  }
}

function write(file: string, text: string, force: boolean): void {
  try {
    writeAtomically(file, text, force)
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`)
  }
}

/** In the default browser. Fails silently without one: the file is written, and its name printed. */
function openFile(file: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  spawn(opener, [file], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

/** HTML for a README, with which GitHub shows the picture of the reader's colour scheme. */
function pictureOf(light: string, dark: string, alt: string): string {
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="${encodeURI(dark)}">
  <img alt="${alt.replace(/[&<>"]/g, '')}" src="${encodeURI(light)}">
</picture>
`
}
