import { unlinkSync } from 'node:fs'
import { consentPath, readAnswers, saysNo, withTerms, writeAnswers } from '../core/decide/consent.ts'
import type { Target } from '../core/decide/decide.ts'
import { answerFiles, type Folders } from '../core/decide/folders.ts'
import { parentOf } from '../core/files.ts'
import { problemWith } from './write-problem.ts'

/**
 * Writes a yes for what is sent now, in place of the user's own no. Returns what could not be done, a sentence each.
 * Without a target there is nothing to say yes to, and only the no goes.
 */
export function writeYes(folders: Folders, target: Target | undefined): string[] {
  const path = consentPath(folders.state)
  const others = answerFiles(folders).filter(file => file !== path && saysNo([file]))
  const failures = others.flatMap(file => attempt(file, () => unlinkSync(file)))
  const { agreed } = readAnswers(path)
  if (target)
    failures.push(...attempt(path, () => writeAnswers(path, { yes: withTerms(agreed, target, Date.now()) })))
  else if (saysNo([path])) failures.push(...attempt(path, () => unlinkSync(path)))
  return failures
}

/**
 * Writes a no, synced, at every place where the decision looks for one. Returns what could not be done, a sentence each.
 */
export function writeNo(folders: Folders): string[] {
  return answerFiles(folders).flatMap(file => {
    const folder = parentOf(file)
    const isDefault = folder === folders.fallback
    // As root with a state folder of its own and the user's HOME, the default place is the user's.
    const problem =
      isDefault && problemWith({ ...folders, state: folder, home: parentOf(parentOf(parentOf(folder))) })
    // Where there is no home, no command can ever count by it.
    if (problem) return problem === NO_HOME ? [] : [`${file}: ${problem}`]
    return attempt(file, () => writeAnswers(file, { no: Date.now() }))
  })
}

const NO_HOME = 'there is no home folder'

function attempt(file: string, act: () => void): string[] {
  try {
    act()
    return []
  } catch (error) {
    return [`${file}: ${(error as Error).message}`]
  }
}
