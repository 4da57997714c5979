const METRICS_PATH = '/v1/metrics'

/**
 * Where the POST goes: `/v1/metrics` appended to the path of the base URL, the query kept; a path that already ends
 * in `/v1/metrics` is used as it is.
 *
 * Undefined for anything that is not an http(s) URL, and for one with a user name or password in it: `fetch` refuses
 * those, and a secret belongs into `headers`, where nothing prints it.
 *
 * Source: OTLP exporter specification, "Endpoint URLs for OTLP/HTTP".
 */
export function metricsUrl(endpoint: string): string | undefined {
  try {
    const url = new URL(endpoint)
    if (!/^https?:$/.test(url.protocol) || url.username || url.password) return undefined
    const path = url.pathname.replace(/\/+$/, '')
    url.pathname = path.endsWith(METRICS_PATH) ? path : path + METRICS_PATH
    url.hash = ''
    return url.href
  } catch {
    return undefined // not a URL
  }
}
