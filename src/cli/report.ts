import { environmentPrefix } from '../core/decide/environment.ts'
import type { Fold } from '../helper/fold.ts'
import { flagsProblem, show } from '../report/show.ts'
import type { Use } from '../report/use.ts'
import type { Context, Flags } from './context.ts'
import { type Inspection, inspect } from './inspect.ts'
import { seriesIn, storedLogs } from './logs.ts'
import { sentences } from './print.ts'
import { seriesLabel } from './series-label.ts'
import { Stop } from './stop.ts'

/** `report`: the counts on this computer, `local` ones too. Returns the exit code. */
export function reportUsage(context: Context, values: Flags, [page]: string[]): number {
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

/** The marks of a series within a minute are one use: a log may have millions of marks. */
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
            ? { name: seriesLabel(one) }
            : { name: `${command}`, ...(agent !== undefined && { agent: `${agent}` }) }
        uses.set(key, {
          ...{ ...what, kind: one.kind, time: ms, count: 1, version: log.version },
          ...environmentIn(log.fold),
        })
      }
    })
  return [...uses.values()]
}

/** What `environment: true` has recorded. */
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

/** Why there is nothing to show, and what to do. */
function whyNothing({ decision }: Inspection, name: string): string[] {
  return [
    `Nothing has been counted yet: telemetry is ${decision.mode} (${decision.reason}).`,
    `${environmentPrefix(name)}_TELEMETRY=local counts for you alone, and sends nothing.`,
  ]
}
