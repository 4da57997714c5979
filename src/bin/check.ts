import { parseEndpoint } from '../core/decide/endpoint.ts'
import { checkUrl } from '../exchange/check.ts'
import { notAnEndpoint } from '../exchange/explain.ts'

/** `otlp-tally check URL`: the exit code is 0 where the empty export was accepted, 1 where not, 2 for no URL. */
export async function check(endpoint: string, headers: Record<string, string>): Promise<number> {
  const url = parseEndpoint(endpoint)?.url
  if (!url) {
    process.stderr.write(`otlp-tally check: ${notAnEndpoint(endpoint)}\n`)
    return 2
  }
  const token = "Pass one with --header 'authorization: Bearer …'"
  const { accepted, lines } = await checkUrl(url, headers, process.env, token)
  process.stdout.write(`${[url, ...lines].join('\n')}\n`)
  return accepted ? 0 : 1
}
