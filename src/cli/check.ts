import { headersOf, settingsOf } from '../core/decide/decide.ts'
import { checkUrl } from '../exchange/check.ts'
import { notAnEndpoint } from '../exchange/explain.ts'
import type { Context } from './context.ts'
import { inspect, setBy } from './inspect.ts'

/**
 * `check`: sends an empty export to the endpoint that is in effect, with the headers that go to it and on the way that
 * they go, and explains the answer. Counts nothing. The exit code is 0 where it was accepted.
 */
export async function checkOwn({ tool, env, stdout, stderr }: Context): Promise<number> {
  const { name } = tool.options
  const inspection = inspect(tool, env)
  const { facts, endpoint, decision, config } = inspection
  if (facts.denied) {
    stderr.write(`${name} telemetry check: ${facts.denied}\n`)
    return 1
  }
  if (!endpoint.url) {
    const why = endpoint.endpoint ? notAnEndpoint(endpoint.endpoint) : 'there is no endpoint'
    stderr.write(`${name} telemetry check: ${why} (from ${setBy(inspection)})\n`)
    return 1
  }
  if ('problem' in config)
    stderr.write(`${name} telemetry check: without the config file: ${config.problem}\n`)
  const headers = headersOf(facts, settingsOf(facts), endpoint.source)
  const token = {
    environment:
      'No header goes to an endpoint from the environment: set it in the config file, with its headers',
    config: 'It belongs to the endpoint in the config file: headers = { authorization = "Bearer …" }',
    tool: `It is for ${name} to send: tell its developers, or set it as headers in the config file`,
  }[endpoint.source]
  const { accepted, lines } = await checkUrl(endpoint.url, headers, env, token)
  const names = Object.keys(headers)
  stdout.write(
    [
      `${endpoint.url} (from ${setBy(inspection)})`,
      ...(names.length ? [`with the headers ${names.join(', ')}`] : []),
      ...lines,
      ...(decision.mode === 'on' ? [] : [`${name} telemetry is ${decision.mode}: ${decision.reason}`]),
    ]
      .map(line => `${line}\n`)
      .join(''),
  )
  return accepted ? 0 : 1
}
