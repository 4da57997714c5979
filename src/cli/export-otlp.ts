import { lstatSync } from 'node:fs'
import { removeIfDisabled } from '../core/decide/consent.ts'
import { answerFiles, type Folders } from '../core/decide/folders.ts'
import { ensureFingerprint, fingerprintPath } from '../core/log/fingerprint.ts'
import { isCopied } from '../core/stamp.ts'
import { bodyOf, partOf } from '../helper/body.ts'
import { feed } from '../helper/fold.ts'
import { plural } from '../terminal/plural.ts'
import type { Inspection } from './inspect.ts'
import type { StoredLog } from './logs.ts'
import { Stop } from './stop.ts'

/** The exported text, and what it lacks. */
export interface Exported {
  text: string
  remark?: string | undefined
}

/**
 * OTLP/JSON, one request per log and line, for a Collector's file receiver or any `/v1/metrics`: cumulative sums with the
 * ids of the log. What is sent twice counts once.
 *
 * `local` counts get the installation's fingerprint, since this format is made to be sent. If there is no fingerprint, one
 * is made, but not under a no.
 */
export function exportOtlp({ logs, fingerprint, folders, decision }: Inspection): Exported {
  const now = Date.now()
  const counted = logs.filter(({ fold }) => fold.total)
  const usable = counted.filter(isUsable)
  let own = fingerprint?.status === 'good' ? fingerprint.fingerprint : undefined
  if (!own && folders && usable.some(({ local }) => local)) {
    if (decision.mode === 'off')
      throw new Stop(
        `what was counted for you alone has no fingerprint, and none is made while telemetry is off: ${decision.reason}. --format json has it all`,
      )
    own = makeOwn(folders, now)
  }
  const lines = usable.flatMap(({ fold, local }) => {
    const ownFingerprint = local ? own : fold.head!.fingerprint
    if (!ownFingerprint) return []
    fold.head = { ...fold.head!, fingerprint: ownFingerprint }
    // As if a claim was made now.
    fold.open = undefined
    feed(fold, `!send export ${fold.total} 1 ${now}\n`)
    // No zero at the start: if values were sent before, it would look like a reset.
    fold.open!.begins = []
    return [`${bodyOf([partOf(fold)])}\n`]
  })
  const lost = counted.reduce((sum, log) => (usable.includes(log) ? sum : sum + log.fold.total), 0)
  return {
    text: lines.join(''),
    remark: lost
      ? `${plural(lost, 'count')} without an id of this computer cannot be sent; --format json has them`
      : undefined,
  }
}

function makeOwn(folders: Folders, now: number): string {
  try {
    return ensureFingerprint(folders.stateFolder, now)
  } finally {
    const why = 'telemetry was disabled just now, so there is no fingerprint. --format json has it all'
    removeIfDisabled(answerFiles(folders), [fingerprintPath(folders.stateFolder)], new Stop(why))
  }
}

/** Whether a log has ids of this installation. A copied log has those of another one. */
function isUsable({ path, fold }: StoredLog): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return fold.head !== undefined && stats !== undefined && !isCopied(fold.head.file, stats)
}
