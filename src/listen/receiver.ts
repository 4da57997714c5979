import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { type Answer, refusal, refuseHead, success } from './answer.ts'
import { printable } from './printable.ts'
import { type Arrival, createTotals, type Total } from './totals.ts'
import { type Problem, validate } from './validate.ts'

/** The Collector's default bound of a request body, before and after it is unpacked. */
const MAX_BYTES = 20 * 2 ** 20

export interface Receiver {
  /** Not listening yet. */
  server: Server
  /** What has been counted so far, largest first. */
  totals(): Total[]
}

/** What a receiver tells about each request. */
export interface Events {
  arrival?(arrival: Arrival): void
  /** A sentence, one line, safe to print: why a body was refused, or what to mend in one that was not. */
  remark?(sentence: string): void
}

/** An OTLP/HTTP receiver of metrics in JSON, for development: any sender's, answered as the specification says. */
export function createReceiver({ arrival, remark }: Events = {}): Receiver {
  const totals = createTotals()
  let saidFull = false

  async function answer(request: IncomingMessage): Promise<Answer> {
    const refused = refuseHead(request.method, request.url, request.headers)
    if (refused) return refused
    const body = await readBody(request)
    if (typeof body !== 'string') return body
    const parsed = parseJson(body)
    if ('message' in parsed) return refusal(`the body is not JSON: ${printable(parsed.message)}`)
    const problems = validate(parsed.value)
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length) return refusal(errors.map(sentence).join('; '))
    for (const arrived of totals.add(parsed.value)) arrival?.(arrived)
    if (totals.full && !saidFull) {
      saidFull = true
      remark?.('there are more series than this receiver keeps: new ones are not counted any more')
    }
    if (/charset/i.test(request.headers['content-type'] ?? '')) {
      remark?.('content-type has a charset: Prometheus refuses that, send application/json alone')
    }
    return success(problems.map(sentence).join('; ') || undefined)
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body, remark: said } = await answer(request)
    if (said) remark?.(said)
    // What was not read of a refused request is not worth reading.
    response.writeHead(status, { ...headers, ...(request.complete ? {} : { connection: 'close' }) }).end(body)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.destroy()) // the sender went away in the middle of its request
  })
  return { server, totals: totals.list }
}

const unpackers = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
])

/** The text of the body, or why it is refused. */
async function readBody(request: IncomingMessage): Promise<string | Answer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BYTES) return refusal(`the body is larger than ${MAX_BYTES} bytes`, 413)
    chunks.push(chunk as Buffer)
  }
  const bytes = Buffer.concat(chunks)
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const unpack = unpackers.get(encoding)
  if (encoding === 'identity') return bytes.toString('utf8')
  if (!unpack)
    return refusal(`content-encoding ${printable(encoding)} is not known here: use gzip, deflate or none`)
  try {
    return (await unpack(bytes, { maxOutputLength: MAX_BYTES })).toString('utf8')
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return tooLarge
      ? refusal(`the body is larger than ${MAX_BYTES} bytes when it is unpacked`, 413)
      : refusal(`the body is not ${encoding}: ${(error as Error).message}`)
  }
}

function parseJson(text: string): { value: unknown } | { message: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { message: (error as Error).message }
  }
}

function sentence({ path, message }: Problem): string {
  return path ? `${printable(path, 200)}: ${message}` : message
}
