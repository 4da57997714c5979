import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { runCollector } from '../collector/collector.ts'
import { fileCounts, prometheusCounts } from '../collector/counts.ts'
import { freePorts } from '../server.ts'
import { makeWorld } from '../world.ts'
import { prometheusBinaries } from './build.ts'
import { copied, EXAMPLES, flagsOf, folder, TOKEN } from './examples.ts'
import { until } from './lab.ts'
import { makeLoad } from './load.ts'
import { startOne } from './one-server.ts'
import { query, startPrometheus } from './prometheus.ts'

/** The files of examples/collector, each started as it is but for ports and how long things take. */

const PAGE = readFileSync(join(EXAMPLES, '../../docs/backends.md'), 'utf8')

async function promtool(...args: string[]): Promise<string> {
  const { promtool } = await prometheusBinaries()
  const { stdout, stderr } = await promisify(execFile)(promtool, args, { cwd: EXAMPLES })
  return stdout + stderr
}

async function startFleet(dir: string, interval: string) {
  const [port, pagePort] = await freePorts(2)
  const fleet = {
    endpoint: `http://127.0.0.1:${port}`,
    page: `http://127.0.0.1:${pagePort}/metrics`,
    target: `127.0.0.1:${pagePort}`,
    file: join(dir, 'fleet.jsonl'),
    log: join(dir, 'otelcol.log'),
  }
  const collector = await runCollector(
    dir,
    [
      join(EXAMPLES, 'fleet.yaml'),
      {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        processors: { interval: { interval } },
        exporters: {
          file: { path: fleet.file, flush_interval: '100ms' },
          prometheus: { endpoint: fleet.target },
        },
        service: { pipelines: { metrics: { exporters: ['prometheus', 'file'] } } },
      },
    ],
    { endpoint: fleet.endpoint, prometheus: fleet.page, headers: { authorization: `Bearer ${TOKEN}` } },
  )
  onTestFinished(() => collector.stop())
  return { ...fleet, ...collector }
}

function post(endpoint: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${endpoint}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
}

test.each(['prometheus.yml', 'long-term.yml', 'gateway-prometheus.yml', 'fleet-prometheus.yml'])(
  'promtool has nothing to say against %s',
  async name => {
    expect(await promtool('check', 'config', name)).toContain(
      `${name} is valid prometheus config file syntax`,
    )
  },
)

test.each(['rules-test.yml', 'gateway-rules-test.yml'])(
  '%s: the recording rules and the queries give what was counted by hand',
  async name => {
    expect(await promtool('test', 'rules', name)).toContain('SUCCESS')
  },
)

test('and promtool would tell if they did not', async () => {
  const dir = folder()
  copied(dir, 'rules.yml', {})
  const wrong = copied(dir, 'rules-test.yml', { 'value: 107': 'value: 108' })
  await expect(promtool('test', 'rules', wrong)).rejects.toThrow('FAILED')
})

test('every query of docs/backends.md is one that was tested', () => {
  const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim()
  const tested = ['rules-test.yml', 'gateway-rules-test.yml']
    .map(name => squeeze(readFileSync(join(EXAMPLES, name), 'utf8')))
    .join(' ')
  const queries = [...PAGE.matchAll(/```promql\n(.*?)```/gs)].map(([, query]) => squeeze(query!))
  expect(queries.length).toBeGreaterThan(9)
  for (const query of queries) expect(tested).toContain(query)
})

test.each(['prometheus.yml', 'gateway-prometheus.yml', 'fleet-prometheus.yml'])(
  'docs/backends.md starts %s with the flags that are tested',
  name => {
    const [command] = PAGE.replaceAll(/\\\n/g, '').match(new RegExp(`--config.file=${name}[^&\`]*`))!
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

  const rows = async (promql: string) =>
    Object.fromEntries(
      (await query(prometheus, promql)).map(({ labels, value }) => [
        [labels.service_version, labels.command_name].filter(Boolean).join(' '),
        value,
      ]),
    )
  await expect
    .poll(() => rows('job_version_command:command_invocation:day'), { timeout: 30_000 })
    .toEqual({ '1.0.0 build': 4, '1.0.0 check': 2, '2.0.0 build': 2 })
  await expect.poll(() => rows('job:installations:day'), { timeout: 30_000 }).toEqual({ '': 2 })
  expect(await rows('job_version:installations:day')).toEqual({ '1.0.0': 2, '2.0.0': 2 })
})

test('a store for the long term gets the totals, and nothing of an installation', async () => {
  const dir = folder()
  mkdirSync(join(dir, 'store'))
  const store = await startPrometheus(join(dir, 'store'), join(import.meta.dirname, 'default.yml'), [
    '--web.enable-remote-write-receiver',
  ])
  onTestFinished(() => store.stop())
  const { endpoint } = await startOne(dir, 'long-term.yml', { 'http://127.0.0.1:9091': store.url })
  const { tool } = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
  for (const command of ['build', 'build', 'check']) await tool([command])

  const total = async () =>
    (await query(store, 'sum(job_version_command:command_invocation:day)')).map(({ value }) => value)
  await expect.poll(total, { timeout: 30_000 }).toEqual([3])
  const series = await query(store, 'last_over_time({__name__=~".+"}[1h])')
  const labels = new Set(series.flatMap(({ labels }) => Object.keys(labels)))
  expect([...labels].sort()).toEqual(['__name__', 'command_name', 'job', 'service_version'])
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
    .poll(() => says('job_version_command:command_failure:day'), { timeout: 30_000 })
    .toEqual([{ labels: { job: 'trix', service_version: '1.0.0', command_name: 'build' }, value: 1 }])
  await expect
    .poll(() => says('job_agent:command_invocation:day'), { timeout: 30_000 })
    .toEqual([{ labels: { job: 'trix', agent: 'claude' }, value: 1 }])
})

