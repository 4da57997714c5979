import { count } from '../terminal/count.ts'
import type { Context, Values } from './context.ts'
import { marksIn } from './forget.ts'
import { sentences } from './print.ts'
import { yesOrNo } from './question.ts'
import { hasYes, remove, removeYes, storedIn } from './remove.ts'
import { Stop } from './stop.ts'
import { writableFolders } from './write-problem.ts'

const TIMEOUT_MS = 30_000

/**
 * `clear`: removes what was counted, with `--all` also the fingerprint, what was shown and a yes: the next run is a
 * new installation. Says what it removed, or what is left and fails. A no stays.
 */
export async function clear(context: Context, { all = false, yes = false }: Values): Promise<number> {
  const { tool, stdout, stderr } = context
  const { name } = tool.options
  const { stateFolder } = writableFolders(context)
  const { logs, local, fingerprint, notice } = storedIn(stateFolder)
  const counted = [...logs, ...local]
  const things = [
    ...(counted.length ? [`${count(marksIn(counted), 'count')} in ${count(counted.length, 'log')}`] : []),
    ...(all && fingerprint.length ? ['the fingerprint'] : []),
    ...(all && notice.length ? ['that the notice was shown'] : []),
    ...(all && hasYes(stateFolder) ? ['your yes'] : []),
  ]
  const list = things.length < 2 ? things.join() : `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`
  if (!things.length) {
    stdout.write(sentences(stdout, `${name} telemetry: there is nothing to remove`))
    return 0
  }
  if (!yes) {
    const question = sentences(stderr, `Remove ${list} from ${stateFolder}?`).trimEnd()
    const answer = await yesOrNo(question, context, TIMEOUT_MS, false)
    if (answer === undefined)
      throw new Stop('nothing was removed: confirm with --yes when there is no terminal')
    if (!answer) throw new Stop('nothing was removed')
  }
  // First what lets a command count: none may begin anew meanwhile.
  const left = [
    ...(all ? [...remove(notice), ...removeYes(stateFolder), ...remove(fingerprint)] : []),
    ...remove(counted),
  ]
  if (left.length) throw new Stop(`not all of it could be removed. Left: ${left.join(', ')}`)
  stdout.write(sentences(stdout, `${name} telemetry: removed ${list}`))
  return 0
}
