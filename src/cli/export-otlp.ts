import { lstatSync } from 'node:fs'
import { ensureFingerprint } from '../core/log/fingerprint.ts'
import { isCopied } from '../core/stamp.ts'
import { bodyOf, partOf } from '../helper/body.ts'
import { feed } from '../helper/fold.ts'
import { count } from '../terminal/count.ts'
import type { Inspection } from './inspect.ts'
import type { StoredLog } from './logs.ts'
import { Stop } from './stop.ts'

/** A text, and what to say of it. */
export interface Exported {
  text: string
  remark?: string | undefined
}

/**
 * OTLP JSON lines, as a Collector's file receiver and any `/v1/metrics` accept them, one request for each log: cumulative
 * sums, under the ids that the log has. What is sent twice counts once.
 *
 * Counts for the user alone get the installation's fingerprint, since this format exists to be sent. If there is
 * none it is made, but never under a no.
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
    own = ensureFingerprint(folders.stateFolder, now)
  }
  const lines = usable.flatMap(({ fold, local }) => {
    const ownFingerprint = local ? own : fold.head!.fingerprint
    if (!ownFingerprint) return []
    fold.head = { ...fold.head!, fingerprint: ownFingerprint }
    // As a claim that is made now would see it.
    fold.open = undefined
    feed(fold, `!send export ${fold.total} 1 ${now}\n`)
    // Not again with each export: after a value that was sent before, a zero would look like a reset.
    fold.open!.begins = []
    return [`${bodyOf([partOf(fold)])}\n`]
  })
  const lost = counted.reduce((sum, log) => (usable.includes(log) ? sum : sum + log.fold.total), 0)
  return {
    text: lines.join(''),
    remark: lost
      ? `${count(lost, 'count')} without an id of this computer cannot be sent; --format json has them`
      : undefined,
  }
}

/** It has ids, and they are its own: a copy's are another installation's. */
function isUsable({ path, fold }: StoredLog): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return fold.head !== undefined && stats !== undefined && !isCopied(fold.head.file, stats)
}
