import type { TelemetryOptions } from '../core/options.ts'
import { writeWhole } from '../files/write-whole.ts'
import { count } from '../terminal/count.ts'
import { printable } from '../terminal/printable.ts'
import { type Context, called, type Values } from './context.ts'
import { exportOtlp } from './export-otlp.ts'
import { type Inspection, inspect } from './inspect.ts'
import type { StoredStream } from './storage.ts'

/** The text, and what is to be said of it. */
interface Exported {
  text: string
  remark?: string | undefined
}

type Format = (inspection: Inspection, options: TelemetryOptions) => Exported

const formats: Record<string, Format> = { otlp: exportOtlp, json, csv }

/** `export`: all that is stored, in one of three forms. Sends nothing. Returns the exit code. */
export function exportAll({ tool, env, stdout, stderr }: Context, values: Values): number {
  const { format = 'json', output = '-', force = false } = values
  const complain = (sentence: string, code: number) => {
    stderr.write(`${called(tool, 'export')}: ${sentence}\n`)
    return code
  }
  const encode = Object.hasOwn(formats, `${format}`) ? formats[`${format}`] : undefined
  if (!encode) {
    const expected = Object.keys(formats).join(', ')
    return complain(`--format ${printable(`${format}`)}: expected ${expected}`, 2)
  }
  const inspection = inspect(tool, env)
  // What is left out would look as if it had never been there.
  if (inspection.problems.length) return complain(inspection.problems.join('; '), 1)
  let exported: Exported
  try {
    exported = encode(inspection, tool.options)
  } catch (error) {
    return complain((error as Error).message, 1)
  }
  const { text, remark } = exported
  if (remark) complain(remark, 0)
  if (output === '-') {
    stdout.write(text)
    return 0
  }
  try {
    writeWhole(`${output}`, text, Boolean(force))
  } catch (error) {
    return complain(`${output}: ${(error as Error).message}`, 1)
  }
  const invocations = all(inspection).length
  stderr.write(`${count(invocations, 'invocation')} of ${tool.options.name} written to ${output}\n`)
  return 0
}

/** Everything, for programs: per stream and series the time of each invocation. */
function json({ streams, fingerprint, notice }: Inspection, { name }: TelemetryOptions): Exported {
  const value = {
    name,
    fingerprint: fingerprint?.fingerprint ?? null,
    notice: { version: notice.version, shown: notice.shown ?? null },
    streams: streams.map(({ version, local, instance, series }) => ({
      ...{ version, local, instance: instance ?? null },
      series: series.map(({ series, setAside, times }) => ({ ...series, setAside, times: times.map(iso) })),
    })),
  }
  return { text: `${JSON.stringify(value, null, 2)}\n` }
}

/** A line per invocation, oldest first. No name or value can hold a comma or a quote, so none is needed. */
function csv(inspection: Inspection): Exported {
  const rows = all(inspection).map(
    ({ time, version, metric, attributes }) =>
      `${iso(time)},${version},${metric},${Object.entries(attributes)
        .map(([key, value]) => `${key}=${value}`)
        .join(';')}`,
  )
  return { text: `${['time,version,metric,attributes', ...rows].join('\n')}\n` }
}

function all({ streams }: Inspection) {
  const rows = streams.flatMap(({ version, series }: StoredStream) =>
    series.flatMap(({ series, times }) => times.map(time => ({ time, version, ...series }))),
  )
  return rows.sort((a, b) => a.time - b.time)
}

const iso = (time: number) => new Date(time).toISOString()
