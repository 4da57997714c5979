import { unlinkSync } from 'node:fs'
import { consentPath, readAnswers, saysNo, withTerms, writeAnswers } from '../core/decide/consent.ts'
import { answerFiles, type Folders } from '../core/decide/folders.ts'
import type { Target } from '../core/decide/target.ts'
import { fallbackProblem, NO_HOME } from './write-problem.ts'

/**
 * Writes a yes for what is sent now, in place of the user's own no. Returns what could not be done, a sentence each.
 * Without a target there is nothing to say yes to, and only the no goes.
 */
export function writeYes(folders: Folders, target: Target | undefined): string[] {
  const path = consentPath(folders.stateFolder)
  const { agreed } = readAnswers(path)
  return answerFiles(folders).flatMap(file => {
    if (file === path && target)
      return attempt(file, () => writeAnswers(file, { yes: withTerms(agreed, target, Date.now()) }))
    if (!saysNo([file])) return []
    const problem = file === path ? undefined : fallbackProblem(folders)
    return problem ? [`${file}: ${problem}`] : attempt(file, () => unlinkSync(file))
  })
}

/**
 * Writes a no, synced, at every place where the decision looks for one. Returns what could not be done, a sentence each.
 */
export function writeNo(folders: Folders): string[] {
  return answerFiles(folders).flatMap(file => {
    const problem = file === consentPath(folders.stateFolder) ? undefined : fallbackProblem(folders)
    // Where there is no home, no command can ever count by it.
    if (problem) return problem === NO_HOME ? [] : [`${file}: ${problem}`]
    return attempt(file, () => writeAnswers(file, { no: Date.now() }))
  })
}

function attempt(file: string, act: () => void): string[] {
  try {
    act()
    return []
  } catch (error) {
    return [`${file}: ${(error as Error).message}`]
  }
}
