import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TelemetryOptions } from '../core/options.ts'
import { folderOf } from '../core/tally/installation.ts'
import { parseSeries, type Series } from '../core/tally/series.ts'
import { findStream } from '../core/tally/stream.ts'
import { readTimes } from '../core/tally/tally.ts'

/** One stream as it lies on disk, with everything that was ever counted in it and is still there. */
export interface StoredStream {
  version: string
  /** Undefined for a stream that was set aside because it had lost its id: it is never sent again. */
  instance: string | undefined
  /** The one that the next command counts in. */
  current: boolean
  /** The tool's `resourceAttributes` are those that it was made with; of another set only the hash is stored. */
  sameAttributes: boolean
  series: StoredSeries[]
  /** Of its files, together. */
  bytes: number
}

export interface StoredSeries {
  series: Series
  /** The tally was full or damaged, and the series has started anew since. */
  setAside: boolean
  /** The time of each invocation in ms since 1970, in the order in which they were counted. */
  times: number[]
}

/** `0.19.3-8f3a1c2e`, and `…~1795206980883` where the stream was set aside. */
const STREAM = /^(.+)-[0-9a-f]{8}(~\d+)?$/

/** All streams in the state folder, the current one first. Throws where they cannot be read. */
export function storedStreams(
  options: TelemetryOptions,
  state: string,
  fingerprint: string | undefined,
): StoredStream[] {
  const parent = join(state, 'tallies')
  if (!statSync(parent, { throwIfNoEntry: false })) return []
  const streams = readdirSync(parent).flatMap(name => {
    const [, encoded, aside] = STREAM.exec(name) ?? []
    if (!encoded) return []
    const folder = join(parent, name)
    const version = decodeURIComponent(encoded)
    const ours = (version: string) => fingerprint && folderOf({ ...options, version }, state, fingerprint)
    return {
      version,
      instance: aside ? undefined : findStream(folder)?.instance,
      current: folder === ours(options.version),
      sameAttributes: folder === ours(version),
      ...read(folder),
    }
  })
  return streams.sort((a, b) => Number(b.current) - Number(a.current) || (a.version < b.version ? 1 : -1))
}

function read(folder: string): Pick<StoredStream, 'series' | 'bytes'> {
  const series: StoredSeries[] = []
  let bytes = 0
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const stats = statSync(join(folder, path))
    if (!stats.isFile()) continue
    bytes += stats.size
    const setAside = path.endsWith('~')
    const known = parseSeries((setAside ? path.slice(0, -1) : path).replaceAll('\\', '/'))
    if (known) series.push({ series: known, setAside, times: readTimes(join(folder, path)) })
  }
  return { series: series.sort((a, b) => b.times.length - a.times.length), bytes }
}
