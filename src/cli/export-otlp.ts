import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { resourceOf } from '../core/batch.ts'
import type { TelemetryOptions } from '../core/options.ts'
import { linkNew, writeBeside } from '../core/tally/files.ts'
import { ensureFingerprint } from '../core/tally/fingerprint.ts'
import { readInstance } from '../core/tally/stream.ts'
import { startOf } from '../core/tally/tally.ts'
import { encodeMetrics, type Point } from '../helper/metrics.ts'
import { count } from '../terminal/count.ts'
import type { Inspection } from './inspect.ts'
import { type StoredSeries, type StoredStream, storedStreams } from './storage.ts'

/**
 * OTLP JSON lines, as a Collector's file receiver and any `/v1/metrics` accept them, one request each: cumulative sums,
 * so that what is sent twice counts once. A tally that was set aside is a line of its own, before the one that follows
 * it: its times are old, and a backend that refuses them must not refuse the others with it.
 *
 * What was counted for the user alone gets the ids that it lacks: to export it in this form is to want to send it.
 */
export function exportOtlp(
  { streams: found, fingerprint: stored, folders }: Inspection,
  options: TelemetryOptions,
): { text: string; remark?: string | undefined } {
  const now = Date.now()
  const state = folders?.state
  const hasLocal = found.some(({ local, series }) => local && series.length)
  // An id that has ended is replaced by it, and with it those of the streams: then they are read again.
  const fingerprint = hasLocal && state ? ensureFingerprint(state, now) : stored?.fingerprint
  const streams = hasLocal && state ? storedStreams(options, state, fingerprint) : found
  const lines = streams.flatMap(stream => {
    const instance = stream.local ? ensureLocalInstance(stream.folder) : stream.instance
    return instance && fingerprint ? linesOf(stream, { fingerprint, instance }, options, now) : []
  })
  const lost = streams
    .filter(({ local, instance }) => !local && !instance)
    .reduce((sum, { series }) => series.reduce((sum, { times }) => sum + times.length, sum), 0)
  return {
    text: lines.map(line => `${line}\n`).join(''),
    remark: lost
      ? `${count(lost, 'invocation')} without an id cannot be sent any more; --format json has them`
      : undefined,
  }
}

function linesOf(
  { version, sameAttributes, series }: StoredStream,
  ids: { fingerprint: string; instance: string },
  options: TelemetryOptions,
  now: number,
): string[] {
  const { resourceAttributes } = options
  const resource = resourceOf(
    { ...options, version, resourceAttributes: sameAttributes ? resourceAttributes : undefined },
    ids,
  )
  const counted = series.filter(({ times }) => times.length)
  const asides = counted.filter(({ setAside }) => setAside).sort((a, b) => a.times[0]! - b.times[0]!)
  const live = counted.filter(({ setAside }) => !setAside)
  return [...asides.map(one => [one]), live]
    .filter(together => together.length)
    .map(together =>
      encodeMetrics(
        resource,
        together.map(one => pointOf(one, now)),
        { ...options, temporality: 'cumulative' },
      ),
    )
}

function pointOf({ series, setAside, times }: StoredSeries, now: number): Point {
  const [first, last] = [times[0]!, times.at(-1)!]
  return {
    ...series,
    start: startOf({ first }),
    time: setAside ? last : Math.max(now, last),
    value: times.length,
  }
}

/** An `instance` of a stream that nothing is sent from by itself. Of two exports at once both read the same. */
function ensureLocalInstance(folder: string): string | undefined {
  const stored = readInstance(folder)
  if (stored) return stored
  const path = join(folder, 'instance')
  writeBeside(
    path,
    () => randomUUID(),
    temporary => linkNew(temporary, path),
  )
  return readInstance(folder)
}
