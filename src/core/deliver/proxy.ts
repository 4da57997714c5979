import { parseEndpoint } from '../decide/endpoint.ts'
import type { Environment } from '../decide/folders.ts'

/**
 * The proxy variables of a helper. `curl` also accepts `127.0.0.1:3128`, `socks5://…` and `ALL_PROXY`, but Node exits
 * at start-up if a variable is not an http(s) URL. So a missing scheme is added, and what Node cannot use is left out.
 * A request to this machine never goes through a proxy.
 */
export function proxyVariables(url: string, env: Environment): NodeJS.ProcessEnv {
  const proxies: NodeJS.ProcessEnv = {}
  const isLocal = parseEndpoint(url)?.local
  let all: string | undefined
  for (const name of Object.keys(env)) {
    const [, scheme] = /^(https?|all)_proxy$/i.exec(name) ?? []
    if (!scheme) continue
    const proxy = isLocal ? undefined : proxyUrl(env[name]!)
    proxies[name] = proxy
    if (/all/i.test(scheme)) all ??= proxy
  }
  // Node does not know ALL_PROXY. In Windows `https_proxy` and `HTTPS_PROXY` are the same variable.
  const used = url.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  if (all && !Object.keys(env).some(name => name.toUpperCase() === used)) proxies[used] = all
  return proxies
}

function proxyUrl(text: string): string | undefined {
  const proxy = text.trim()
  try {
    const url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`)
    return /^https?:$/.test(url.protocol) ? url.href : undefined
  } catch {
    return undefined // empty, or nothing that Node could use
  }
}
