import type { Outcome } from '../core/deliver/job.ts'
import { judge } from './post.ts'
import type { Request } from './sender.ts'

/**
 * The same POST by `node:http(s)`: for a process that is the tool's own, whose `fetch` may be wrapped or mocked, and for
 * a runtime in which `fetch` cannot work. Never rejects.
 */
export function postByHttp(request: Request, signal: AbortSignal): Promise<Outcome> {
  const { url, headers, body } = request
  const isTls = url.startsWith('https:')
  const http = process.getBuiltinModule(isTls ? 'node:https' : 'node:http')
  return new Promise(resolve => {
    const fail = (error: Error & { code?: string }) =>
      resolve({
        what: request.left ? 'unknown' : 'refused',
        why: signal.aborted ? 'timeout' : `${error.code}`,
      })
    try {
      const length = Buffer.byteLength(body)
      const sent = http.request(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': length },
        signal,
      })
      // Until there is a connection, nothing of the request can have been received.
      sent.on('socket', socket =>
        socket.once(isTls ? 'secureConnect' : 'connect', () => (request.left = true)),
      )
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
