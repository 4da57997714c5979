import { statSync } from 'node:fs'
import { bodyOf, linesOf } from '../../body/lines.ts'
import { isDelta, metricsOf } from '../../body/metrics-of.ts'
import { parseEndpoint } from '../../core/decide/endpoint.ts'
import { openClient } from '../../exchange/client.ts'
import { proxySentence } from '../../exchange/proxy.ts'
import { sendBody } from '../../exchange/send-body.ts'
import { endpointSentence } from '../../exchange/sentences.ts'
import { plural } from '../../terminal/plural.ts'
import { printable } from '../../terminal/printable.ts'
import { progressOn } from '../progress.ts'

export interface Sending {
  file: string
  endpoint: string
  headers: Record<string, string>
  /** The first line to send, from 1. */
  from: number
}

const CTRL_C = 130

/**
 * `otlp-tally send FILE --endpoint URL`: sends a file of OTLP/JSON, one request per line, in order. Each point has the
 * total, so a file that is sent twice counts once. Resolves with the exit code: 0 if all lines were accepted, 1 if not,
 * 2 if the endpoint is not a URL.
 */
export async function send({ file, endpoint, headers, from }: Sending): Promise<number> {
  const url = parseEndpoint(endpoint)?.url
  if (!url) return complain(endpointSentence(endpoint), 2)
  const proxy = proxySentence(url, process.env)
  if (proxy) complain(proxy, 0)
  const stop = new AbortController()
  const client = openClient(url)
  process.once('SIGINT', () => {
    stop.abort()
    client.close()
  })
  const progress = progressOn(process.stderr)
  const report = (sentence: string) => {
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
      const result = problem
        ? { accepted: false as const, why: problem, all: false }
        : await sendBody(client, url, headers, line, stop.signal)
      if (result.accepted) {
        accepted++
        continue
      }
      refused++
      report(`line ${at}: ${result.why}`)
      if (result.all) return complain(`stopped. To continue: --from ${at}`, 1)
    }
  } catch (error) {
    progress.hide()
    if (stop.signal.aborted) return complain(`stopped. To continue: --from ${number}`, CTRL_C)
    return complain((error as Error).message, 1)
  } finally {
    client.close()
  }
  progress.hide()
  if (!accepted && !refused) return complain(`${printable(file)}: there is no line to send`, 1)
  process.stdout.write(
    `${plural(accepted, 'request')} accepted by ${url}${refused ? `, ${refused} not` : ''}\n`,
  )
  return refused ? 1 : 0
}

function complain(sentence: string, code: number): number {
  process.stderr.write(`otlp-tally send: ${sentence}\n`)
  return code
}

/** Why a line is not sent; undefined if it can be. */
function problemOf(line: string): string | undefined {
  const body = bodyOf(line)
  if (typeof body === 'string') return body
  const hasDelta = metricsOf(body).some(({ metric }) => Object.values(metric).some(isDelta))
  return hasDelta ? 'it has delta temporality: sent twice it would count twice' : undefined
}
