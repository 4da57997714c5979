import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { configuration } from '../../src/bin/collector/configuration.ts'
import { deltaCounts, fileLines } from '../collector/counts.ts'
import { randomOf } from '../fuzz/random.ts'
import { makeWorld, runProcess } from '../world.ts'
import { accepted, makeCrowd } from './crowd.ts'
import { configurationsOf, copied, EXAMPLES, folder, intoFile } from './examples.ts'
import { crowdOfForgers, type Forged, forgedBody } from './forger.ts'
import { startCollector, startFleet } from './gateways.ts'
import { programOf } from './kill.ts'
import { until } from './lab.ts'
import { builds, makeLoad } from './load.ts'
import { startOne } from './one-server.ts'
import { counts, number, query } from './prometheus.ts'

/**
 * Strangers who know the format, the address and the token, against the servers with the files to copy. What they can do
 * to the numbers is asserted too: docs/backends/forgers.md says it.
 */

const BIN = join(import.meta.dirname, '../../dist/bin.js')
const SEED = Number(process.env.SEED ?? Math.floor(Date.now() / 86_400_000))

async function post(
  endpoint: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${endpoint}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  await response.text()
  return response.status
}

/** All that is wrong in one way, and would be right without it. */
const NOT_OURS: Record<string, (body: string) => string> = {
  'another tool': body => body.replace('"trix"', '"trax"'),
  'no name': body => body.replace('service.name', 'service.nickname'),
  'a version of another form': body => body.replace('6.6.6', 'six'),
  'a version of two lines': body => body.replace('6.6.6', '6.6.6\\n'),
  'an id of another form': body => body.replace(/"[0-9a-f-]{36}"/, '"me"'),
  'a fingerprint of another form': body => body.replace('f'.repeat(64), 'F'.repeat(64)),
  'a fingerprint that is no text': body =>
    body.replace(`{"stringValue":"${'f'.repeat(64)}"}`, '{"kvlistValue":{"values":[]}}'),
  'an attribute twice': body =>
    body.replace(
      '{"key":"service.version"',
      '{"key":"service.version","value":{"stringValue":"6.6.7"}},{"key":"service.version"',
    ),
  'another metric': body => body.replace('command_invocation', 'process_cpu_time'),
  'another command': body => body.replaceAll('"build"', '"rm -rf /"'),
  'another key': body => body.replaceAll('command_name', 'path'),
  'one key more': body =>
    body.replaceAll(
      '{"key":"command_name"',
      '{"key":"path","value":{"stringValue":"/"}},{"key":"command_name"',
    ),
  'a key twice': body =>
    body.replaceAll(
      '{"key":"command_name"',
      '{"key":"command_name","value":{"stringValue":"check"}},{"key":"command_name"',
    ),
  'another agent': body =>
    body.replaceAll(
      '{"key":"command_name"',
      '{"key":"agent","value":{"stringValue":"007"}},{"key":"command_name"',
    ),
  'an agent without a value': body =>
    body.replaceAll('{"key":"command_name"', '{"key":"agent","value":{}},{"key":"command_name"'),
  'a negative count': body =>
    body.replace('"asInt":"1"', '"asInt":"-1"').replace('"asInt":"0"', '"asInt":"-2"'),
  'a count that cannot be': body => body.replace(/"asInt":"[01]"/g, '"asInt":"1000001"'),
  'a count that is no integer': body => body.replace(/"asInt":"[01]"/g, '"asDouble":1.5'),
  'a count that is no number': body => body.replace(/"asInt":"[01]"/g, '"asDouble":"NaN"'),
  'the mark of a series that ended': body => body.replaceAll('"asInt"', '"flags":1,"asInt"'),
  'an example of a trace': body =>
    body.replaceAll('"asInt"', '"exemplars":[{"timeUnixNano":"1","asInt":"1"}],"asInt"'),
  'a time of tomorrow': body => moved(body, 86_400_000),
  'a time of two years ago': body => moved(body, -730 * 86_400_000),
  'a gauge': body => body.replace('"sum"', '"gauge"'),
  deltas: body => body.replace('"aggregationTemporality":2', '"aggregationTemporality":1'),
  'a sum that may fall': body => body.replace('"isMonotonic":true', '"isMonotonic":false'),
}

