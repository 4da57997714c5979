import { lstatSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from '../core/tally/files.ts'
import { STREAM } from './storage.ts'

/** What of a state folder is ours, by name: the folder may be the tool's own, with anything else in it. */
export interface Stored {
  /** What was counted to be sent, and for the user alone. */
  tallies: string[]
  local: string[]
  /** What was interrupted: a removal, or a stream that was being made. */
  doomed: string[]
  /** The installation id, under whichever name. */
  fingerprint: string[]
  notice: string[]
}

/** Finds it. Throws where the folder cannot be listed. */
export function storedIn(state: string): Stored {
  const names = namesIn(state)
  const matching = (form: RegExp) => names.filter(name => form.test(name)).map(name => join(state, name))
  const streams = (kind: string, form: RegExp) =>
    namesIn(join(state, kind))
      .filter(name => form.test(name))
      .map(name => join(state, kind, name))
  return {
    tallies: streams('tallies', STREAM),
    local: streams('local', STREAM),
    doomed: [...matching(/^(tallies|local)~\d+(-\d+)?$/), ...streams('tallies', /^\.[0-9a-f-]{36}$/)],
    fingerprint: matching(/^fingerprint([~.].+)?$/),
    notice: matching(/^notice(\..+)?$/),
  }
}

/** Removes each, whatever it is, and no link's target. Returns what is left, each with the reason. */
export function remove(paths: readonly string[]): string[] {
  return paths.flatMap(path => {
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      return isThere(path) ? `${path} (${(error as Error).message})` : []
    }
    return isThere(path) ? `${path} (it is still there)` : []
  })
}

/** Removes streams. Each is renamed first, so that a command which runs now finds all of it or nothing. */
export function removeStreams(
  state: string,
  kind: 'tallies' | 'local',
  streams: readonly string[],
): string[] {
  const doomed = streams.map((stream, index) => {
    const path = join(state, `${kind}~${process.pid}-${index}`)
    try {
      renameSync(stream, path)
      return path
    } catch {
      return stream // then it is removed where it is, if that can be
    }
  })
  const left = remove(doomed)
  try {
    rmdirSync(join(state, kind))
  } catch {
    // not empty, or not there: what is in it is not ours
  }
  return left
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
