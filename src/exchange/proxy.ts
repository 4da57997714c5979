import type { Environment } from '../core/decide/folders.ts'
import { proxyVariables } from '../core/deliver/proxy.ts'

/** The proxy for an endpoint. */
export interface Proxy {
  /** The variable that names it. */
  variable: string
  /** Without user name and password. */
  url: string
  /** False if this Node cannot use it: then the request goes directly. */
  used: boolean
}

/** The versions in which `fetch` can use a proxy (NODE_USE_ENV_PROXY). */
const SINCE = 'Node 22.21 or 24.5'

/** The proxy that Node's `fetch` uses for a URL (undici, `lib/dispatcher/env-http-proxy-agent.js`). */
export function proxyOf(url: string, given: Environment): Proxy | undefined {
  const { protocol, hostname, port } = new URL(url)
  // The variables of a helper: each has a scheme, and there is none for this machine.
  const env = { ...given, ...proxyVariables(url, given) }
  const names = ['http_proxy', 'HTTP_PROXY']
  // Without a proxy for https, the one for http is used.
  if (protocol === 'https:') names.unshift('https_proxy', 'HTTPS_PROXY')
  const variable = names.find(name => env[name])
  const number = port || (protocol === 'https:' ? '443' : '80')
  if (!variable || isExcepted(hostname, number, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined
  return {
    variable,
    url: withoutPassword(env[variable]!),
    used: process.allowedNodeEnvironmentFlags.has('--use-env-proxy'),
  }
}

/** `NO_PROXY`: hosts with or without a port. One that begins with a dot or `*` includes all subdomains. */
function isExcepted(hostname: string, port: string, list: string): boolean {
  if (list.trim() === '*') return true
  return list.split(/[,\s]/).some(entry => {
    const [, host = '', only] = /^(.+?)(?::(\d+))?$/.exec(entry.trim().toLowerCase()) ?? []
    if (!host || (only && only !== port)) return false
    return /^[.*]/.test(host) ? hostname.endsWith(host.replace(/^\*/, '')) : hostname === host
  })
}

function withoutPassword(proxy: string): string {
  // Up to the last `@`: a password may hold one.
  return proxy.replace(/^(\w+:\/\/)?.*@/, '$1').replace(/\/$/, '')
}

/** How a request gets to an endpoint; undefined if no proxy is named. */
export function proxySentence(url: string, env: Environment): string | undefined {
  const proxy = proxyOf(url, env)
  if (!proxy) return undefined
  const { variable, used } = proxy
  return used
    ? `through the proxy ${proxy.url} (${variable})`
    : `directly: ${variable} names a proxy, which needs ${SINCE}, and this is ${process.version}`
}
