const METRICS_PATH = '/v1/metrics'

/** Where the POST goes, from a base URL. */
export interface Endpoint {
  url: string
  /** Scheme, host and port: what an agreement is about. `https://otel.example.com:443`. */
  origin: string
  /** On this machine: `localhost`, 127.0.0.0/8, `[::1]`. */
  local: boolean
}

/**
 * Appends `/v1/metrics` to the path of the base URL, unless it already ends so, and keeps the query.
 *
 * Undefined for anything that is not an http(s) URL, and for one with a user name or password in it: `fetch` refuses
 * those, and a secret belongs in `headers`, whose values are never printed.
 *
 * Source: OTLP exporter specification, "Endpoint URLs for OTLP/HTTP".
 */
export function parseEndpoint(endpoint: string): Endpoint | undefined {
  try {
    const url = new URL(endpoint)
    if (!/^https?:$/.test(url.protocol) || url.username || url.password) return undefined
    const path = url.pathname.replace(/\/+$/, '')
    url.pathname = path.endsWith(METRICS_PATH) ? path : path + METRICS_PATH
    url.hash = ''
    const { href, protocol, hostname, port } = url
    const origin = `${protocol}//${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
    return { url: href, origin, local: /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) }
  } catch {
    return undefined // not a URL
  }
}
