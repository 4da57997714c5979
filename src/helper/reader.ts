import { append, readText } from '../core/log/mark.ts'
import { parseSeries } from '../core/log/record.ts'
import { fs } from '../core/node.ts'
import { type Count, emptyFold, type Fold, feed, isHead } from './fold.ts'

/**
 * Reads each record of a log only once, and a long log only from its last checkpoint: 3 ms for 16 MiB. A checkpoint
 * `!sum <format> <offset> <json>` is the fold of everything before that offset. It needs no lock: two processes that
 * write one for the same offset write the same.
 */
export interface Reader {
  fd: number
  fold: Fold
  /** The offset up to which the log has been folded. */
  at: number
  /** The offset from which on records were read: all before it is in the checkpoint. 0 without one. */
  from: number
}

/** Of the fold in a checkpoint. One of another format is ignored. */
const FORMAT = 1
/** After so many bytes another checkpoint is due: 256 KiB. */
const CHECKPOINT_BYTES = 2 ** 18

/** Folds the first `size` bytes of a log; by default all of it. Reads more of its end until that has a checkpoint. */
export function openReader(fd: number, size: number = fs.fstatSync(fd).size): Reader {
  for (let length = 2 * CHECKPOINT_BYTES; ; length *= 2) {
    const base = Math.max(0, size - length)
    const text = readText(fd, base, size)
    const found = checkpointIn(text, base) ?? (base ? undefined : { fold: emptyFold(), at: 0 })
    if (!found) continue
    const { fold, at } = found
    return { fd, fold, from: at, at: at + feed(fold, text.slice(at - base)) }
  }
}

/** Folds what has been appended since. With `until`, up to the claim with that nonce. */
export function readOn(reader: Reader, until?: string): Fold {
  const { size } = fs.fstatSync(reader.fd)
  if (size > reader.at) reader.at += feed(reader.fold, readText(reader.fd, reader.at, size), until)
  return reader.fold
}

/** Appends a checkpoint if one is due. */
export function writeCheckpoint({ fd, from }: Reader): void {
  const { size } = fs.fstatSync(fd)
  if (size - from < CHECKPOINT_BYTES) return
  // Up to the last newline, since another process may still be writing the record after it. The reader's own fold may
  // end elsewhere, so this one is made anew.
  const end = from + readText(fd, from, size).lastIndexOf('\n')
  const { fold } = openReader(fd, end)
  append(fd, `!sum ${FORMAT} ${end} ${JSON.stringify({ ...fold, series: [...fold.series] })}`)
}

function checkpointIn(text: string, base: number): Pick<Reader, 'fold' | 'at'> | undefined {
  for (let end = text.length; end > 0; ) {
    const start = text.lastIndexOf('\n!sum ', end - 1)
    if (start < 0) return undefined
    end = start
    const [, format, offset, json] = /^\n!sum (\d+) (\d+) (.*)/.exec(lineAt(text, start)) ?? []
    const at = Number(offset)
    // It must stand after the records that it sums up, and this text must have all records after these.
    if (Number(format) !== FORMAT || !(at >= base && at <= base + start)) continue
    try {
      const fold = JSON.parse(json!)
      if (isFold(fold)) return { fold: { ...fold, series: new Map(fold.series) }, at }
    } catch {
      // cut short: the one before it is as good
    }
  }
  return undefined
}

/** Checked, because a damaged checkpoint would make every later body one that is refused. */
function isFold({ head, time, total, taken, series }: { [key in keyof Fold]: unknown }): boolean {
  const areNumbers = (values: unknown[]) => values.every(Number.isSafeInteger)
  return (
    (head === undefined || isHead(head)) &&
    areNumbers([time, total, taken]) &&
    (series as [string, Count][]).every(
      ([text, { value, first, start }]) => parseSeries(text) && areNumbers([value, first, start]),
    )
  )
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start + 1)
  return text.slice(start, end < 0 ? text.length : end)
}
