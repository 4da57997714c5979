import { count } from '../terminal/count.ts'
import { type Context, foldersIn, type Values } from './context.ts'
import { marksIn } from './forget.ts'
import { sentences } from './print.ts'
import { yesOrNo } from './question.ts'
import { hasYes, remove, removeYes, type Stored, storedIn } from './remove.ts'
import { writeProblem } from './write-problem.ts'

const TIMEOUT_MS = 30_000

/**
 * `clear`: removes what was counted, with `--all` also the fingerprint, what was shown and a yes, so that the next run is
 * a new installation. Says what it removed, or what is left and fails. A no stays.
 */
export async function clear(context: Context, { all = false, yes = false }: Values): Promise<number> {
  const { tool, stdout, stderr } = context
  const { name } = tool.options
  const complain = (...texts: string[]) => {
    stderr.write(sentences(stderr, ...texts.map(text => `${name} telemetry: ${text}`)))
    return 1
  }
  const folders = foldersIn(context)
  const problem = writeProblem(context)
  if (problem || !folders) return complain(`nothing was removed: ${problem}`)
  const { state } = folders
  let stored: Stored
  try {
    stored = storedIn(state)
  } catch (error) {
    return complain(`nothing was removed: ${(error as Error).message}`)
  }
  const { logs, local, fingerprint, notice } = stored
  const isYes = hasYes(state)
  const things = [
    ...(logs.length + local.length
      ? [`${count(marksIn([...logs, ...local]), 'count')} in ${count(logs.length + local.length, 'log')}`]
      : []),
    ...(all && fingerprint.length ? ['the fingerprint'] : []),
    ...(all && notice.length ? ['that the notice was shown'] : []),
    ...(all && isYes ? ['your yes'] : []),
  ]
  if (!things.length) {
    stdout.write(sentences(stdout, `${name} telemetry: there is nothing to remove`))
    return 0
  }
  if (!yes) {
    const question = sentences(stderr, `Remove ${list(things)} from ${state}?`).trimEnd()
    const answer = await yesOrNo(question, context, TIMEOUT_MS, false)
    if (!answer)
      return complain(
        `nothing was removed${answer === undefined ? ': confirm with --yes when there is no terminal' : ''}`,
      )
  }
  // First what lets a command count, so that none begins anew meanwhile.
  const left = [
    ...(all ? [...remove(notice), ...removeYes(state), ...remove(fingerprint)] : []),
    ...remove([...logs, ...local]),
  ]
  if (left.length) return complain('not all of it could be removed', ...left.map(path => `left: ${path}`))
  stdout.write(sentences(stdout, `${name} telemetry: removed ${list(things)}`))
  return 0
}

function list(things: string[]): string {
  return things.length < 2 ? things.join() : `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`
}
