import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Activity } from './activity.ts'
import { hostProblem, originProblem } from './browser-origin.ts'
import { createLive } from './live.ts'
import { LIVE_POLICY, liveMain, livePage, type View } from './page.ts'
import type { Totals } from './totals.ts'

/** The page for a browser on this machine. */
export interface Site {
  /** Responds to a request for the page or what belongs to it; false for any other request. */
  visit(request: IncomingMessage, response: ServerResponse): boolean
  /** There is something new to see. */
  changed(): void
}

/** The page at `/`, updated by events from `/events`. */
export function createSite({ totals, activity }: { totals: Totals; activity: Activity }): Site {
  let port: number | undefined
  const view = (): View => ({
    totals: totals.list(),
    others: totals.others(),
    activity,
    endpoint: `http://127.0.0.1:${port}`,
  })
  const live = createLive(
    () => liveMain(view()),
    () => activity.lastMinute.seconds().some(Boolean),
  )

  return {
    changed: live.changed,
    visit(request, response) {
      const { method, url = '', headers } = request
      const path = url.replace(/\?.*/s, '')
      if (method !== 'GET' || !['/', '/events', '/favicon.ico'].includes(path)) return false
      port = request.socket.localPort
      const problem = originProblem(headers, port) ?? hostProblem(headers, port)
      if (problem) say(response, 403, problem)
      // Every browser asks for an icon. There is none.
      else if (path === '/favicon.ico') response.writeHead(204).end()
      else if (path === '/events') {
        if (!live.watch(response)) say(response, 503, 'too many pages are open: close some of them')
      } else {
        response.setHeader('content-security-policy', LIVE_POLICY)
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(livePage(view()))
      }
      return true
    },
  }
}

function say(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`)
}
