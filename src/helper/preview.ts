import type { Job } from '../core/deliver/job.ts'
import { readFingerprint } from '../core/log/fingerprint.ts'
import { openToRead } from '../core/log/mark.ts'
import { fs } from '../core/node.ts'
import { bodyOf, partOf } from './body.ts'
import { emptyFold, type Fold, feed } from './fold.ts'
import { openReader, readOn } from './reader.ts'

/** Stands for an id that does not exist yet. */
const LATER = 'made with the first count'

/** The body that would be sent if these series were counted now. Reads the log, writes nothing, makes no id. */
export function preview(
  { path, stateFolder, draft }: Pick<Job, 'path' | 'stateFolder' | 'draft'>,
  series: readonly string[],
  now: number,
): string {
  const fold = foldAt(path)
  fold.head ??= { file: [0, 0], id: LATER, fingerprint: fingerprintIn(stateFolder, now), ...draft }
  // The body is the one that a claim made now would send.
  fold.open = undefined
  feed(fold, [...series, '!send preview 0 1'].map(record => `${record} ${now}\n`).join(''))
  return bodyOf([partOf(fold)])
}

function fingerprintIn(stateFolder: string, now: number): string {
  try {
    const stored = readFingerprint(stateFolder, now)
    if (stored?.status === 'good') return stored.fingerprint
  } catch {
    // It cannot be read: then the first count reports it.
  }
  return LATER
}

/** The fold of a log as it is; an empty one where there is none. */
export function foldAt(path: string): Fold {
  try {
    const fd = openToRead(path)
    try {
      return readOn(openReader(fd))
    } finally {
      fs.closeSync(fd)
    }
  } catch {
    return emptyFold()
  }
}
