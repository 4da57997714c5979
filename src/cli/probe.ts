import { accessSync, constants, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parentOf, random } from '../core/tally/files.ts'

/**
 * Why nothing can be stored in a state folder, in words; undefined where it can be. A folder that is not there yet is
 * tried out beside it and taken away again: there are systems that let it be seen, but not be made (`/proc`, a bind
 * mount whose source was deleted).
 */
export function storeProblem(state: string): string | undefined {
  try {
    if (statSync(state, { throwIfNoEntry: false })) {
      accessSync(state, constants.W_OK | constants.X_OK)
      return undefined
    }
    let parent = parentOf(state)
    while (!statSync(parent, { throwIfNoEntry: false }) && parent !== parentOf(parent))
      parent = parentOf(parent)
    const probe = join(parent, `.${random()}`)
    mkdirSync(probe, 0o700)
    rmdirSync(probe)
    return undefined
  } catch (error) {
    return `nothing can be stored in ${state}: ${(error as Error).message}`
  }
}
