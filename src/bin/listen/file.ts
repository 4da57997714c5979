import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { reasonOf } from '../../files/reason.ts'

/** A file that bodies are added to. */
export interface BodyFile {
  /** Adds one, on a line of its own. Throws an `Error` with a sentence where it cannot. */
  add(body: string): void
  close(): void
}

/**
 * Opens a file to add to, never to write over: one ExportMetricsServiceRequest a line, as the Collector's file exporter
 * does. Throws an `Error` with a sentence where it cannot.
 */
export function openBodyFile(path: string): BodyFile {
  // Checked before it is opened: opening a FIFO waits for a reader.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
    throw new Error(`${path} is not a regular file`)
  const fd = opened(path)
  let isWhole = endsWhole(fd)
  return {
    add(body) {
      // In JSON a line break is only ever between two tokens. The rest stays as it came, large numbers too.
      const line = body.replace(/[\r\n]+/g, '')
      try {
        appendFileSync(fd, `${isWhole ? '' : '\n'}${line}\n`)
        isWhole = true
      } catch (error) {
        isWhole = false // some of it may be there
        throw new Error(`not written to ${path}: ${reasonOf(error as NodeJS.ErrnoException)}`)
      }
    },
    close: () => closeSync(fd),
  }
}

/** False if the last writer stopped within a line; then a newline comes first. */
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
