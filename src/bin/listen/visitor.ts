import type { IncomingHttpHeaders } from 'node:http'

/** Names of this machine for itself, which no other web page can have. */
const OURS = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d+))?$/i

/**
 * Why a browser's request comes from another web page than ours; undefined where it does not. A page of anybody can
 * make a browser send to loopback, but not without these headers. Other clients send neither header.
 */
export function strangerProblem(headers: IncomingHttpHeaders, port: number | undefined): string | undefined {
  const { origin, 'sec-fetch-site': site = 'none' } = headers
  const ours = origin === undefined || (origin.startsWith('http://') && isOurs(origin.slice(7), port))
  if (ours && (site === 'none' || site === 'same-origin')) return undefined
  return 'a page of another origin has asked for this: nothing here is for other pages'
}

/**
 * Why a request may have been led here by the name of another host, which DNS says is this one (rebinding): then that
 * host's page would be allowed to read the answer. Undefined where it was not.
 */
export function hostProblem({ host }: IncomingHttpHeaders, port: number | undefined): string | undefined {
  if (isOurs(host ?? '', port)) return undefined
  return `this page is shown at http://127.0.0.1:${port}/ only, under no other name`
}

function isOurs(host: string, port: number | undefined): boolean {
  const [found, written = '80'] = OURS.exec(host) ?? []
  return found !== undefined && Number(written) === port
}
