import type { Outcome } from '../core/deliver/job.ts'
import { proxyVariables } from '../core/deliver/proxy.ts'
import { judge } from './post.ts'
import { type Request, unanswered } from './step.ts'

/**
 * The same POST by `node:http(s)`, for the tool's own process, whose `fetch` may be wrapped or mocked, and for a
 * runtime in which `fetch` does not work. Goes through the user's proxy from Node 22.21 and 24.5 on. Never rejects.
 *
 * Uses `ClientRequest` and an agent of its own, because tracing libraries wrap `http.request`: they would add a header
 * of theirs, or show this request as one of the tool's.
 */
export function postByHttp(request: Request, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, body } = request
  const isTls = url.startsWith('https:')
  return new Promise(resolve => {
    const fail = (error: Error & { code?: string }) =>
      resolve(unanswered(request, signal.aborted ? 'timeout' : `${error.code}`))
    try {
      const { ClientRequest } = process.getBuiltinModule('node:http')
      const { Agent } = process.getBuiltinModule(isTls ? 'node:https' : 'node:http')
      const { protocol, hostname, port, pathname, search } = new URL(url)
      const options = {
        protocol,
        // `[::1]`
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port || (isTls ? 443 : 80),
        path: pathname + search,
        method: 'POST',
        signal,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: new Agent({ proxyEnv: { ...process.env, ...proxyVariables(url, process.env) } } as object),
      }
      const client = new ClientRequest(options as unknown as URL)
      // Until there is a connection, nothing of the request can have been received.
      client.on('socket', socket => {
        if (!socket.connecting) request.sent = true
        socket.once(isTls ? 'secureConnect' : 'connect', () => (request.sent = true))
      })
      client.on('error', fail)
      client.on('response', response => {
        resolve(judge(response.statusCode ?? 0, response.headers['content-type'] ?? ''))
        response.destroy()
      })
      client.end(body)
    } catch (error) {
      fail(error as Error)
    }
  })
}
