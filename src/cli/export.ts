import { parseSeries } from '../core/log/record.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import { plural } from '../terminal/plural.ts'
import { printable, visible } from '../terminal/printable.ts'
import { type Context, commandText, type Flags } from './context.ts'
import { type Exported, exportOtlp } from './export-otlp.ts'
import { type Inspection, inspect } from './inspect.ts'
import { type StoredLog, seriesIn, storedLogs } from './logs.ts'
import { sentences } from './print.ts'
import { Stop } from './stop.ts'

type Format = (inspection: Inspection, name: string) => Exported

const formats: Record<string, Format> = { json, csv, otlp: exportOtlp }

/** `export`: all that is stored, in one of three formats. Returns the exit code. */
export function exportAll(context: Context, values: Flags): number {
  const { tool, stdout, stderr } = context
  const { format = 'json', output = '-', force = false } = values
  const { name } = tool.options
  const encode = Object.hasOwn(formats, `${format}`) ? formats[`${format}`] : undefined
  if (!encode)
    throw new Stop(`--format ${printable(`${format}`)}: expected ${Object.keys(formats).join(', ')}`, 2)
  const inspection = inspect(context)
  // Without the unreadable logs the export would look complete.
  if (inspection.unreadable) throw new Stop(inspection.unreadable)
  const { text, remark } = encode(inspection, name)
  if (remark) stderr.write(sentences(stderr, `${commandText(tool, 'export')}: ${remark}`))
  if (output === '-') {
    stdout.write(text)
    return 0
  }
  try {
    writeAtomically(`${output}`, text, Boolean(force))
  } catch (error) {
    throw new Stop(`${output}: ${(error as Error).message}`)
  }
  const total = inspection.logs.reduce((sum, { fold }) => sum + fold.total, 0)
  stderr.write(sentences(stderr, `${plural(total, 'count')} of ${name} written to ${output}`))
  return 0
}

/** The time of each mark, by log and series. */
function json(inspection: Inspection, name: string): Exported {
  const { fingerprint, logs } = inspection
  const times = timesOf(inspection)
  const value = {
    name,
    fingerprint: fingerprint?.fingerprint || null,
    logs: logs.map(({ path, version, local, fold }) => ({
      ...{ path, version, local, instance: fold.head?.id ?? null, resource: fold.head?.resource ?? null },
      series: [...fold.series.keys()].map(text => {
        const { metric, attributes, kind } = seriesIn(text, fold)
        return { metric, attributes, kind, times: (times.get(path)?.get(text) ?? []).map(iso) }
      }),
    })),
  }
  return { text: `${visible(JSON.stringify(value, null, 2))}\n` }
}

/** A line per mark, oldest first. No escapes: no name or value contains a comma or a quote, or begins a formula. */
function csv(inspection: Inspection): Exported {
  const times = timesOf(inspection)
  const rows = inspection.logs.flatMap(({ path, version }: StoredLog) =>
    [...(times.get(path) ?? [])].flatMap(([text, own]) => {
      const { metric, attributes } = parseSeries(text)!
      const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${value}`)
      const rest = `${version},${metric},${pairs.join(';')}`
      return own.map((time): [number, string] => [time, rest])
    }),
  )
  rows.sort(([a], [b]) => a - b)
  return {
    text: ['time,version,metric,attributes\n', ...rows.map(([time, rest]) => `${iso(time)},${rest}\n`)].join(
      '',
    ),
  }
}

/** By the path of a log and the text of a series. */
function timesOf({ folders }: Inspection): Map<string, Map<string, number[]>> {
  const times = new Map<string, Map<string, number[]>>()
  if (!folders) return times
  storedLogs(folders.stateFolder, [], ({ series, ms }, path) => {
    const own = times.get(path) ?? new Map<string, number[]>()
    times.set(path, own.set(series, own.get(series) ?? []))
    own.get(series)!.push(ms)
  })
  return times
}

const iso = (time: number) => new Date(time).toISOString()
