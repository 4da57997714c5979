import { existsSync } from 'node:fs'
import type { Folders } from '../core/decide/folders.ts'
import { fingerprintPath, readFingerprint } from '../core/log/fingerprint.ts'
import { readLog } from '../helper/read-log.ts'
import { count } from '../terminal/count.ts'
import { remove, storedIn } from './remove.ts'
import { fallbackProblem } from './write-problem.ts'

/** What the end of an installation has removed. */
export interface Forgotten {
  /** The fingerprint that ended; undefined where there was none. */
  fingerprint?: string | undefined
  /** `the fingerprint`, `3 counts`, each with what it was. */
  removed: string[]
  /** Marks that were counted for the user alone. They stay. */
  local: number
  /** What could not be removed, each with the reason. */
  left: string[]
}

/**
 * Ends the installation: removes its fingerprint, what was shown, and every log that could be sent. What was counted for
 * the user alone stays.
 */
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
  // Also one that is not used any more: what was sent under it may still be somewhere.
  forgotten.fingerprint ??=
    unlessItThrows(() => readFingerprint(stateFolder, Date.now())?.fingerprint) || undefined
  const marks = marksIn(logs)
  forgotten.local += marksIn(local)
  const left = remove([...fingerprint, ...logs, ...notice])
  forgotten.left.push(...left)
  if (left.length) return
  if (had) forgotten.removed.push('the fingerprint')
  if (logs.length) forgotten.removed.push(`${count(marks, 'count')} in ${count(logs.length, 'log')}`)
}

/** How many there are. What cannot be read can be removed all the same. */
export function marksIn(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + (unlessItThrows(() => readLog(path).total) ?? 0), 0)
}

function unlessItThrows<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