test('a body that is larger than any of ours is refused', async () => {
  const { endpoint } = await startOne(folder())
  const { status } = await post(endpoint, `{${' '.repeat(600_000)}}`)
  expect(status).toBe(400)
})

test('a fleet lets in who has the token, and nobody else', async () => {
  const { endpoint } = await startFleet(folder(), '1s')
  expect((await post(endpoint, '{}')).status).toBe(401)
  expect((await post(endpoint, '{}', { authorization: 'Bearer guess' })).status).toBe(401)
  expect((await post(endpoint, '{}', { authorization: `Bearer ${TOKEN}` })).status).toBe(200)
})

test('a fleet: the tool sends the token, and nothing that leaves the Collector says who', async () => {
  const dir = folder()
  const fleet = await startFleet(dir, '1s')
  // The header belongs to the tool's own endpoint, so this is a tool with that endpoint.
  const worlds = [1, 2, 3].map(() => makeWorld({ TRIX_TELEMETRY: 'on' }))
  const ids: string[] = []
  for (const world of worlds) {
    for (const command of ['build', 'build', 'check'])
      await world.script(
        `import { initTelemetry, trackCommand } from 'otlp-tally'
         initTelemetry({ name: 'trix', version: '1.0.0', endpoint: '${fleet.endpoint}',
           headers: { authorization: 'Bearer ${TOKEN}' } })
         trackCommand('${command}')`,
      )
    ids.push(
      ...world.files().flatMap(path => {
        if (!/\/(fingerprint|instance)$/.test(path)) return []
        return readFileSync(join(world.home, path), 'utf8').trim()
      }),
    )
  }
  expect(ids).toHaveLength(6)
  expect(await postFrom(STRANGER, fleet.endpoint, '{"resourceMetrics":[{}]}')).toBe(200)
  // What is not OTLP may make it complain. Not with the sender's address.
  expect(await postFrom(STRANGER, fleet.endpoint, '{"resourceMetrics":')).toBe(400)
  const expected = { '1.0.0 build': 6, '1.0.0 check': 3 }
  await expect.poll(() => prometheusCounts(fleet.page), { timeout: 30_000 }).toEqual(expected)
  const page = await (await fetch(fleet.page)).text()
  await fleet.stop()
  expect(await fileCounts(fleet.file)).not.toEqual({})

  const left: Record<string, string> = { page, ...Object.fromEntries(texts(dir)) }
  expect(Object.keys(left)).toEqual(expect.arrayContaining(['page', 'fleet.jsonl', 'otelcol.log']))
  for (const text of Object.values(left))
    for (const secret of [...ids, 'fingerprint', STRANGER]) expect(text).not.toContain(secret)
  // The Collector's log names an instance id, its own.
  for (const text of [left.page, left['fleet.jsonl']]) expect(text).not.toContain('instance')
})

/** The address of a client that is not the receiver's own. All of 127.0.0.0/8 is this machine. */
const STRANGER = '127.0.0.9'

function postFrom(localAddress: string, endpoint: string, body: string): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` }
  return new Promise((resolve, reject) => {
    request(`${endpoint}/v1/metrics`, { method: 'POST', headers, localAddress }, response => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
      .on('error', reject)
      .end(body)
  })
}

function texts(dir: string): [name: string, text: string][] {
  return readdirSync(dir, { withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.endsWith('.json'))
    .map(({ name }) => [name, readFileSync(join(dir, name), 'utf8')])
}

test('a fleet: 300 installations at once, and a Prometheus that scrapes their totals', async () => {
  const dir = folder()
  const fleet = await startFleet(dir, '1s')
  const { homes } = await makeLoad(1)
  const { body, instance, points } = await homes[0]!.run('1.0.0', 'build')
  expect(points.at(-1)).toMatchObject({ command: 'build', value: 1 })

  mkdirSync(join(dir, 'prometheus'))
  const config = copied(join(dir, 'prometheus'), 'fleet-prometheus.yml', {
    '127.0.0.1:9464': fleet.target,
    'scrape_interval: 15s': 'scrape_interval: 1s',
  })
  const prometheus = await startPrometheus(join(dir, 'prometheus'), config, flagsOf('fleet-prometheus.yml'))
  onTestFinished(() => prometheus.stop())

  const authorization = `Bearer ${TOKEN}`
  const all = Array.from({ length: 300 }, (_, i) => body.replace(instance, `installation-${i}`))
  const answers = await Promise.all(all.map(body => post(fleet.endpoint, body, { authorization })))
  expect(answers.map(({ status }) => status).filter(status => status !== 200)).toEqual([])

  const total = async (promql: string) => (await query(prometheus, promql)).map(({ value }) => value)
  await expect
    .poll(() => total('sum(command_invocation_total{job="trix", service_version="1.0.0"})'), {
      timeout: 30_000,
    })
    .toEqual([300])
  // From the start, also though the first scrape finds a total that is not zero.
  expect(await total('sum(increase(command_invocation_total{job="trix"}[1h] anchored))')).toEqual([300])
})
