import { plural } from '../terminal/plural.ts'
import type { Context, Flags } from './context.ts'
import { countMarks } from './forget.ts'
import { sentences } from './print.ts'
import { yesOrNo } from './question.ts'
import { hasYes, remove, removeLogs, removeYes, storedIn } from './remove.ts'
import { Stop } from './stop.ts'
import { writableFolders } from './write-problem.ts'

const TIMEOUT_MS = 30_000

/**
 * `clear`: removes all logs, with `--all` also the fingerprint, the record of the notice and a yes: the next run is a new
 * installation. A no stays. Fails if something could not be removed, and says what.
 */
export async function clear(context: Context, { all = false, yes = false }: Flags): Promise<number> {
  const { tool, stdout, stderr } = context
  const { name } = tool.options
  const { stateFolder } = writableFolders(context)
  const { logs, local, fingerprint, notice } = storedIn(stateFolder)
  const counted = [...logs, ...local]
  const things = [
    ...(counted.length
      ? [`${plural(countMarks(counted), 'count')} in ${plural(counted.length, 'log')}`]
      : []),
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
  // First what lets a command count, so that none makes a new log meanwhile.
  const left = [
    ...(all ? [...remove(notice), ...removeYes(stateFolder), ...remove(fingerprint)] : []),
    ...removeLogs(stateFolder, counted),
  ]
  if (left.length) throw new Stop(`not all of it could be removed. Left: ${left.join(', ')}`)
  stdout.write(sentences(stdout, `${name} telemetry: removed ${list}`))
  return 0
}
