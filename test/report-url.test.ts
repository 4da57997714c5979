import { writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bodyOf, HOSTILE } from './bodies.ts'
import { closedEndpoint, listen } from './loopback.ts'
import { BIN } from './paths.ts'
import { makeWorld, type Result, runProcess } from './world.ts'

// `otlp-tally report URL`, with a server that answers like Prometheus. A real one is in backends/report.test.ts.

const NOW = Date.now()
const DAY = 86_400_000

type Series = { metric: Record<string, string>; samples: [time: number, value: number][] }
interface Asked {
  query: string
  time: number
  headers: IncomingHttpHeaders
  path: string
}

function series(samples: Series['samples'], more: Record<string, string> = {}): Series {
  const metric = {
    ...{ __name__: 'command_invocation_total', job: 'trix', instance: 'i', command_name: 'build' },
    ...{ service_version: '1.0.0', user_fingerprint: 'a', ...more },
  }
  return { metric, samples }
}

/** The API of a Prometheus that has these series. It tells the three queries of `report` apart by how they begin. */
async function startApi(all: readonly Series[], reply?: object | string, status = 200) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const form = new URLSearchParams(body)
    const [query, time] = [form.get('query')!, Number(form.get('time'))]
    asked.push({ query, time, headers: request.headers, path: request.url! })
    const days = Number(/\[(\d+)d\]/.exec(query)?.[1])
    const wanted = query.startsWith('last_over_time(target_info') ? /^target_info$/ : /_total$/
    const result = all
      .filter(({ metric }) => wanted.test(metric.__name__!))
      .map(({ metric, samples }) => ({
        metric: query.startsWith('group') ? { job: metric.job } : metric,
        values: samples
          .map(([at, value]) => [at / 1000, `${value}`] as const)
          .filter(([at]) => at > time - days * 86_400 && at <= time),
      }))
      .filter(({ values }) => values.length)
    const unique = query.startsWith('group')
      ? [...new Map(result.map(one => [one.metric.job, one])).values()]
      : result
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(
      typeof reply === 'string'
        ? reply
        : JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: unique }, ...reply }),
    )
  })
  return { url: `http://${await listen(server)}`, asked }
}

function report(...args: string[]): Promise<Result> {
  return runProcess(process.execPath, [BIN, 'report', ...args], makeWorld())
}

