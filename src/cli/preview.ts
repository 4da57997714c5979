import { meaning } from '../body/meaning.ts'
import { openBatch } from '../core/encode/request.ts'
import { type Row, rowsText, textWidth, wrap } from '../core/rows.ts'
import { attributesProblem, COMMAND_METRIC } from '../core/vocabulary.ts'
import { type Inspection, inspect } from './inspect.ts'
import type { Context } from './run.ts'

/**
 * `preview`: the body that would be sent if the command were run now, on stdout, so that it can be piped into anything;
 * on stderr what would become of it, and a sentence a field. Sends nothing, counts nothing, makes no file.
 */
export function preview({ tool, env, stdout, stderr }: Context, given?: string): number {
  const { options } = tool
  const inspection = inspect(tool, env)
  const { facts, decision, endpoint, fingerprint } = inspection
  const problems = facts.problems()
  const command = given ?? lastCommand(inspection)
  const problem = problems[0] ?? attributesProblem({ command_name: command })
  if (problem) {
    stderr.write(`${options.name} telemetry preview: ${problem}\n`)
    return problems.length ? 1 : 2
  }
  // As in log mode, where nothing is stored, whatever was decided.
  const now = Date.now()
  const batch = openBatch(facts, { ...decision, mode: 'log', explicit: true }, now)
  const metric = options.metricName ?? COMMAND_METRIC
  batch.count({ metric, attributes: { command_name: command } }, now)
  const body = JSON.parse(batch.request(now + 1, true)!.body)

  const { url } = endpoint
  const fate =
    decision.mode === 'on'
      ? `this is sent to ${url}`
      : `nothing is sent (${decision.reason}). What would be sent otherwise${url ? `, to ${url}` : ''}`
  const width = textWidth(stderr.columns)
  stderr.write(`${wrap(`When "${options.name} ${command}" is run, ${fate}:`, width)}\n\n`)
  stdout.write(`${JSON.stringify(body, null, 2)}\n`)
  stderr.write(`\n${rowsText([...meaning(body), HEADER], width)}\n`)
  if (!fingerprint)
    stderr.write(`\n${wrap('Both ids are examples: they are made when they are first needed.', width)}\n`)
  return 0
}

/** The command that was counted last, which is the one that a user has in mind; where there is none, an example. */
function lastCommand({ streams }: Inspection): string {
  const [current] = streams.filter(({ current }) => current)
  const commands = (current?.series ?? []).filter(({ series }) => 'command_name' in series.attributes)
  const last = commands.sort((a, b) => (b.times.at(-1) ?? 0) - (a.times.at(-1) ?? 0))[0]
  return String(last?.series.attributes.command_name ?? 'example')
}

/** The one header that is made of what is stored, after the fields of the body. */
const HEADER: Row = [
  'otlp-tally-shard',
  'a header: the first four digits of user.fingerprint, so that of several servers always the same one counts you',
]
