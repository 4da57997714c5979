import { renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { consentPath, readAnswers, saysNo } from '../core/decide/consent.ts'
import { namesIn, random } from '../core/files.ts'
import { LOCAL, LOGS } from '../core/log/name.ts'
import { hasCode } from '../core/node.ts'
import { logPaths } from './logs.ts'

/** The library's files in a state folder, by name: the folder may belong to the tool, with other files in it. */
export interface Stored {
  logs: string[]
  /** Logs of `local` counts. */
  local: string[]
  /** With temporary files of an interrupted write, as for the notice. */
  fingerprint: string[]
  notice: string[]
}

/** Throws if the folder cannot be listed. */
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

/** Removes files, not the targets of links. Returns the paths that could not be removed, each with the reason. */
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

/** The same for logs, also for those that a helper sets aside meanwhile. */
export function removeLogs(stateFolder: string, paths: readonly string[]): string[] {
  const left = remove(paths)
  const logs = [...logPaths(stateFolder, LOGS), ...logPaths(stateFolder, LOCAL)]
  return [...left, ...remove(logs.filter(log => paths.some(path => log.startsWith(`${path}~`))))]
}

/** True if there is a yes, even one that was copied here and does not count. */
export function hasYes(stateFolder: string): boolean {
  const { agreed, copied } = readAnswers(consentPath(stateFolder))
  return copied === true || Object.keys(agreed).length > 0
}

/** Removes a yes, never a no: if `disable` has written one meanwhile, the file is put back. Returns what `remove` does. */
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
