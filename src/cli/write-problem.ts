import { accessSync, constants, statSync } from 'node:fs'
import { type Folders, stateProblem } from '../core/decide/folders.ts'
import { parentOf } from '../core/files.ts'
import { explain } from '../explain/decision.ts'
import { type Context, foldersIn } from './context.ts'
import { Stop } from './stop.ts'

const sentenceOf = (message: string) => explain({ mode: 'off', row: 5, cause: { message } })

export const NO_HOME: string = sentenceOf('no home')

/**
 * Why a command must write nothing here: as root in another user's home it would leave root's files in it, and what
 * others can change is no answer. A sentence; undefined where it may.
 */
export function writeProblem(context: Pick<Context, 'tool' | 'env'>): string | undefined {
  const folders = foldersIn(context)
  return folders ? problemWith(folders) : NO_HOME
}

/** The folders, for a command that writes. */
export function writableFolders(context: Pick<Context, 'tool' | 'env'>): Folders {
  const problem = writeProblem(context)
  if (problem) throw new Stop(`nothing was changed: ${problem}`)
  return foldersIn(context)!
}

/** The same of the default place, where a no is written too: as root with the user's HOME it is the user's. */
export function fallbackProblem(folders: Folders): string | undefined {
  const { fallback = '' } = folders
  // `<home>/.local/state/<name>`
  return problemWith({ ...folders, stateFolder: fallback, home: parentOf(parentOf(parentOf(fallback))) })
}

function problemWith(folders: Folders): string | undefined {
  try {
    const message = stateProblem(folders)
    return message && sentenceOf(message)
  } catch (error) {
    return (error as Error).message
  }
}

/** Why nothing can be stored in a state folder, as far as permissions say. */
export function storeProblem(stateFolder: string): string | undefined {
  try {
    let path = stateFolder
    while (!statSync(path, { throwIfNoEntry: false }) && path !== parentOf(path)) path = parentOf(path)
    accessSync(path, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `nothing can be stored in ${stateFolder}: ${(error as Error).message}`
  }
}
