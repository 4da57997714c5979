import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { TelemetryOptions } from '../core/options.ts'
import { namesIn } from '../core/tally/files.ts'
import { parseSeries } from '../core/tally/series.ts'
import { readInstance, streamFolder } from '../core/tally/stream.ts'
import { safe } from '../core/tally/tally.ts'
import type { Series } from '../core/vocabulary.ts'

/** One stream as it is on disk, with everything that was ever counted in it and is still there. */
export interface StoredStream {
  folder: string
  version: string
  /** Counted under `local` or `air_gapped`, for the user alone: never sent by itself. */
  local: boolean
  /** Undefined for a local stream, and for one that has lost its id and is never sent again. */
  instance: string | undefined
  /** The one that the next command counts in. */
  current: boolean
  /** The tool's `resourceAttributes` are those that it was made with; of another set only the hash is stored. */
  sameAttributes: boolean
  series: StoredSeries[]
  /** Of its tallies, together. */
  bytes: number
}

export interface StoredSeries {
  series: Series
  /** The tally was full or damaged, and the series has started anew since. */
  setAside: boolean
  /** The time of each invocation in ms since 1970, in the order in which they were counted. */
  times: number[]
}

/** `0.19.3-8f3a1c2e`, and `…~1795206980883-x7f3` where the stream was set aside. */
export const STREAM: RegExp = /^(.+)-[0-9a-f]{8}(~.*)?$/

/** All streams in the state folder, the current ones first. Throws where they cannot be read. */
export function storedStreams(
  options: TelemetryOptions,
  state: string,
  fingerprint: string | undefined,
): StoredStream[] {
  const streams = [false, true].flatMap(local => {
    const parent = join(state, local ? 'local' : 'tallies')
    return namesIn(parent).flatMap(name => {
      const [, encoded, aside] = STREAM.exec(name) ?? []
      const folder = join(parent, name)
      if (!encoded || !lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
      const version = decodeURIComponent(encoded)
      const ours = (version: string) =>
        local || fingerprint !== undefined
          ? streamFolder({ ...options, version }, state, local ? undefined : fingerprint)
          : undefined
      return {
        ...{ folder, version, local },
        instance: aside ? undefined : readInstance(folder),
        current: folder === ours(options.version),
        sameAttributes: folder === ours(version),
        ...read(folder),
      }
    })
  })
  return streams.sort((a, b) => Number(b.current) - Number(a.current) || (a.version < b.version ? 1 : -1))
}

function read(folder: string): Pick<StoredStream, 'series' | 'bytes'> {
  const series: StoredSeries[] = []
  let bytes = 0
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    // `path~<when>-<random>`, and `path~` by version 0.1.
    const [, name = '', aside] = /^([^~]*)(~.*)?$/.exec(path.replaceAll(sep, '/')) ?? []
    const known = parseSeries(name)
    // A helper that has its answer just now removes its note, and a tally may be set aside.
    const stats = known && lstatSync(join(folder, path), { throwIfNoEntry: false })
    if (!known || !stats?.isFile()) continue
    bytes += stats.size
    series.push({
      series: known,
      setAside: aside !== undefined,
      times: readTimes(join(folder, path)),
    })
  }
  return { series: series.sort((a, b) => b.times.length - a.times.length), bytes }
}

/** The time of every mark, in the order in which they were made. What is no mark is passed over. */
export function readTimes(path: string): number[] {
  const fd = openSync(path, constants.O_RDONLY | safe())
  try {
    if (!fstatSync(fd).isFile()) return []
    return readFileSync(fd, 'latin1')
      .split('\n')
      .filter(mark => /^[1-9]\d{12}$/.test(mark))
      .map(Number)
  } finally {
    closeSync(fd)
  }
}