async function summary(all: readonly Series[], ...args: string[]) {
  const { url } = await startApi(all)
  const { status, stdout, stderr } = await report(url, '--json', ...args)
  expect([status, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

test('report URL counts what each sample adds to its series, at the time of the sample', async () => {
  const { runs, steps, today, installations } = await summary([
    series([
      [NOW - 3 * DAY - 1, 0],
      [NOW - 3 * DAY, 2],
      [NOW - DAY, 5],
      [NOW - DAY + 1000, 5],
      [NOW, 1], // a reset
    ]),
    series([[NOW - 300 * DAY, 40]], { instance: 'j', user_fingerprint: 'b' }), // before the period
  ])
  expect([runs, today.runs, installations]).toEqual([5, 1, 1])
  expect(steps).toMatchObject({ days: 1, runs: [2, 0, 3] })
})

test('report URL says the same as report FILE for the same traffic', async () => {
  const traffic = [0, 1, 2, 3].map(i => ({
    who: `${i % 3}`,
    command: i % 2 ? 'build' : 'check',
    version: i > 1 ? '2.0.0' : '1.0.0',
    value: i + 1,
    time: NOW - i * DAY - 60_000,
    start: 1,
  }))
  const world = makeWorld()
  const lines = traffic.map(sent => `${JSON.stringify(bodyOf(sent))}\n`)
  writeFileSync(join(world.cwd, 'in.jsonl'), lines.join(''))
  const file = await runProcess(process.execPath, [BIN, 'report', 'in.jsonl', '--json'], world)
  const { url } = await startApi(
    traffic.map(({ who, command, version, value, time }) =>
      series([[time, value]], {
        ...{ instance: `${who} ${version}`, user_fingerprint: who },
        ...{ command_name: command, service_version: version },
      }),
    ),
  )
  const server = await report(url, '--json')
  const { source: _, ...said } = JSON.parse(server.stdout)
  expect(JSON.parse(file.stdout)).toMatchObject(said)
  expect(said.runs + said.today.runs).toBe(10)
})

test('report URL counts failures, agents and the environment, of the tool with the most installations', async () => {
  const said = await summary([
    series([[NOW - DAY, 3]], {
      agent: 'claude',
      os_type: 'linux',
      process_runtime_name: 'nodejs',
      process_runtime_version: '22',
    }),
    series([[NOW - DAY, 1]], { __name__: 'command_failure_total' }),
    series([[NOW - DAY, 2]], { __name__: 'safety_triggered_total', command_name: '', risk_level: 'high' }),
    series([[NOW - DAY, 4]], { instance: 'j', user_fingerprint: 'b' }),
    series([[NOW - DAY, 50]], { job: 'team/spam', instance: 'k' }),
  ])
  expect(said).toMatchObject({
    ...{ subject: 'trix', runs: 7, failed: 1, commands: [{ name: 'build', runs: 7, failed: 1 }] },
    environment: { 'operating systems': [{ name: 'linux' }], runtimes: [{ name: 'nodejs 22' }] },
    agents: [
      { name: 'no agent detected', runs: 4 },
      { name: 'claude', runs: 3 },
    ],
  })
  expect(said.events).toMatchObject([{ name: 'safety_triggered risk_level=high', times: 2 }])
  expect(said.notes.join()).toContain('(spam); --tool NAME shows one')
})

test('report URL takes version and installation from target_info where the series have no such labels', async () => {
  const bare = series([[NOW - DAY, 1]])
  const { service_version, user_fingerprint, ...metric } = bare.metric
  const info = { ...bare.metric, __name__: 'target_info', service_version: '3.1.4' }
  const { versions } = await summary([
    { ...bare, metric: metric as Record<string, string> },
    { metric: info as Record<string, string>, samples: [[NOW - 1000, 1]] },
  ])
  expect(versions).toMatchObject([{ name: '3.1.4', installations: 1 }])
})

test('report URL sends the headers, and adds the path of the API to the base URL if it is missing', async () => {
  const { url, asked } = await startApi([series([[NOW - 1000, 1]])])
  for (const base of [`${url}/prometheus/`, `${url}/prometheus/api/v1`]) {
    const { status } = await report(base, '--header', 'X-Scope-OrgID: team', '--json')
    expect(status).toBe(0)
  }
  expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(['/prometheus/api/v1/query']))
  expect(new Set(asked.map(({ headers }) => headers['x-scope-orgid']))).toEqual(new Set(['team']))
})

test('report URL explains why it cannot read an answer, and ends with 1', async () => {
  const closed = await closedEndpoint()
  const refused = await report(closed)
  expect([refused.status, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toBe(
    `otlp-tally report: ${closed}/api/v1/query: nothing listens there: is it started, and on this port? In a container it must listen on 0.0.0.0, not on 127.0.0.1\n`,
  )

  const { url } = await startApi([], '<html>not found</html>', 404)
  const missing = await report(url)
  expect(missing.status).toBe(1)
  expect(missing.stderr).toContain(
    'answers 404: <html>not found</html>\nexpected the base URL of a Prometheus',
  )

  const denied = await startApi([], { status: 'error', error: 'no org id' }, 401)
  expect((await report(denied.url)).stderr).toContain('answers 401: no org id\n')

  expect(await report('http://127.0.0.1:1', '--header', 'nonsense')).toMatchObject({ status: 2 })
})

test('report URL says that nothing is counted, and prints a warning of the server once', async () => {
  const { url } = await startApi([], { warnings: ['a store is away'] })
  const { status, stderr } = await report(url)
  expect(status).toBe(1)
  expect(stderr.match(/a store is away/g)).toHaveLength(1)
  expect(stderr).toContain('nothing is counted in it')
})

test('report URL prints no control character of a name', async () => {
  const { url } = await startApi(
    Object.values(HOSTILE).map(name =>
      series([[NOW - 1000, 1]], { command_name: name.slice(0, 100), service_version: name.slice(0, 100) }),
    ),
  )
  const { status, stdout } = await report(url)
  expect(status).toBe(0)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of it
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e\u2066]/)
})

/** A third of the memory that an answer without a bound would need. */
const SMALL = '--max-old-space-size=400'
/** 136 MiB, packed. */
const BOMB = gzipSync(Buffer.alloc(136 * 2 ** 20, '['))

test.each<[name: string, sentence: string, respond: (response: ServerResponse) => void]>([
  [
    'an answer without an end',
    'an answer of more than 128 MiB',
    response => {
      const part = Buffer.alloc(2 ** 20, '[')
      const more = () => {
        while (!response.destroyed && response.write(part));
        response.once('drain', more)
      }
      more()
    },
  ],
  [
    'a small answer that becomes a large one',
    'an answer of more than 128 MiB',
    response => {
      response.setHeader('content-encoding', 'gzip')
      response.end(BOMB)
    },
  ],
  [
    'arrays within arrays',
    'answers 200: ',
    response => response.end(`{"status":"success","data":${'['.repeat(10 ** 6)}`),
  ],
  ['null', 'answers 200: undefined', response => response.end('null')],
  [
    'series that are none',
    'something that is not a list of series',
    response => response.end('{"status":"success","data":{"result":[null,{"metric":{"job":{}}}]}}'),
  ],
  [
    'ten thousand tools',
    '10000 tools have counted commands there: more than 100',
    response => {
      const result = Array.from({ length: 10_000 }, (_, i) => ({ metric: { job: `tool${i}` } }))
      response.end(JSON.stringify({ status: 'success', data: { result } }))
    },
  ],
  [
    'a redirect',
    'unexpected redirect',
    response => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
  ],
])('report URL ends with one sentence and in little memory after %s', async (_, sentence, respond) => {
  const server = createServer((request, response) => {
    request.resume()
    response.on('error', () => {}) // the client has ended
    respond(response)
  })
  const args = [SMALL, BIN, 'report', `http://${await listen(server)}`]
  const { status, stdout, stderr } = await runProcess(process.execPath, args, makeWorld())
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain(sentence)
  expect(stderr.length).toBeLessThan(1000)
})
