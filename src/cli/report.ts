import { spawn } from 'node:child_process'
import { pageOf } from '../report/page.ts'
import { takesUnicode, usageText } from '../report/text.ts'
import { DEFAULT_DAYS, isoDay, type Summary, summarise, type Use } from '../report/usage.ts'
import { type Inspection, inspect } from './inspect.ts'
import { count, label } from './label.ts'
import type { Context, Values } from './run.ts'
import { writeWhole } from './write-whole.ts'

/** `report`: the user's own counts, to look at. Reads what lies on this disk, sends nothing. Returns the exit code. */
export function reportUsage(
  { tool, env, stdout, stderr }: Context,
  values: Values,
  [file = `${tool.options.name}-usage.html`]: string[],
): number {
  const { name, metricName } = tool.options
  const { days = String(DEFAULT_DAYS), command, json, html, open, force = false } = values
  const complain = (sentence: string, code: number) => {
    stderr.write(`${name} telemetry report: ${sentence}\n`)
    return code
  }
  if (!/^[1-9]\d{0,3}$/.test(`${days}`)) return complain(`--days ${days}: expected 1 to 9999`, 2)
  const inspection = inspect(tool, env)
  if (inspection.problems.length) return complain(inspection.problems.join('; '), 1)

  const uses = usesOf(inspection, metricName).filter(use => command === undefined || use.name === command)
  const summary = summarise(uses, Date.now(), Number(days))
  const title = titleOf(`${name}${command === undefined ? '' : ` ${command}`}`, summary)
  if (html) {
    try {
      writeWhole(file, pageOf(title, summary), Boolean(force))
    } catch (error) {
      return complain(`${file}: ${(error as Error).message}`, 1)
    }
    stderr.write(`${title}: written to ${file}\n`)
    if (open) openFile(file)
  } else if (json) stdout.write(`${JSON.stringify(plain(summary), null, 2)}\n`)
  else if (uses.length) {
    const canvas = { columns: stdout.columns ?? 80, unicode: takesUnicode(env) }
    stdout.write(usageText(title, summary, canvas))
  }
  if (!uses.length && !json) stderr.write(whyNothing(inspection, command))
  return 0
}

function usesOf({ streams }: Inspection, metricName?: string): Use[] {
  return streams.flatMap(({ version, series }) =>
    series.flatMap(({ series, times }) => {
      const name = label(series, metricName)
      const event = series.metric !== (metricName ?? 'command_invocation')
      return times.map(time => ({ time, count: 1, name, version, event }))
    }),
  )
}

/** Nothing to see has a reason, and the person who looks can change it. */
function whyNothing({ decision, facts }: Inspection, command: Values[string]): string {
  if (command !== undefined) return `${command} has not been counted.\n`
  return (
    `Nothing has been counted yet: telemetry is ${decision.mode} (${decision.reason}).\n` +
    `${facts.prefix}_TELEMETRY=local counts for you alone, and sends nothing.\n`
  )
}

/** In whatever shows pages here. Where nothing does, the file is there all the same, and its name was said. */
function openFile(file: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  spawn(opener, [file], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}

function titleOf(subject: string, { total, commands, days }: Summary): string {
  return `${subject}: ${count(total, 'invocation')} of ${count(commands.length, 'command')} in the last ${count(days.length, 'day')}`
}

/** For programs: days by their date, times as RFC 3339 has them. */
function plain({ days, commands, versions, events, first, last, ...rest }: Summary) {
  const iso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString())
  const shares = (list: Summary['commands']) =>
    list.map(({ last, ...share }) => ({ ...share, last: iso(last) }))
  return {
    ...rest,
    ...{ commands: shares(commands), versions: shares(versions), events: shares(events) },
    days: days.map(({ start, count }) => ({ day: isoDay(start), count })),
    ...{ first: iso(first), last: iso(last) },
  }
}
