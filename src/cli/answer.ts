import { unlinkSync } from 'node:fs'
import { consentPath, readAnswers, saysNo, withTerms, writeAnswers } from '../core/decide/consent.ts'
import { answerFiles, type Folders } from '../core/decide/folders.ts'
import type { Target } from '../core/decide/target.ts'
import { parentOf } from '../core/files.ts'
import { syncFolder } from '../files/sync-folder.ts'
import { fallbackProblem, NO_HOME } from './write-problem.ts'

/**
 * Writes a yes to what is sent now, in place of the user's no. Without a target there is nothing to agree to: then it only
 * removes the no. Returns a sentence for each file that could not be changed.
 */
export function writeYes(folders: Folders, target: Target | undefined): string[] {
  const path = consentPath(folders.stateFolder)
  const { agreed } = readAnswers(path)
  return answerFiles(folders).flatMap(file => {
    if (file === path && target)
      return tryTo(file, () => writeAnswers(file, { yes: withTerms(agreed, target, Date.now()) }))
    if (!saysNo([file])) return []
    const problem = file === path ? undefined : fallbackProblem(folders)
    return problem ? [`${file}: ${problem}`] : tryTo(file, () => unlinkSync(file))
  })
}

/** Writes a no to every file in which a decision looks for one. Returns a sentence for each that could not be written. */
export function writeNo(folders: Folders): string[] {
  return answerFiles(folders).flatMap(file => {
    const problem = file === consentPath(folders.stateFolder) ? undefined : fallbackProblem(folders)
    // Without a home no command can count there.
    if (problem) return problem === NO_HOME ? [] : [`${file}: ${problem}`]
    return tryTo(file, () => {
      writeAnswers(file, { no: Date.now() })
      syncFolder(parentOf(file))
    })
  })
}

function tryTo(file: string, act: () => void): string[] {
  try {
    act()
    return []
  } catch (error) {
    return [`${file}: ${(error as Error).message}`]
  }
}
