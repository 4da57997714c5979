import { encodeMetrics, type Point } from '../core/encode/metrics.ts'
import { describe } from '../core/encode/request.ts'
import type { TelemetryOptions } from '../core/options.ts'
import { writeWhole } from '../files/write-whole.ts'
import { count } from '../terminal/count.ts'
import { type Inspection, inspect } from './inspect.ts'
import type { Context, Values } from './run.ts'
import type { StoredSeries, StoredStream } from './storage.ts'

type Format = (inspection: Inspection, options: TelemetryOptions) => string

const formats: Record<string, Format> = { otlp, json, csv }

/** `export`: all that is stored, in one of three forms. Changes nothing, sends nothing. Returns the exit code. */
export function exportAll({ tool, env, stdout, stderr }: Context, values: Values): number {
  const { format = 'json', output = '-', force = false } = values
  const complain = (sentence: string, code: number) => {
    stderr.write(`${tool.options.name} telemetry export: ${sentence}\n`)
    return code
  }
  const encode = Object.hasOwn(formats, `${format}`) ? formats[`${format}`] : undefined
  if (!encode) return complain(`--format ${format}: expected ${Object.keys(formats).join(', ')}`, 2)
  const inspection = inspect(tool, env)
  // What is left out would look as if it had never been there.
  if (inspection.problems.length) return complain(inspection.problems.join('; '), 1)
  const text = encode(inspection, tool.options)
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

/**
 * OTLP JSON lines, as a Collector's file receiver and any `/v1/metrics` take them, one request each: cumulative sums,
 * so that sending them twice counts once. A tally that was set aside is a line of its own, before the one that follows
 * it: its times are old, and a backend that refuses them must not refuse the others with it.
 */
function otlp({ streams, fingerprint }: Inspection, options: TelemetryOptions): string {
  const now = Date.now()
  return streams
    .filter(({ instance }) => instance && fingerprint)
    .flatMap(stream => {
      const resource = {
        'service.name': options.name,
        'service.version': stream.version,
        'service.instance.id': stream.instance!,
        'user.fingerprint': fingerprint!.fingerprint,
        ...(stream.sameAttributes && options.resourceAttributes),
      }
      const encode = (series: StoredSeries[]) =>
        encodeMetrics(
          resource,
          series.map(one => point(one, now)),
          'cumulative',
          describe(options),
        )
      const counted = stream.series.filter(({ times }) => times.length)
      const [aside, live] = [true, false].map(wanted => counted.filter(({ setAside }) => setAside === wanted))
      return [aside!, live!].filter(series => series.length).map(encode)
    })
    .map(line => `${line}\n`)
    .join('')
}

function point({ series, setAside, times }: StoredSeries, now: number): Point {
  const last = times.at(-1)!
  return { ...series, start: times[0]! - 2, time: setAside ? last : Math.max(now, last), value: times.length }
}

/** Everything, for programs: per stream and series the time of each invocation. */
function json({ streams, fingerprint, notice }: Inspection, { name }: TelemetryOptions): string {
  const value = {
    name,
    fingerprint: fingerprint?.fingerprint ?? null,
    notice: { version: notice.version, shown: notice.shown ?? null },
    streams: streams.map(({ version, instance, series }) => ({
      version,
      instance: instance ?? null,
      series: series.map(({ series, setAside, times }) => ({ ...series, setAside, times: times.map(iso) })),
    })),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** A line an invocation, oldest first. No name or value can hold a comma or a quote, so none is needed. */
function csv(inspection: Inspection): string {
  const rows = all(inspection).map(
    ({ time, version, metric, attributes }) =>
      `${iso(time)},${version},${metric},${Object.entries(attributes)
        .map(([key, value]) => `${key}=${value}`)
        .join(';')}`,
  )
  return `${['time,version,metric,attributes', ...rows].join('\n')}\n`
}

function all({ streams }: Inspection) {
  const rows = streams.flatMap(({ version, series }: StoredStream) =>
    series.flatMap(({ series, times }) => times.map(time => ({ time, version, ...series }))),
  )
  return rows.sort((a, b) => a.time - b.time)
}

const iso = (time: number) => new Date(time).toISOString()
