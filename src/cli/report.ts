import { environmentPrefix } from '../core/decide/environment.ts'
import type { Fold } from '../helper/fold.ts'
import { flagsProblem, show } from '../report/show.ts'
import type { Use } from '../report/use.ts'
import type { Context, Values } from './context.ts'
import { type Inspection, inspect } from './inspect.ts'
import { label } from './label.ts'
import { seriesIn, storedLogs } from './logs.ts'
import { sentences } from './print.ts'
import { Stop } from './stop.ts'

/**
 * `report`: the user's own counts, those that are sent and those that are counted for this user alone. Reads this disk,
 * sends nothing. Returns the exit code.
 */
export function reportUsage(context: Context, values: Values, [page]: string[]): number {
  const { tool, stderr } = context
  const { name } = tool.options
  const problem = flagsProblem(values)
  if (problem) throw new Stop(problem, 2)
  const inspection = inspect(context)
  if (inspection.unreadable) throw new Stop(inspection.unreadable)
  const uses = usesOf(inspection)
  show({ subject: name, source: 'the counts on this computer', page, uses }, values, context)
  if (!uses.length && !values.json) stderr.write(sentences(stderr, ...whyNothing(inspection, name)))
  return 0
}

const MINUTE_MS = 60_000

/** Marks of one minute and one series are one use: a log may hold millions. */
function usesOf({ folders, logs }: Inspection): Use[] {
  const uses = new Map<string, Use>()
  const byPath = new Map(logs.map(log => [log.path, log]))
  if (folders)
    storedLogs(folders.stateFolder, [], ({ series, ms }, path) => {
      const log = byPath.get(path)
      if (!log) return
      const key = `${path} ${series} ${Math.floor(ms / MINUTE_MS)}`
      const use = uses.get(key)
      if (use) use.count++
      else {
        const one = seriesIn(series, log.fold)
        const { command_name: command, agent } = one.attributes
        const what =
          one.kind === 'event'
            ? { name: label(one) }
            : { name: `${command}`, ...(agent !== undefined && { agent: `${agent}` }) }
        uses.set(key, {
          ...{ ...what, kind: one.kind, time: ms, count: 1, version: log.version },
          ...environmentIn(log.fold),
        })
      }
    })
  return [...uses.values()]
}

/** Where it was counted, with `environment: true`. */
function environmentIn({ head }: Fold): Pick<Use, 'os' | 'arch' | 'runtime'> {
  const {
    'os.type': os,
    'host.arch': arch,
    'process.runtime.name': name,
    'process.runtime.version': major,
  } = head?.resource ?? {}
  return {
    ...(os !== undefined && { os: `${os}` }),
    ...(arch !== undefined && { arch: `${arch}` }),
    ...(name !== undefined && { runtime: `${name} ${major ?? ''}`.trim() }),
  }
}

/** Nothing to see has a reason, and the person who looks can change it. */
function whyNothing({ decision }: Inspection, name: string): string[] {
  return [
    `Nothing has been counted yet: telemetry is ${decision.mode} (${decision.reason}).`,
    `${environmentPrefix(name)}_TELEMETRY=local counts for you alone, and sends nothing.`,
  ]
}
