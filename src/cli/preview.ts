import { meaning } from '../body/meaning.ts'
import { openBatch } from '../core/batch.ts'
import type { Body } from '../core/deliver/job.ts'
import { type Row, rowsText, textWidth, wrap } from '../core/rows.ts'
import { attributesProblem, COMMAND_METRIC, UNKNOWN } from '../core/vocabulary.ts'
import { bodyOf } from '../helper/body.ts'
import { type Context, called } from './context.ts'
import { type Inspection, inspect } from './inspect.ts'

/**
 * `preview`: the body that would be sent if the command were run now, on stdout, so that it can be piped into anything;
 * on stderr what would become of it, and a sentence on each field. Sends nothing, counts nothing, makes no file.
 */
export function preview({ tool, env, stdout, stderr }: Context, given?: string, raw = false): number {
  const { options } = tool
  const inspection = inspect(tool, env)
  const { facts, decision, endpoint, fingerprint } = inspection
  const problems = facts.problems()
  const complain = (problem: string) => void stderr.write(`${options.name} telemetry preview: ${problem}\n`)
  const problem =
    facts.denied ??
    problems[0] ??
    (facts.folders() ? undefined : 'there is no home folder: create it, or set HOME')
  if (problem) {
    complain(problem)
    return 1
  }
  const command = given ?? lastCommand(inspection, options.commands)
  const unfit = attributesProblem({ command_name: command })
  if (unfit) {
    complain(unfit)
    return 2
  }
  // As in log mode, where nothing is stored, whatever was decided.
  const now = Date.now()
  const batch = openBatch(facts, { ...decision, mode: 'log', explicit: true }, now)
  const counted = !options.commands || options.commands.includes(command) ? command : UNKNOWN
  batch.count({ metric: options.metricName ?? COMMAND_METRIC, attributes: { command_name: counted } }, now)
  const { text } = bodyOf(batch.job(now + 1, true)!, now, false) as Body
  if (raw) {
    stdout.write(`${text}\n`)
    return 0
  }
  const { url } = endpoint
  const fate =
    decision.mode === 'on'
      ? `this is sent to ${url}`
      : `nothing is sent (${decision.reason}). What would be sent otherwise${url ? `, to ${url}` : ''}`
  const width = textWidth(stderr.columns)
  stderr.write(`${wrap(`When "${options.name} ${command}" is run, ${fate}:`, width)}\n\n`)
  const body = JSON.parse(text)
  stdout.write(`${JSON.stringify(body, null, 2)}\n`)
  const rows = [...meaning(body), HEADER]
  stderr.write(`\n${rowsText(rows, width)}\n`)
  const notes = [
    ...(counted === command ? [] : [`"${command}" is not in the list of commands, so it is "${UNKNOWN}".`]),
    ...(fingerprint ? [] : ['Both ids are examples: they are made when they are first needed.']),
    `All that can ever be sent: ${called(tool, 'preview --all')}`,
  ]
  for (const note of notes) stderr.write(`\n${wrap(note, width)}\n`)
  return 0
}

/**
 * The command that was counted last, which is the one that a user has in mind; where there is none, an example. Not
 * `unknown`, as long as there is another.
 */
function lastCommand({ streams }: Inspection, commands?: readonly string[]): string {
  const counted = streams
    .filter(({ current }) => current)
    .flatMap(({ series }) => series)
    .map(({ series, times }) => ({ name: series.attributes.command_name, last: times.at(-1) ?? 0 }))
    .filter(({ name }) => typeof name === 'string' && (!commands || commands.includes(name)))
  const [latest] = counted.sort((a, b) => b.last - a.last)
  return String(latest?.name ?? (commands ? commands[0] : 'example') ?? UNKNOWN)
}

/** The one header that is made of what is stored, after the fields of the body. */
const HEADER: Row = [
  'otlp-tally-shard',
  'a header: the first four digits of user.fingerprint; if there are several servers, the same one always counts you',
]
