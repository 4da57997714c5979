import { flagsProblem, show } from '../report/show.ts'
import type { Use } from '../report/use.ts'
import type { Context, Values } from './context.ts'
import { type Inspection, inspect } from './inspect.ts'
import { label } from './label.ts'

/**
 * `report`: the user's own counts, those that are sent and those that are counted for this user alone. Reads this disk,
 * sends nothing. Returns the exit code.
 */
export function reportUsage(context: Context, values: Values, [file]: string[]): number {
  const { tool, env, stderr } = context
  const { name, metricName } = tool.options
  const { command, json } = values
  const complain = (sentence: string, code: number) => {
    stderr.write(`${name} telemetry report: ${sentence}\n`)
    return code
  }
  const problem = flagsProblem(values)
  if (problem) return complain(problem, 2)
  const inspection = inspect(tool, env)
  if (inspection.problems.length) return complain(inspection.problems.join('; '), 1)

  const uses = usesOf(inspection, metricName).filter(use => command === undefined || use.name === command)
  const report = {
    ...{ subject: name, detail: command === undefined ? '' : `${command}` },
    ...{ source: 'the counts on this computer', page: file },
  }
  try {
    show({ ...report, uses }, values, context)
  } catch (error) {
    return complain((error as Error).message, 1)
  }
  if (!uses.length && !json) stderr.write(whyNothing(inspection, command))
  return 0
}

function usesOf({ streams }: Inspection, metricName = 'command_invocation'): Use[] {
  return streams.flatMap(({ version, series }) =>
    series.flatMap(({ series, times }) => {
      const { command_name: command, agent } = series.attributes
      const kind: Use['kind'] = series.metric === metricName ? 'run' : 'failure'
      const what =
        command !== undefined && (kind === 'run' || series.metric === 'command_failure')
          ? { kind, name: String(command), ...(agent !== undefined && { agent: String(agent) }) }
          : { kind: 'event' as const, name: label(series, metricName) }
      return times.map((time): Use => ({ ...what, time, count: 1, version }))
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
