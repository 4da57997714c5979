import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeWorld } from '../world.ts'
import { copied, DOCS, EXAMPLES, flagsOf, folder } from './examples.ts'
import { until } from './lab.ts'
import { makeLoad } from './load.ts'
import { startOne } from './one-server.ts'
import { counts, query } from './prometheus.ts'
import { promtool } from './promtool.ts'

/** The files of examples/collector, each started as it is but for ports and how long things take. */

function post(endpoint: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${endpoint}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
}

test.each(['prometheus.yml', 'gateway-prometheus.yml'])(
  'promtool has nothing to say against %s',
  async name => {
    expect(await promtool(['check', 'config', name])).toContain(
      `${name} is valid prometheus config file syntax`,
    )
  },
)

test.each(['rules-test.yml', 'gateway-rules-test.yml'])(
  '%s: the recording rules and the queries give what was counted by hand',
  async name => {
    expect(await promtool(['test', 'rules', name])).toContain('SUCCESS')
  },
)

test('promtool finds a wrong answer', async () => {
  const dir = folder()
  copied(dir, 'rules.yml', {})
  const wrong = copied(dir, 'rules-test.yml', { 'value: 107': 'value: 108' })
  await expect(promtool(['test', 'rules', wrong], dir)).rejects.toThrow('FAILED')
})

test('every query of docs/backends is one that was tested', () => {
  const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim()
  const tested = ['rules-test.yml', 'gateway-rules-test.yml']
    .map(name => squeeze(readFileSync(join(EXAMPLES, name), 'utf8')))
    .join(' ')
  const queries = [...DOCS.matchAll(/```promql\n(.*?)```/gs)].map(([, query]) => squeeze(query!))
  expect(queries.length).toBeGreaterThan(9)
  for (const query of queries) expect(tested).toContain(query)
})

test.each(['prometheus.yml', 'gateway-prometheus.yml'])(
  'docs/backends starts %s with the flags that are tested',
  name => {
    const [command] = DOCS.replaceAll(/\\\n/g, '').match(new RegExp(`--config.file=${name}[^&\`]*`))!
    for (const flag of flagsOf(name)) expect(command).toContain(flag)
  },
)

test('one server: from the tool through the Collector and the rules to the chart', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  const worlds = [1, 2].map(() => makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint }))
  for (const { tool } of worlds)
    for (const [command, TRIX_VERSION] of [
      ['build', '1.0.0'],
      ['build', '1.0.0'],
      ['check', '1.0.0'],
      ['build', '2.0.0'],
    ] as const)
      await tool([command], { TRIX_VERSION })

  await expect
    .poll(() => counts(prometheus))
    .toEqual({ '1.0.0 build': 4, '1.0.0 check': 2, '2.0.0 build': 2 })
  await expect.poll(() => counts(prometheus, 'job:installations:day')).toEqual({ '': 2 })
  expect(await counts(prometheus, 'job_version:installations:day')).toEqual({ '1.0.0': 2, '2.0.0': 2 })
})

test('one server: what is not the tool’s own goes no further', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  const { homes } = await makeLoad(1)
  const { body } = await homes[0]!.run('1.0.0', 'build')
  await post(endpoint, body.replaceAll('"trix"', '"another"'))
  await post(endpoint, body.replaceAll('"command_invocation"', '"another"'))
  await post(endpoint, body)
  await until(async () => (await query(prometheus, 'command_invocation_total')).length > 0)
  const names = await query(prometheus, 'count by (__name__, job) ({job!=""})')
  expect(
    names.map(({ labels }) => `${labels.job} ${labels.__name__}`).filter(name => !name.includes(':')),
  ).toEqual(['trix command_invocation_total', 'trix target_info'])
})

test('one server: failures and agents come through to the rules', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  const { homes } = await makeLoad(1)
  const { body } = await homes[0]!.run('1.0.0', 'build')
  await post(endpoint, body.replaceAll('"command_invocation"', '"command_failure"'))
  const command = '{"key":"command_name","value":{"stringValue":"build"}}'
  expect(body).toContain(command)
  const agent = '{"key":"agent","value":{"stringValue":"claude"}}'
  await post(endpoint, body.replaceAll(command, `${command},${agent}`))
  const says = async (promql: string) =>
    (await query(prometheus, promql)).map(({ labels: { __name__, ...labels }, value }) => ({ labels, value }))
  await expect
    .poll(() => says('job_version_command:command_failure:day'))
    .toEqual([{ labels: { job: 'trix', service_version: '1.0.0', command_name: 'build' }, value: 1 }])
  await expect
    .poll(() => says('job_agent:command_invocation:day'))
    .toEqual([{ labels: { job: 'trix', agent: 'claude' }, value: 1 }])
})

test('one server: what the tool runs on comes through to the rules', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  for (const version of ['1.0.0', '1.0.1']) {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.script(
      `import { initTelemetry } from 'otlp-tally'
       initTelemetry({ name: 'trix', version: '${version}', endpoint: '${endpoint}', commands: ['build'], environment: true })
         .trackCommand('build')`,
    )
  }
  const runtime = process.versions.node.split('.')[0]
  await expect
    .poll(() => query(prometheus, 'job_environment:installations:week'))
    .toMatchObject([
      {
        labels: {
          os_type: process.platform,
          process_runtime_name: 'nodejs',
          process_runtime_version: runtime,
        },
        value: 2,
      },
    ])
})

test('a body that is larger than any of ours is refused', async () => {
  const { endpoint } = await startOne(folder())
  const { status } = await post(endpoint, `{${' '.repeat(65_536)}}`)
  expect(status).toBe(400)
})
