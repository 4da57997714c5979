import { accessSync, constants, statSync } from 'node:fs'
import { type Folders, stateProblem } from '../core/decide/folders.ts'
import { parentOf } from '../core/files.ts'
import { decisionSentence } from '../explain/decision.ts'
import { type Context, foldersIn } from './context.ts'
import { Stop } from './stop.ts'

const sentenceOf = (message: string) => decisionSentence({ mode: 'off', row: 5, cause: { message } })

export const NO_HOME: string = sentenceOf('no home')

/**
 * Why a command must not write to the state folder; undefined if it may. As root it would leave files of root in another
 * user's home, and an answer in a folder that others can write is not the user's.
 */
export function writeProblem(context: Pick<Context, 'tool' | 'env'>): string | undefined {
  const folders = foldersIn(context)
  return folders ? problemWith(folders) : NO_HOME
}

/** The folders for a command that writes. Throws a `Stop` if it must not. */
export function writableFolders(context: Pick<Context, 'tool' | 'env'>): Folders {
  const problem = writeProblem(context)
  if (problem) throw new Stop(`nothing was changed: ${problem}`)
  return foldersIn(context)!
}

/** The same for the default folder, to which a no is written too: it may be another user's. */
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

/** Why the permissions do not let a command store anything in a state folder; undefined if they do. */
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