function moved(body: string, by: number): string {
  return body.replace(/"(\d{13})000000"/g, (_, time) => `"${Number(time) + by}000000"`)
}

test('tool.yaml is what the command makes of a tool that counts all that there is', async () => {
  const world = makeWorld()
  const preview = await world.script(
    `import { initTelemetry } from 'otlp-tally'
     import { runTelemetryCommand } from 'otlp-tally/cli'
     initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com',
       commands: ['init', 'check', 'build', 'test'], events: { documents_tested: { empty: Boolean } },
       failures: true, agents: true, environment: true })
     process.exitCode = await runTelemetryCommand(['preview', '--all', '--json'])`,
  )
  expect(preview).toMatchObject({ status: 0, stderr: '' })
  writeFileSync(join(world.cwd, 'preview.json'), preview.stdout)
  const made = await runProcess(process.execPath, [BIN, 'collector', 'preview.json'], world)
  expect(made).toEqual({
    ...{ status: 0, signal: null, stderr: '' },
    stdout: readFileSync(join(EXAMPLES, 'tool.yaml'), 'utf8'),
  })

  writeFileSync(join(world.cwd, 'preview.json'), '{"name":"trix"}')
  const failed = await runProcess(process.execPath, [BIN, 'collector', 'preview.json'], world)
  expect(failed).toMatchObject({ status: 1, stdout: '' })
  expect(failed.stderr).toContain('preview.json: name or version is missing\nexpected what')
})

test('a Collector lets through what the tool can send, and nothing else', async () => {
  const dir = folder()
  const file = join(dir, 'through.jsonl')
  const collector = await startCollector(dir, [...configurationsOf('collector.yaml'), intoFile(file)])
  const { endpoint } = collector
  const one = forgedBody([{}])
  for (const [name, change] of Object.entries(NOT_OURS)) {
    const body = change(one)
    expect({ name, changed: body !== one }).toEqual({ name, changed: true })
    expect({ name, status: await post(endpoint, body) }).toEqual({ name, status: 200 })
  }
  // What is compressed is not even looked at.
  expect(await post(endpoint, gzipSync(one), { 'content-encoding': 'gzip' })).toBe(400)
  // Text of the sender's own beside it goes, and so does an attribute of the environment that is none.
  const talkative = one
    .replace(
      '"scopeMetrics":[{',
      '"schemaUrl":"http://a","scopeMetrics":[{"schemaUrl":"http://b","scope":{"name":"c","version":"d"},',
    )
    .replace('"name":"command_invocation"', '"name":"command_invocation","unit":"s","description":"e"')
    .replace(
      '{"attributes":[',
      '{"attributes":[{"key":"os.type","value":{"stringValue":"f"}},{"key":"g","value":{"stringValue":"h"}},',
    )
  expect(await post(endpoint, talkative)).toBe(200)
  await until(async () => (await fileLines(file).catch(() => [])).length > 0)
  await collector.stop()

  const [line, ...others] = (await fileLines(file)).filter(({ resourceMetrics }) => resourceMetrics?.length)
  expect(others).toEqual([])
  const expected = JSON.parse(one).resourceMetrics[0]
  const [{ metrics }] = expected.scopeMetrics
  expected.scopeMetrics = [
    { scope: { name: 'otlp-tally' }, metrics: [{ ...metrics[0], unit: '{invocation}' }] },
  ]
  expect(sorted(line)).toEqual(sorted({ resourceMetrics: [expected] }))
})

