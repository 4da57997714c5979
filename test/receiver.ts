import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { listen } from './loopback.ts'
import { makeWorld, type World } from './world.ts'

/** One request as it arrived. */
export interface Received {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** A real HTTP server on loopback that keeps what it receives. */
export interface Receiver {
  endpoint: string
  requests: Received[]
  /** Resolves when so many requests have come, or rejects after 15 s with what has. */
  arrived(count: number): Promise<Received[]>
  close(): Promise<void>
}

/** Starts a receiver that answers `status`, or does what `reply` does. It is closed when the test ends. */
export async function startReceiver(
  status = 200,
  headers: Record<string, string> = {},
  reply = (response: ServerResponse, _body: string): void => {
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end('{"partialSuccess":{}}')
  },
  port?: number,
): Promise<Receiver> {
  const requests: Received[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => (body += chunk))
    request.on('end', () => {
      const { method = '', url = '' } = request
      requests.push({ method, url, headers: request.headers, body })
      for (const check of waiting) check()
      reply(response, body)
    })
  })
  return {
    endpoint: `http://${await listen(server, undefined, port)}`,
    requests,
    arrived: count =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (requests.length < count) return
          clearTimeout(timeout)
          waiting.delete(check)
          resolve(requests)
        }
        const timeout = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`${requests.length} of ${count} requests arrived`))
        }, 15_000)
        waiting.add(check)
        check()
      }),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A user of a tool, and a receiver in the place of the tool's Collector. */
export async function userWithReceiver(
  env: Record<string, string> = {},
): Promise<{ world: World; receiver: Receiver }> {
  const receiver = await startReceiver()
  return { receiver, world: makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint, ...env }) }
}

/** The same user with `TRIX_TELEMETRY=on`, so that each run is counted and sent. */
export function consentedUser(): ReturnType<typeof userWithReceiver> {
  return userWithReceiver({ TRIX_TELEMETRY: 'on' })
}

/** `{ 'build': 3 }`: the highest value received for each series, by its attributes' values; a series is counted per start. */
export function counts(
  requests: readonly Pick<Received, 'body'>[],
  metric = 'command_invocation',
): Record<string, number> {
  const series = new Map<string, [name: string, value: number]>()
  for (const { body } of requests) {
    for (const { resource, scopeMetrics } of JSON.parse(body).resourceMetrics) {
      for (const { name, sum } of scopeMetrics[0].metrics) {
        if (name !== metric) continue
        for (const { attributes, startTimeUnixNano, asInt } of sum.dataPoints) {
          const key = JSON.stringify([resource, attributes, startTimeUnixNano])
          const label = attributes.map(({ value }: { value: object }) => Object.values(value)[0]).join()
          series.set(key, [label, Math.max(Number(asInt), series.get(key)?.[1] ?? 0)])
        }
      }
    }
  }
  const totals: Record<string, number> = {}
  for (const [label, value] of series.values()) totals[label] = (totals[label] ?? 0) + value
  return totals
}
