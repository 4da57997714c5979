import type { IncomingHttpHeaders } from 'node:http'

/** The hosts under which a browser on this machine finds this server. No other web page has one of them. */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d+))?$/i

/**
 * Why a request is refused that another web page has made; undefined for any other request. Any page can make a browser
 * send a request to loopback, but the browser then adds one of these headers. Other clients send neither.
 */
export function originProblem(headers: IncomingHttpHeaders, port: number | undefined): string | undefined {
  const { origin, 'sec-fetch-site': site = 'none' } = headers
  const ours = origin === undefined || (origin.startsWith('http://') && isOurs(origin.slice(7), port))
  if (ours && (site === 'none' || site === 'same-origin')) return undefined
  return 'this request comes from a page of another origin, and is refused'
}

/**
 * Why a request for a page is refused that names another host: with DNS rebinding the name of a stranger's site resolves
 * to loopback, and its page could read the response. Undefined where the host is this machine.
 */
export function hostProblem({ host }: IncomingHttpHeaders, port: number | undefined): string | undefined {
  if (isOurs(host ?? '', port)) return undefined
  return `this page is only at http://127.0.0.1:${port}/`
}

function isOurs(host: string, port: number | undefined): boolean {
  const [found, written = '80'] = LOOPBACK.exec(host) ?? []
  return found !== undefined && Number(written) === port
}
