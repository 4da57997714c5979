import { existsSync } from 'node:fs'
import type { Folders } from '../core/decide/folders.ts'
import { fingerprintPath, readFingerprint } from '../core/log/fingerprint.ts'
import { readLog } from '../helper/read-log.ts'
import { plural } from '../terminal/plural.ts'
import { remove, removeLogs, storedIn } from './remove.ts'
import { fallbackProblem } from './write-problem.ts'

/** What `forget` has removed. */
export interface Forgotten {
  /** Undefined if there was none. */
  fingerprint?: string | undefined
  /** `the fingerprint`, `3 counts in 1 log` */
  removed: string[]
  /** The number of `local` counts, which stay. */
  local: number
  /** The paths that could not be removed, each with the reason. */
  left: string[]
}

/** Ends the installation: removes the fingerprint, the record of the notice, and all logs except for `local` ones. */
export function forget(folders: Folders): Forgotten {
  const { stateFolder, fallback } = folders
  const forgotten: Forgotten = { removed: [], local: 0, left: [] }
  for (const folder of [stateFolder, ...(fallback && !fallbackProblem(folders) ? [fallback] : [])]) {
    try {
      forgetIn(folder, forgotten)
    } catch (error) {
      forgotten.left.push(`${folder} (${(error as Error).message})`)
    }
  }
  return forgotten
}

function forgetIn(stateFolder: string, forgotten: Forgotten): void {
  const { logs, local, fingerprint, notice } = storedIn(stateFolder)
  const had = existsSync(fingerprintPath(stateFolder))
  // Also an expired one: what was sent with it may still be stored.
  forgotten.fingerprint ??=
    unlessItThrows(() => readFingerprint(stateFolder, Date.now())?.fingerprint) || undefined
  const marks = countMarks(logs)
  forgotten.local += countMarks(local)
  const left = [...remove(fingerprint), ...removeLogs(stateFolder, logs), ...remove(notice)]
  forgotten.left.push(...left)
  if (left.length) return
  if (had) forgotten.removed.push('the fingerprint')
  if (logs.length) forgotten.removed.push(`${plural(marks, 'count')} in ${plural(logs.length, 'log')}`)
}

/** The number of marks. A log that cannot be read counts as empty: it can still be removed. */
export function countMarks(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + (unlessItThrows(() => readLog(path).total) ?? 0), 0)
}

function unlessItThrows<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
