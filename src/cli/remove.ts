import { renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { consentPath, readAnswers, saysNo } from '../core/decide/consent.ts'
import { namesIn, random } from '../core/files.ts'
import { LOCAL, LOGS } from '../core/log/name.ts'
import { hasCode } from '../core/node.ts'
import { logPaths } from './logs.ts'

/** What of a state folder is ours, by name: the folder may be the tool's own, with anything else in it. */
export interface Stored {
  /** What was counted to be sent, and for the user alone. */
  logs: string[]
  local: string[]
  /** With what an interruption has left of them. */
  fingerprint: string[]
  notice: string[]
}

/** Finds it. Throws where the folder cannot be listed. */
export function storedIn(stateFolder: string): Stored {
  const named = (name: string) =>
    namesIn(stateFolder)
      .filter(file => file === name || file.startsWith(`${name}.`))
      .map(file => join(stateFolder, file))
  return {
    ...{ logs: logPaths(stateFolder, LOGS), local: logPaths(stateFolder, LOCAL) },
    ...{ fingerprint: named('fingerprint'), notice: named('notice') },
  }
}

/** Removes files, and no link's target. Returns what is left, each with the reason. */
export function remove(paths: readonly string[]): string[] {
  return paths.flatMap(path => {
    try {
      unlinkSync(path)
      return []
    } catch (error) {
      return hasCode(error, 'ENOENT') ? [] : [`${path} (${(error as Error).message})`]
    }
  })
}

/** True where there is a yes to be removed. */
export function hasYes(stateFolder: string): boolean {
  const { agreed, copied } = readAnswers(consentPath(stateFolder))
  return copied === true || Object.keys(agreed).length > 0
}

/**
 * Removes a yes, never a no: where `disable` has come between, the file is put back. Returns what is left, with the
 * reason.
 */
export function removeYes(stateFolder: string): string[] {
  const path = consentPath(stateFolder)
  if (!hasYes(stateFolder)) return []
  const aside = `${path}.${process.pid}.${random()}`
  try {
    renameSync(path, aside)
    if (!saysNo([aside])) return remove([aside])
    renameSync(aside, path)
    return []
  } catch (error) {
    return hasCode(error, 'ENOENT') ? [] : [`${path} (${(error as Error).message})`]
  }
}
