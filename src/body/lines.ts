import { createReadStream } from 'node:fs'
import { printable } from '../terminal/printable.ts'
import { validate } from './validate.ts'

// Files of OTLP/JSON, an ExportMetricsServiceRequest a line: what `telemetry export --format otlp`, `otlp-tally listen
// --file` and the Collector's file exporter write.

/** Far more than a body may have; more than this at once would be felt in memory. */
export const MAX_LINE: number = 64 * 2 ** 20

/**
 * The lines of a file with their numbers, blank ones left out, one after the other however large the file is; undefined
 * for a line that is too long. Only a line feed ends a line: JSON may hold every other character that some take for
 * one.
 */
export async function* linesOf(path: string): AsyncGenerator<[number: number, line: string | undefined]> {
  let number = 1
  let parts: Buffer[] = []
  let size = 0
  const line = (): [number, string | undefined] => {
    const text = size > MAX_LINE ? undefined : Buffer.concat(parts).toString('utf8')
    parts = []
    size = 0
    return [number++, text]
  }
  const add = (part: Buffer) => {
    size += part.length
    if (size > MAX_LINE) parts = []
    else parts.push(part)
  }
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end))
      start = end + 1
      const read = line()
      if (read[1] === undefined || read[1].trim()) yield read
    }
    add(chunk.subarray(start))
  }
  const last = line()
  if (last[1] === undefined || last[1].trim()) yield last
}

/** The body that is in a line, or in words why it is none. */
export function bodyOf(line: string | undefined): object | string {
  if (line === undefined) return 'longer than 64 MiB'
  let body: unknown
  try {
    body = JSON.parse(line)
  } catch (error) {
    return `no JSON: ${printable((error as Error).message)}`
  }
  const error = validate(body).find(({ severity }) => severity === 'error')
  if (error) return `${printable(error.path, 200)}${error.path && ': '}${error.message}`
  const keys = Object.keys(body as object)
  if (keys.length && !keys.includes('resourceMetrics'))
    return `no metrics: expected {"resourceMetrics":[…]}, got the key "${printable(keys[0]!)}"`
  return body as object
}