test('whatever characters a tool has in its values, the Collector knows them from others', async () => {
  const dir = folder()
  const file = join(dir, 'through.jsonl')
  const odd = `R&D's "$1" $\{HOME} \\d: é # {`
  const tool = join(dir, 'tool.yaml')
  const metrics = {
    'acme.use': { unit: '{invocation}', attributes: { command_name: ['db migrate', 'a.b:c'], dry: [true] } },
  }
  const resource = { 'service.name': ['@acme/cli'], department: [odd] }
  writeFileSync(tool, configuration({ name: '@acme/cli', version: 'nightly', resource, metrics }))
  const files = [join(EXAMPLES, 'collector.yaml'), tool, intoFile(file)]
  const { endpoint } = await startCollector(dir, files)
  const bodyWith = (department: string, command: string) => {
    const body = JSON.parse(
      forgedBody([{ version: 'nightly-7+b', command }]).replace('"trix"', '"@acme/cli"'),
    )
    body.resourceMetrics[0].resource.attributes.push({
      key: 'department',
      value: { stringValue: department },
    })
    const [metric] = body.resourceMetrics[0].scopeMetrics[0].metrics
    metric.name = 'acme.use'
    for (const { attributes } of metric.sum.dataPoints)
      attributes.push({ key: 'dry', value: { boolValue: true } })
    return JSON.stringify(body)
  }
  for (const [department, command] of [
    [odd, 'db migrate'],
    [odd, 'db  migrate'],
    [odd, 'aab:c'],
    [`${odd} `, 'a.b:c'],
  ] as const)
    expect(await post(endpoint, bodyWith(department, command))).toBe(200)
  const through = async () =>
    (await fileLines(file).catch(() => []))
      .flatMap(({ resourceMetrics = [] }) => resourceMetrics)
      .map(({ resource, scopeMetrics }) => [
        resource.attributes.find(({ key }) => key === 'department')?.value.stringValue,
        scopeMetrics[0]!.metrics[0]!.sum.dataPoints[0]!.attributes[0]!.value.stringValue,
      ])
  await expect.poll(through).toEqual([
    [odd, 'db migrate'],
    [undefined, 'a.b:c'],
  ])
})

test('thousands of made-up versions hide neither the new one nor a single run, and nothing that is not listed is stored', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  const versions = (from: number) =>
    crowdOfForgers(from, 80, i => ({
      version: `7.${i % 1000}.${Math.floor(i / 1000)}`,
      command: COMMANDS[i % 5]!,
    }))
  for (let from = 0; from < 2720; from += 80) {
    const body = forgedBody(versions(from))
    expect(body.length).toBeLessThan(65_536)
    expect(await post(endpoint, body)).toBe(200)
  }
  const load = await makeLoad(3)
  for (const home of load.homes)
    for (const command of ['build', 'check', 'build'])
      expect(await post(endpoint, (await home.run('8.0.0', command)).body)).toBe(200)
  const ours = async () =>
    Object.fromEntries(Object.entries(await counts(prometheus)).filter(([cell]) => cell.startsWith('8.')))
  expect(Object.keys(load.truth)).toHaveLength(2)
  await expect.poll(ours).toEqual(load.truth)
  await expect.poll(() => number(prometheus, 'sum(job_version_command:command_invocation:day)')).toBe(2729)
  // 49 of theirs have a name beside ours, the others are one.
  expect(
    await number(
      prometheus,
      'count(count by (service_version) (job_version_command:command_invocation:day))',
    ),
  ).toBe(51)
  const stored = await query(
    prometheus,
    'count by (__name__, command_name) (last_over_time({job!="", __name__!~".*:.*"}[1h]))',
  )
  expect(new Set(stored.map(({ labels }) => labels.command_name ?? labels.__name__))).toEqual(
    new Set([...COMMANDS, 'target_info']),
  )
})

