import { checkUrl } from '../exchange/check.ts'
import { endpointSentence } from '../exchange/sentences.ts'
import type { Context } from './context.ts'
import { inspect, setBy } from './inspect.ts'
import { sentences } from './print.ts'
import { Stop } from './stop.ts'

/** Whether a decision forbids a request. Missing consent and CI do not: the request has no count and no id. */
const forbids = (row: number) => row <= 9 || row === 12

/**
 * `check`: sends an empty export to the endpoint in effect, with its headers and through its proxy, and explains the
 * response. Counts nothing, and sends nothing under a no. Resolves with the exit code, 0 if the export was accepted.
 */
export async function checkEndpoint(context: Context): Promise<number> {
  const { tool, env, stdout } = context
  const { name } = tool.options
  const inspection = inspect(context)
  const { endpoint, target, decision } = inspection
  const from = `(from ${setBy(inspection, name)})`
  if (forbids(decision.row)) throw new Stop(`nothing was contacted: ${decision.reason}`)
  if (!target)
    throw new Stop(
      `${endpoint.endpoint ? endpointSentence(endpoint.endpoint) : 'there is no endpoint'} ${from}`,
    )
  const token = {
    environment:
      'No header goes to an endpoint from the environment: set it in the config file, with its headers',
    config: 'It belongs to the endpoint in the config file: headers = { authorization = "Bearer …" }',
    tool: `It is for ${name} to send: tell its developers, or set it as headers in the config file`,
  }[endpoint.source]
  const { accepted, lines } = await checkUrl(target.url, target.headers, env, token)
  const names = Object.keys(target.headers)
  stdout.write(
    sentences(
      stdout,
      `${target.url} ${from}`,
      ...(names.length ? [`with the headers ${names.join(', ')}`] : []),
      ...lines.flatMap(line => line.split('\n')),
      ...(decision.mode === 'on' ? [] : [`${name} telemetry is ${decision.mode}: ${decision.reason}`]),
    ),
  )
  return accepted ? 0 : 1
}
