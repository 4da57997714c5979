import { spawn } from 'node:child_process'
import { writeWhole } from '../files/write-whole.ts'
import { cardOf } from './card.ts'
import { claimsOf } from './claims.ts'
import { pageOf } from './page.ts'
import { plain } from './plain.ts'
import { publicUses } from './public.ts'
import { takesUnicode, usageText } from './text.ts'
import { COMMANDS, scopeOf, type Told, type Words } from './told.ts'
import { DEFAULT_DAYS, summarise } from './usage.ts'
import type { Use } from './use.ts'

/** As they were given: `--days 7 --json`, or `--html`, `--open`, `--force`. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>

/** What is to be shown. */
export interface Report {
  /** Whose use it is. */
  subject: string
  /** The command or metric that was asked for; empty for all commands. */
  detail?: string
  uses: readonly Use[]
  /** What the numbers are made of, in words. */
  source: string
  /** Where the page or card goes, if that was said. */
  page?: string | undefined
  /** What a file is called otherwise, before `-usage.html`. Default `subject`. */
  base?: string
  words?: Words
}

interface Output {
  write(text: string): unknown
  columns?: number
}

/** Where it is shown. */
export interface Surroundings {
  stdout: Output
  stderr: Output
  env: Readonly<Record<string, string | undefined>>
}

/** What is wrong with the flags; undefined where nothing is. */
export function flagsProblem({ days = String(DEFAULT_DAYS), html, card, json }: Flags): string | undefined {
  if (!/^[1-9]\d{0,3}$/.test(`${days}`)) return `--days ${days}: expected 1 to 9999`
  const forms = Object.entries({ html, card, json }).filter(([, given]) => given)
  if (forms.length > 1) return `expected only one of ${forms.map(([form]) => `--${form}`).join(', ')}`
  return undefined
}

/** As text, as JSON, as a page or as a card. Throws an `Error` with a sentence if it cannot be shown or written. */
export function show(report: Report, flags: Flags, { stdout, stderr, env }: Surroundings): void {
  const now = Date.now()
  const told = tell(report, flags, now)
  const { subject, base = report.subject, page } = report
  const title = `${told.subject}: ${told.scope}`
  const force = Boolean(flags.force)
  if (flags.html) {
    const file = page ?? `${base}-usage.html`
    write(file, pageOf(told), force)
    stderr.write(`${title}: written to ${file}\n`)
    if (flags.open) openFile(file)
  } else if (flags.card) {
    const light = page ?? `${base}-card.svg`
    const dark = light.replace(/(\.svg)?$/, '-dark.svg')
    write(light, cardOf(told, 'light'), force)
    write(dark, cardOf(told, 'dark'), force)
    stderr.write(`${title}: written to ${light} and ${dark}\n`)
    stdout.write(pictureOf(light, dark, `How ${subject} is used`))
  } else if (flags.json) stdout.write(`${JSON.stringify(plain(told), null, 2)}\n`)
  else if (report.uses.length) {
    const canvas = { columns: stdout.columns || 80, unicode: takesUnicode(env) }
    stdout.write(usageText(told, canvas))
  }
}

/** What there is to say, at that time. */
export function tell(report: Report, flags: Flags, now: number): Told {
  const { subject, detail = '', source, words = COMMANDS } = report
  const days = Number(flags.days ?? DEFAULT_DAYS)
  const uses = flags.public ? publicUses(report.uses, now, days) : report.uses
  if (typeof uses === 'string') throw new Error(uses)
  const summary = summarise(uses, now, days)
  // What agents make of one command may be the work of a single installation.
  if (flags.public) summary.agents?.shares.clear()
  return {
    subject: `${subject} ${detail}`.trim(),
    ...{ scope: scopeOf(summary, words), summary, words, source },
    claims: words === COMMANDS ? claimsOf(summary, uses, now) : [],
    ...(flags.public && { daysOnly: true, source: `${source}, without installations` }),
  }
}

function write(file: string, text: string, force: boolean): void {
  try {
    writeWhole(file, text, force)
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`)
  }
}

/** In whatever shows pages here. Where nothing does, the file is there all the same, and its name was said. */
function openFile(file: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  spawn(opener, [file], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

/** For a README: GitHub picks by the reader's scheme. */
function pictureOf(light: string, dark: string, alt: string): string {
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="${encodeURI(dark)}">
  <img alt="${alt.replace(/[&<>"]/g, '')}" src="${encodeURI(light)}">
</picture>
`
}