/** The Collector has the attributes in an order of its own. */
function sorted(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, one) =>
    Array.isArray(one) && one[0]?.key ? one.sort((a, b) => (a.key < b.key ? -1 : 1)) : one,
  )
}

const COMMANDS = ['init', 'check', 'build', 'test', 'unknown']

test('neither do they where deltas are handed on', async () => {
  const dir = folder()
  const file = join(dir, 'deltas.jsonl')
  const faster = { processors: { interval: { interval: '2s' } } }
  const files = [...configurationsOf('delta.yaml'), faster, intoFile(file)]
  const { endpoint } = await startCollector(dir, files, { BACKEND: 'http://127.0.0.1:1', API_KEY: 'key' })
  for (let from = 0; from < 20_000; from += 80)
    await post(
      endpoint,
      forgedBody(crowdOfForgers(from, 80, i => ({ version: `7.${i % 1000}.${Math.floor(i / 1000)}` }))),
    )
  const load = await makeLoad(3)
  const send = async (command: string) => {
    for (const home of load.homes)
      expect(await post(endpoint, (await home.run('8.0.0', command)).body)).toBe(200)
  }
  for (const command of ['build', 'check', 'build']) await send(command)
  const ours = async () =>
    Object.fromEntries(Object.entries(await deltaCounts(file)).filter(([cell]) => cell.startsWith('8.')))
  expect(Object.keys(load.truth)).toHaveLength(2)
  await expect.poll(ours).toEqual(load.truth)

  // At one time there is one point of each: of two, a backend keeps one. And nothing says who.
  const text = readFileSync(file, 'utf8')
  for (const { resourceMetrics = [] } of await fileLines(file)) {
    const points = resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ name, sum }) =>
          sum.dataPoints.map(({ attributes }) => JSON.stringify([resource.attributes, name, attributes])),
        ),
      ),
    )
    expect(new Set(points).size).toBe(points.length)
  }
  for (const secret of ['fingerprint', 'service.instance.id']) expect(text).not.toContain(secret)
})

test('what is sent again, or late, or by somebody who knows an id, is repaired by the next command of that installation', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  const posts = await builds(6)
  for (const { body } of posts.slice(0, 5)) await post(endpoint, body)
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 5 })
  for (let times = 0; times < 20; times++)
    for (const { body } of posts.slice(0, 5)) await post(endpoint, body)

  // A forger who knows both ids, as the user of that machine does, can set any total up to a million.
  const { instance } = posts[0]!
  const fingerprint = posts[0]!.body.match(/[0-9a-f]{64}/)![0]
  const forged: Forged = { version: '1.0.0', instance, fingerprint, value: 1_000_000 }
  await post(endpoint, forgedBody([forged]))
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 1_000_000 })
  await post(endpoint, await again(posts[5]!.body))
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 6 })
})

/** The same totals, said now. */
async function again(body: string): Promise<string> {
  const times = [...body.matchAll(/"timeUnixNano":"(\d+)000000"/g)].map(([, time]) => Number(time))
  return body.replaceAll(
    `"timeUnixNano":"${Math.max(...times)}000000"`,
    `"timeUnixNano":"${Date.now()}000000"`,
  )
}

test('a new command is dropped until tool.yaml has it, and then all of it is counted', async () => {
  const { endpoint, prometheus } = await startOne(folder())
  const dir = folder()
  const older = copied(dir, 'tool.yaml', { '"check", ': '' })
  const before = await startCollector(dir, [join(EXAMPLES, 'collector.yaml'), older], {
    PROMETHEUS: new URL(prometheus.url).host,
  })
  const { homes } = await makeLoad(1)
  for (const command of ['build', 'check', 'check', 'build'])
    expect(await post(before.endpoint, (await homes[0]!.run('1.0.0', command)).body)).toBe(200)
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 2 })
  expect(await post(endpoint, (await homes[0]!.run('1.0.0', 'build')).body)).toBe(200)
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 3, '1.0.0 check': 2 })
})

