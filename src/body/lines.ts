import { createReadStream } from 'node:fs'
import { printable } from '../terminal/printable.ts'
import { validate } from './validate.ts'

// Files of OTLP/JSON with one ExportMetricsServiceRequest per line, as `telemetry export --format otlp`, `otlp-tally
// listen --file` and the Collector's file exporter write them.

/** A body is at most 20 MiB. A longer line is not read into memory. */
export const MAX_LINE: number = 64 * 2 ** 20

/** A line with its number, and how many bytes of the file have been read. */
export type Line = readonly [number: number, text: string, bytes: number]

/**
 * Yields the lines of a file without blank ones, however large the file is; `-` is stdin. Only a line feed ends a line:
 * JSON may contain other characters that end a line elsewhere. Rejects with a sentence.
 */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  let [number, bytes, size] = [1, 0, 0]
  let parts: Buffer[] = []
  try {
    const input = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 2 ** 20 })
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let start = 0
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        parts.push(chunk.subarray(start, end))
        const text = textOf(parts)
        ;[parts, size] = [[], 0]
        if (text.trim()) yield [number, text, bytes + end + 1]
        number++
        start = end + 1
        // Skips empty lines fast: a file may have millions of them.
        for (; chunk[start] === LINE_FEED; start++) number++
      }
      const rest = chunk.subarray(start)
      size += rest.length
      if (size > MAX_LINE)
        throw new Error(`line ${number} is longer than 64 MiB: is it OTLP/JSON, one request per line?`)
      parts.push(rest)
      bytes += chunk.length
    }
  } catch (error) {
    throw new Error(unreadable(path, error as NodeJS.ErrnoException))
  }
  const last = textOf(parts)
  if (last.trim()) yield [number, last, bytes]
}

const LINE_FEED = 10

function textOf(parts: readonly Buffer[]): string {
  return (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString('utf8')
}

/** Why a file cannot be read. */
function unreadable(path: string, { code, message }: NodeJS.ErrnoException): string {
  const name = printable(path, 200)
  const reasons: Record<string, string> = {
    ENOENT: `there is no file ${name}`,
    ENOTDIR: `there is no file ${name}`,
    EISDIR: `${name} is a folder`,
    EACCES: `${name} cannot be read: you lack the permission`,
    EPERM: `${name} cannot be read: you lack the permission`,
  }
  if (code === undefined) return message
  return reasons[code] ?? `${name} cannot be read (${code})`
}

/** The body in a line, or a sentence why there is none. */
export function bodyOf(line: string): object | string {
  let body: unknown
  try {
    body = JSON.parse(line)
  } catch (error) {
    return `not JSON: ${printable((error as Error).message)}`
  }
  const error = validate(body).find(({ severity }) => severity === 'error')
  if (error) return `${printable(error.path, 200)}${error.path && ': '}${error.message}`
  const keys = Object.keys(body as object)
  if (keys.length && !keys.includes('resourceMetrics'))
    return `no metrics: expected {"resourceMetrics":[…]}, got the key "${printable(keys[0]!)}"`
  return body as object
}
