import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { reasonOf } from '../../files/reason.ts'

/** A file to which bodies are appended. */
export interface BodyFile {
  /** Appends one on a line of its own. Throws an `Error` with a sentence if that fails. */
  add(body: string): void
  close(): void
}

/**
 * Opens a file to append to: one ExportMetricsServiceRequest per line, as the Collector's file exporter writes it. Throws
 * an `Error` with a sentence if that fails.
 */
export function openBodyFile(path: string): BodyFile {
  // Checked before it is opened: opening a FIFO waits for a reader.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw new Error(`${path} is not a regular file`)
  const fd = opened(path)
  let isWhole = endsWhole(fd)
  return {
    add(body) {
      // In JSON a line break can only stand between two tokens. Everything else stays as it came, large numbers too.
      const line = body.replace(/[\r\n]+/g, '')
      try {
        appendFileSync(fd, `${isWhole ? '' : '\n'}${line}\n`)
        isWhole = true
      } catch (error) {
        isWhole = false // a part of it may have been written
        throw new Error(`not written to ${path}: ${reasonOf(error as NodeJS.ErrnoException)}`)
      }
    },
    close: () => closeSync(fd),
  }
}

/** False if the last writer was interrupted within a line: the next line then begins with a line feed. */
function endsWhole(fd: number): boolean {
  const { size } = fstatSync(fd)
  const last = Buffer.alloc(1)
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 10)
}

function opened(path: string): number {
  try {
    return openSync(path, 'a+', 0o600)
  } catch (error) {
    throw new Error(`${path}: ${reasonOf(error as NodeJS.ErrnoException)}`)
  }
}
