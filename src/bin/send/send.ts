import { statSync } from 'node:fs'
import { bodyOf, linesOf } from '../../body/lines.ts'
import { isDelta, metricsOf } from '../../body/metrics-of.ts'
import { parseEndpoint } from '../../core/decide/endpoint.ts'
import { attempt } from '../../exchange/attempt.ts'
import { notAnEndpoint } from '../../exchange/explain.ts'
import { wayTo } from '../../exchange/proxy.ts'
import { openTransport } from '../../exchange/transport.ts'
import { count } from '../../terminal/count.ts'
import { printable } from '../../terminal/printable.ts'
import { progressOn } from '../progress.ts'

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
 * `otlp-tally send FILE --endpoint URL`: sends OTLP JSON lines, as `telemetry export --format otlp`, `listen --file`
 * and a Collector's file exporter write them, one request each and in their order. Each point has the whole count, so
 * a file that is sent twice counts once. Returns the exit code: 0 where all were accepted, 1 where not, 2 for no URL.
 */
export async function send({ file, endpoint, headers, from }: Sending): Promise<number> {
  const url = parseEndpoint(endpoint)?.url
  if (!url) return complain(notAnEndpoint(endpoint), 2)
  const way = wayTo(url, process.env)
  if (way) complain(way, 0)
  const stop = new AbortController()
  const transport = openTransport(url)
  process.once('SIGINT', () => {
    stop.abort()
    transport.close()
  })
  const progress = progressOn(process.stderr)
  const say = (sentence: string) => {
    progress.hide()
    complain(sentence, 0)
  }
  let [number, accepted, refused] = [from, 0, 0]
  try {
    const size = file === '-' ? undefined : statSync(file, { throwIfNoEntry: false })?.size
    for await (const [at, line, bytes] of linesOf(file)) {
      if (at < from) continue
      number = at
      progress.show(size ? bytes / size : undefined, `line ${at}`)
      const problem = problemOf(line)
      const outcome = problem
        ? { accepted: false as const, why: problem, all: false }
        : await attempt(transport, url, headers, line, stop.signal)
      if (outcome.accepted) {
        accepted++
        continue
      }
      refused++
      say(`line ${at}: ${outcome.why}`)
      if (outcome.all) return complain(`stopped. To go on: --from ${at}`, 1)
    }
  } catch (error) {
    progress.hide()
    if (stop.signal.aborted) return complain(`stopped. To go on: --from ${number}`, CTRL_C)
    return complain((error as Error).message, 1)
  } finally {
    transport.close()
  }
  progress.hide()
  if (!accepted && !refused) return complain(`${printable(file)}: there is no line to send`, 1)
  process.stdout.write(
    `${count(accepted, 'request')} accepted by ${url}${refused ? `, ${refused} not` : ''}\n`,
  )
  return refused ? 1 : 0
}

function complain(sentence: string, code: number): number {
  process.stderr.write(`otlp-tally send: ${sentence}\n`)
  return code
}

/** Why a line is not sent; undefined where it can be. */
function problemOf(line: string): string | undefined {
  const body = bodyOf(line)
  if (typeof body === 'string') return body
  const hasDelta = metricsOf(body).some(({ metric }) => Object.values(metric).some(isDelta))
  return hasDelta ? 'it has delta temporality: sent twice it would count twice' : undefined
}
