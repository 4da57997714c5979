import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { validate } from '../../body/validate.ts'
import { printable } from '../../terminal/printable.ts'
import { type Activity, createActivity } from './activity.ts'
import { originProblem } from './browser-origin.ts'
import { inFull, inShort } from './problems.ts'
import { readBody } from './read-body.ts'
import { type HttpResponse, plain, refusal, refuseHead, success } from './response.ts'
import { createSite } from './site.ts'
import { type Arrival, createTotals, type Totals } from './totals.ts'

export interface Receiver {
  /** Does not listen yet. */
  server: Server
  totals: Totals
  activity: Activity
}

/** Is called for each request. */
export interface Observer {
  arrival?(arrival: Arrival): void
  /** With the text of a body that was accepted. May return a problem, as a sentence. */
  body?(text: string): string | undefined
  /** With one line, safe to print: why a body was refused, or what to fix in an accepted one. */
  remark?(sentence: string): void
}

/** Browsers must not cache a response, guess its type, send a referrer or show it in a frame. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * A development receiver of OTLP/HTTP metrics in JSON, from any sender. A browser on this machine sees at `/` what has
 * arrived; events at `/events` keep that page up to date.
 */
export function createReceiver({
  arrival: onArrival,
  body: onBody,
  remark: onRemark,
}: Observer = {}): Receiver {
  const totals = createTotals()
  const activity = createActivity()
  const site = createSite({ totals, activity })
  let warnedFull = false

  function remark(sentence: string): void {
    activity.remark(sentence)
    onRemark?.(sentence)
  }

  async function answer(request: IncomingMessage): Promise<HttpResponse> {
    const foreign = originProblem(request.headers, request.socket.localPort)
    if (foreign) return plain(403, foreign)
    const refused = refuseHead(request.method, request.url, request.headers)
    if (refused) return refused
    const body = await readBody(request)
    if (typeof body !== 'string') return body
    const parsed = parseJson(body)
    if ('message' in parsed) return refusal(`the body is not JSON: ${printable(parsed.message)}`)
    const problems = validate(parsed.value)
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length) return refusal(inFull(errors), { short: inShort(errors) })
    activity.accept(body, parsed.value)
    for (const arrived of totals.add(parsed.value)) {
      activity.arrival(arrived)
      onArrival?.(arrived)
    }
    const problem = onBody?.(body)
    if (problem) remark(printable(problem, 500))
    if (totals.full && !warnedFull) {
      warnedFull = true
      remark('this receiver keeps no more series: new ones are not counted')
    }
    if (/charset/i.test(request.headers['content-type'] ?? '')) {
      remark('content-type has a charset: Prometheus refuses that, send application/json alone')
    }
    return problems.length ? success(inFull(problems), inShort(problems)) : success()
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (site.visit(request, response)) return
    const { status, headers, body, remark: sentence } = await answer(request)
    if (status >= 400) activity.refuse(sentence)
    if (sentence) remark(sentence)
    site.changed()
    // The rest of a refused request is not read.
    response.writeHead(status, { ...headers, ...(request.complete ? {} : { connection: 'close' }) }).end(body)
  }

  const server = createServer((request, response) => {
    // Usually the sender has disconnected within its request. Whatever it is, no sender waits for a response.
    handle(request, response).catch(() => request.socket.destroy())
  })
  return { server, totals, activity }
}

function parseJson(text: string): { value: unknown } | { message: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { message: (error as Error).message }
  }
}
