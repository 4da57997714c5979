import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { validate } from '../../body/validate.ts'
import { printable } from '../../terminal/printable.ts'
import { type Answer, plain, refusal, refuseHead, success } from './answer.ts'
import { createHistory, type History } from './history.ts'
import { inFull, inShort } from './problems.ts'
import { readBody } from './read-body.ts'
import { createSite } from './site.ts'
import { type Arrival, createTotals, type Totals } from './totals.ts'
import { strangerProblem } from './visitor.ts'

export interface Receiver {
  /** Not listening yet. */
  server: Server
  /** What has come so far. */
  totals: Totals
  history: History
}

/** What a receiver tells about each request. */
export interface Events {
  arrival?(arrival: Arrival): void
  /** The text of a body that was taken. May return a sentence to remark. */
  body?(text: string): string | undefined
  /** One line, safe to print: why a body was refused, or what to fix in an accepted one. */
  remark?(sentence: string): void
}

/** Browsers must not cache it, guess its type, send a referrer or show it in a frame. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * An OTLP/HTTP receiver of metrics in JSON, for development: any sender's, answered as the specification says. To a
 * browser on this machine it shows at `/` what has come, which goes on by the events at `/events`.
 */
export function createReceiver({ arrival, body: taken, remark: say }: Events = {}): Receiver {
  const totals = createTotals()
  const history = createHistory()
  const site = createSite({ totals, history })
  let saidFull = false

  function remark(sentence: string): void {
    history.remark(sentence)
    say?.(sentence)
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const stranger = strangerProblem(request.headers, request.socket.localPort)
    if (stranger) return plain(403, stranger)
    const refused = refuseHead(request.method, request.url, request.headers)
    if (refused) return refused
    const body = await readBody(request)
    if (typeof body !== 'string') return body
    const parsed = parseJson(body)
    if ('message' in parsed) return refusal(`the body is not JSON: ${printable(parsed.message)}`)
    const problems = validate(parsed.value)
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length) return refusal(inFull(errors), { short: inShort(errors) })
    history.accept(body, parsed.value)
    for (const arrived of totals.add(parsed.value)) {
      history.arrival(arrived)
      arrival?.(arrived)
    }
    const said = taken?.(body)
    if (said) remark(printable(said, 500))
    if (totals.full && !saidFull) {
      saidFull = true
      remark('there are more series than this receiver keeps: new ones are not counted any more')
    }
    if (/charset/i.test(request.headers['content-type'] ?? '')) {
      remark('content-type has a charset: Prometheus refuses that, send application/json alone')
    }
    return problems.length ? success(inFull(problems), inShort(problems)) : success()
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (site.visit(request, response)) return
    const { status, headers, body, remark: said } = await answer(request)
    if (status >= 400) history.refuse(said)
    if (said) remark(said)
    site.changed()
    // Discard the rest of a refused request.
    response.writeHead(status, { ...headers, ...(request.complete ? {} : { connection: 'close' }) }).end(body)
  }

  const server = createServer((request, response) => {
    // The sender went away in the middle of its request. Whatever else it could be, nobody is left waiting.
    handle(request, response).catch(() => request.socket.destroy())
  })
  return { server, totals, history }
}

function parseJson(text: string): { value: unknown } | { message: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { message: (error as Error).message }
  }
}
