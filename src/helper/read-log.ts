import { openToRead } from '../core/log/mark.ts'
import { fs } from '../core/node.ts'
import { emptyFold, type Fold, feed } from './fold.ts'

/** One mark of a log. */
export interface Mark {
  /** As it stands in the log: `command_invocation,command_name=build`. */
  series: string
  /** In ms since 1970. */
  ms: number
}

const CHUNK_BYTES = 2 ** 18
/** Only checkpoints are longer, and these are not needed here, where all that they sum up is read. */
const MAX_RECORD = 2 ** 16

/**
 * The fold of a log, and each of its marks in order. Reads piece by piece, so the log can be of any length, and never
 * writes, so the user needs no permission to. Throws where it cannot be read.
 */
export function readLog(path: string, onMark: (mark: Mark) => void = () => {}): Fold {
  const fd = openToRead(path)
  try {
    if (!fs.fstatSync(fd).isFile()) throw new Error(`${path} is not a regular file`)
    const fold = emptyFold()
    for (const line of linesOf(fd)) {
      const { total } = fold
      feed(fold, `${line}\n`)
      // Only the fold knows what is a mark.
      if (fold.total > total) onMark({ series: line.slice(0, -14), ms: Number(line.slice(-13)) })
    }
    return fold
  } finally {
    fs.closeSync(fd)
  }
}

function* linesOf(fd: number): Generator<string> {
  const bytes = Buffer.allocUnsafe(CHUNK_BYTES)
  let rest = ''
  for (let at = 0; ; ) {
    const read = fs.readSync(fd, bytes, 0, CHUNK_BYTES, at)
    if (!read) break
    at += read
    const lines = (rest + bytes.toString('latin1', 0, read)).split('\n')
    rest = lines.pop()!
    yield* lines
    // A longer line is a checkpoint or no record: what is dropped of it does not matter.
    if (rest.length > MAX_RECORD) rest = rest.slice(0, MAX_RECORD)
  }
  yield rest
}
