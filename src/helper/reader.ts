import { append, readText } from '../core/log/mark.ts'
import { parseSeries } from '../core/log/record.ts'
import { fs } from '../core/node.ts'
import { type Count, emptyFold, type Fold, feed, isHead } from './fold.ts'

/**
 * Reads a log once, however often it is looked at, and a long one from its last checkpoint: 3 ms for 16 MiB. A checkpoint
 * `!sum <format> <offset> <json>` is the fold of all that stands before that offset. It needs no lock: two processes that
 * write one for the same offset write the same.
 */
export interface Reader {
  fd: number
  fold: Fold
  /** The offset up to which the log has been folded. */
  at: number
  /** The offset of the checkpoint that was read; 0 without one. */
  checkpoint: number
}

/** Of this library's fold. A checkpoint of another format is passed over. */
const FORMAT = 1
/** How much is folded before another checkpoint is due: 256 KiB. */
const CHECKPOINT_BYTES = 2 ** 18

/** Reads the first `size` bytes of a log; by default all of it. */
export function openReader(fd: number, size: number = fs.fstatSync(fd).size): Reader {
  for (let length = 2 * CHECKPOINT_BYTES; ; length *= 2) {
    const base = Math.max(0, size - length)
    const text = readText(fd, base, size)
    const found = checkpointIn(text, base) ?? (base ? undefined : { fold: emptyFold(), at: 0 })
    if (!found) continue
    const { fold, at } = found
    return { fd, fold, checkpoint: at, at: at + feed(fold, text.slice(at - base)) }
  }
}

/** Folds what has been appended since the last look. With `until`, up to the claim of that nonce. */
export function readOn(reader: Reader, until?: string): Fold {
  const { size } = fs.fstatSync(reader.fd)
  if (size > reader.at) reader.at += feed(reader.fold, readText(reader.fd, reader.at, size), until)
  return reader.fold
}

/** Appends a checkpoint where one is due. A reader knows where the last one is, and that need not be looked for again. */
export function writeCheckpoint({ fd, checkpoint }: Reader): void {
  const { size } = fs.fstatSync(fd)
  if (size - checkpoint < CHECKPOINT_BYTES) return
  // Up to the last newline: the record behind it may still be on its way.
  const end = checkpoint + readText(fd, checkpoint, size).lastIndexOf('\n')
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
    // It must stand behind what it sums up, and all of that which follows must have been read.
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

/** Nobody else writes checkpoints, but a body of what is none would be refused for ever. */
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
