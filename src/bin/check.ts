import { parseEndpoint } from '../core/decide/endpoint.ts'
import { checkUrl } from '../exchange/check.ts'
import { endpointSentence } from '../exchange/sentences.ts'

/** `otlp-tally check URL`. Resolves with the exit code: 0 if the empty export was accepted, 1 if not, 2 if it is no URL. */
export async function check(endpoint: string, headers: Record<string, string>): Promise<number> {
  const url = parseEndpoint(endpoint)?.url
  if (!url) {
    process.stderr.write(`otlp-tally check: ${endpointSentence(endpoint)}\n`)
    return 2
  }
  const token = "Pass one with --header 'authorization: Bearer …'"
  const { accepted, lines } = await checkUrl(url, headers, process.env, token)
  process.stdout.write(`${[url, ...lines].join('\n')}\n`)
  return accepted ? 0 : 1
}
