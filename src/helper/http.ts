import type { Outcome } from '../core/deliver/job.ts'
import { proxyVariables } from '../core/deliver/proxy.ts'
import { judge } from './post.ts'
import type { Request } from './step.ts'

/**
 * The same POST by `node:http(s)`, from Node 22.21 and 24.5 on through the user's proxy: for a process that is the tool's own, whose `fetch` may be wrapped or mocked, and for
 * a runtime in which `fetch` cannot work. Never rejects. The agent is its own, and `ClientRequest` is what `request` is
 * made from: tracing libraries wrap `request`, and would add a header of theirs or show it as the tool's.
 */
export function postByHttp(request: Request, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, body } = request
  const isTls = url.startsWith('https:')
  return new Promise(resolve => {
    const fail = (error: Error & { code?: string }) =>
      resolve({
        what: request.mayHaveLeft ? 'unknown' : 'refused',
        why: signal.aborted ? 'timeout' : `${error.code}`,
      })
    try {
      const { ClientRequest } = process.getBuiltinModule('node:http')
      const { Agent } = process.getBuiltinModule(isTls ? 'node:https' : 'node:http')
      const { protocol, hostname, port, pathname, search } = new URL(url)
      const options = {
        ...{ protocol, port: port || (isTls ? 443 : 80), path: pathname + search, method: 'POST', signal },
        // `[::1]`
        host: hostname.replace(/^\[|\]$/g, ''),
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: new Agent({ proxyEnv: { ...process.env, ...proxyVariables(url, process.env) } } as object),
      }
      const sent = new ClientRequest(options as unknown as URL)
      // Until there is a connection, nothing of the request can have been received.
      sent.on('socket', socket => {
        if (!socket.connecting) request.mayHaveLeft = true
        socket.once(isTls ? 'secureConnect' : 'connect', () => (request.mayHaveLeft = true))
      })
      sent.on('error', fail)
      sent.on('response', response => {
        resolve(judge(response.statusCode ?? 0, response.headers['content-type'] ?? ''))
        response.destroy()
      })
      sent.end(body)
    } catch (error) {
      fail(error as Error)
    }
  })
}
