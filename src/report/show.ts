import { spawn } from 'node:child_process'
import { writeWhole } from '../files/write-whole.ts'
import { count } from '../terminal/count.ts'
import { pageOf } from './page.ts'
import { takesUnicode, usageText } from './text.ts'
import { DEFAULT_DAYS, isoDay, type Summary, summarise, type Use } from './usage.ts'

/** As they were given: `--days 7 --json`, or `--html`, `--open`, `--force`. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>

/** What is to be shown. */
export interface Report {
  /** Whose use it is. */
  subject: string
  uses: readonly Use[]
  /** What the numbers are made of, in words. */
  source: string
  /** Where the page goes. */
  file: string
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
export function flagsProblem({ days = String(DEFAULT_DAYS) }: Flags): string | undefined {
  return /^[1-9]\d{0,3}$/.test(`${days}`) ? undefined : `--days ${days}: expected 1 to 9999`
}

/** As text, as JSON or as a page. Throws an `Error` with a sentence where the page cannot be written. */
export function show(
  { subject, uses, source, file }: Report,
  flags: Flags,
  { stdout, stderr, env }: Surroundings,
): void {
  const summary = summarise(uses, Date.now(), Number(flags.days ?? DEFAULT_DAYS))
  const title = titleOf(subject, summary)
  if (flags.html) {
    try {
      writeWhole(file, pageOf(title, summary, source), Boolean(flags.force))
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`)
    }
    stderr.write(`${title}: written to ${file}\n`)
    if (flags.open) openFile(file)
  } else if (flags.json) stdout.write(`${JSON.stringify(plain(summary), null, 2)}\n`)
  else if (uses.length) {
    const canvas = { columns: stdout.columns ?? 80, unicode: takesUnicode(env) }
    stdout.write(usageText(title, summary, canvas))
  }
}

/** In whatever shows pages here. Where nothing does, the file is there all the same, and its name was said. */
function openFile(file: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  spawn(opener, [file], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

function titleOf(subject: string, { total, commands, days, installations }: Summary): string {
  const who = installations ? ` by ${count(installations.total, 'installation')}` : ''
  return `${subject}: ${count(total, 'invocation')} of ${count(commands.length, 'command')}${who} in the last ${count(days.length, 'day')}`
}

/** For programs: days by their date, times as RFC 3339 has them. */
function plain({ days, commands, versions, events, first, last, installations, ...rest }: Summary) {
  const iso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString())
  const shares = (list: Summary['commands']) =>
    list.map(({ last, ...share }) => ({ ...share, last: iso(last) }))
  const dated = (list: Summary['days']) => list.map(({ start, count }) => ({ day: isoDay(start), count }))
  return {
    ...rest,
    ...{ commands: shares(commands), versions: shares(versions), events: shares(events) },
    days: dated(days),
    ...{ first: iso(first), last: iso(last) },
    ...(installations && {
      installations: {
        ...installations,
        days: dated(installations.days),
        versions: installations.versions.map(({ weeks, ...version }) => ({
          ...version,
          weeks: dated(weeks),
        })),
      },
    }),
  }
}