test('installations that are made up can be taken out again', async () => {
  const { endpoint, prometheus } = await startOne(folder(), 'prometheus.yml', {}, ['--web.enable-admin-api'])
  const [real] = await builds(1)
  await post(endpoint, real!.body)
  await post(endpoint, forgedBody(crowdOfForgers(0, 80, () => ({ version: '1.0.0', value: 7 }))))
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 561 })
  const match = new URLSearchParams()
  for (const { fingerprint } of crowdOfForgers(0, 80))
    match.append('match[]', `{user_fingerprint="${fingerprint}"}`)
  const url = `${prometheus.url}/api/v1/admin/tsdb/delete_series`
  expect((await fetch(url, { method: 'POST', body: match })).status).toBe(204)
  await expect.poll(() => counts(prometheus)).toEqual({ '1.0.0 build': 1 })
  await expect.poll(() => number(prometheus, 'job:installations:day')).toBe(1)
})

test('a flood: users lose nothing though it goes on, 30 % of their requests are lost and a gateway is killed', async () => {
  const dir = folder()
  const { store, a, b, door } = await startFleet(dir)
  const crowd = makeCrowd(await builds(6), 60)
  const next = randomOf(SEED)

  // Six addresses, each with all that nginx takes from one at once, and with 12 installations in each request.
  let [over, taken, refused, number_] = [false, 0, 0, 0]
  const PER_REQUEST = 12
  const attacker = async (address: string) => {
    for (let i = 0; !over && i < 500; i++) {
      const from = number_
      number_ += PER_REQUEST
      const body = forgedBody(crowdOfForgers(from, PER_REQUEST))
      expect(body.length).toBeLessThan(10_000)
      const shard = crowdOfForgers(from, 1)[0]!.fingerprint!.slice(0, 4)
      const status = await door.send({ body, headers: { 'otlp-tally-shard': shard }, from: address })
      if (status === 200) taken += PER_REQUEST
      else if (status === 429) refused++
    }
  }
  const attack = Promise.all(Array.from({ length: 6 }, (_, i) => attacker(`127.2.0.${i + 1}`)))

  const statuses: number[] = []
  for (let n = 1; n <= 5; n++) {
    const start = n === 3 ? await a.kill() : undefined
    for (const member of crowd) if (next() >= 0.3) statuses.push(await member.send(door, n))
    await start?.()
  }
  await attack
  over = true
  for (const member of crowd) statuses.push(await member.send(door, 6))
  // Nobody was refused for what others did. 502: the gateway that was down.
  expect(statuses.filter(status => status !== 200 && status !== 502)).toEqual([])
  expect(accepted(crowd)).toBe(60 * 6)
  expect(refused).toBeGreaterThan(500)
  const sum = (version: string) =>
    number(
      store,
      `sum(last_over_time(job_version_command:command_invocation:day{service_version="${version}"}[15m]))`,
    )
  await expect.poll(() => sum('1.0.0')).toBe(60 * 6)
  // What they made up is there as well, but for what was on its way to the gateway that was killed.
  await expect.poll(() => sum('6.6.6')).toBeGreaterThan(taken * 0.5)
  expect(await sum('6.6.6')).toBeLessThanOrEqual(taken)

  // From the arithmetic of docs/backends/forgers.md: 300 requests at once, then 30 a minute; 10 kB hold 12 installations.
  expect(taken).toBeLessThan(6 * 12 * (300 + 120))
  for (const { prometheus, pid } of [a, b]) {
    expect(memory(pid)).toBeLessThan(512)
    expect(memory(prometheus.pid)).toBeLessThan(150 + (taken * 8) / 1024)
  }
})

/** Resident memory of a server in MiB. */
function memory(pid: number): number {
  const [, kilobytes] = readFileSync(`/proc/${programOf(pid)}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)!
  return Number(kilobytes) / 1024
}
