import { type FileHandle, open } from 'node:fs/promises'
import { count } from '../count.ts'
import { printable } from '../listen/printable.ts'
import { validate } from '../listen/validate.ts'
import { metricsUrl } from '../otlp/endpoint.ts'
import { attempt } from './attempt.ts'
import { progressOn } from './progress.ts'

/** What the person said. */
export interface Sending {
  file: string
  endpoint: string
  headers: Record<string, string>
  /** The first line to send, from 1. */
  from: number
}

const CTRL_C = 130

/**
 * `otlp-tally send FILE --endpoint URL`: sends OTLP JSON lines, as `telemetry export --format otlp`, `listen --file` and
 * a Collector's file exporter write them, one request each and in their order. Each point has the whole count, so to
 * send a file twice counts once. Returns the exit code: 0 where all were taken, 1 where not, 2 where nothing can be
 * sent at all.
 */
export async function send({ file, endpoint, headers, from }: Sending): Promise<number> {
  const url = metricsUrl(endpoint)
  if (!url) return complain(`${printable(endpoint)} is not an http(s) URL without user name and password`, 2)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const progress = progressOn(process.stderr)
  const say = (sentence: string) => {
    progress.hide()
    complain(sentence, 0)
  }
  let handle: FileHandle | undefined
  let number = 0
  let taken = 0
  let refused = 0
  try {
    handle = await open(file)
    const { size } = await handle.stat()
    let read = 0
    for await (const line of handle.readLines()) {
      number++
      read += Buffer.byteLength(line) + 1
      if (number < from || !line.trim()) continue
      progress.show(read / size, `line ${number}`)
      const problem = problemOf(line)
      const outcome = problem
        ? { taken: false as const, why: problem, all: false }
        : await attempt(url, headers, line, stop.signal)
      if (outcome.taken) taken++
      else {
        refused++
        say(`line ${number}: ${outcome.why}`)
        if (outcome.all) return complain(`stopped. To go on: --from ${number}`, 1)
      }
    }
  } catch (error) {
    progress.hide()
    if (stop.signal.aborted) return complain(`stopped. To go on: --from ${number}`, CTRL_C)
    return complain(`${printable(file)}: ${(error as Error).message}`, 2)
  } finally {
    progress.hide()
    await handle?.close().catch(() => {}) // the stream of its lines may have done so
  }
  if (!taken && !refused) return complain(`${printable(file)}: there is no line to send`, 2)
  process.stdout.write(`${count(taken, 'request')} taken by ${url}${refused ? `, ${refused} not` : ''}\n`)
  return refused ? 1 : 0
}

function complain(sentence: string, code: number): number {
  process.stderr.write(`otlp-tally send: ${sentence}\n`)
  return code
}

/** Why a line is not sent; undefined where it can be. */
function problemOf(line: string): string | undefined {
  let body: unknown
  try {
    body = JSON.parse(line)
  } catch {
    return 'it is not JSON. Is it one request a line, from `telemetry export --format otlp`?'
  }
  const [error] = validate(body).filter(({ severity }) => severity === 'error')
  if (error) return `it is not OTLP/JSON: ${printable(error.path, 200)}: ${error.message}`
  if (hasDelta(body)) return 'it has delta temporality: sent twice it would count twice'
  return undefined
}

/** `body` is valid. */
function hasDelta(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  return Object.entries(body).some(
    ([key, value]) => (key === 'aggregationTemporality' && value === 1) || hasDelta(value),
  )
}
