import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { describe, expect, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { startListen } from './listening.ts'
import { listen } from './loopback.ts'
import { BIN } from './paths.ts'
import { makeFolder, makeWorld, runProcess } from './world.ts'

/** A data point, a body of such points, and a request with a body or with any other content. */
const point = (asInt: unknown, more = {}) => ({
  attributes: [{ key: 'command_name', value: { stringValue: 'build' } }],
  startTimeUnixNano: '1795206980883000000',
  timeUnixNano: '1795206980886000000',
  asInt,
  ...more,
})
const body = (dataPoints: unknown[], sum = {}, metric = {}) => ({
  resourceMetrics: [
    {
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: 'trix' } },
          { key: 'service.version', value: { stringValue: '0.19.3' } },
        ],
      },
      scopeMetrics: [
        {
          scope: { name: 'otlp-tally' },
          metrics: [
            {
              name: 'command_invocation',
              sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints, ...sum },
              ...metric,
            },
          ],
        },
      ],
    },
  ],
})

async function send(url: string, content: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body:
      typeof content === 'string' || content instanceof Uint8Array
        ? (content as string)
        : JSON.stringify(content),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('listen prints', () => {
  test('runs, failures and events as they arrive, each with its own running total, and all at Ctrl-C', async () => {
    const { url, child, output, printed, ended } = await startListen()
    expect(
      await send(url, body([point('0'), point('1', { timeUnixNano: '1795206980887000000' })])),
    ).toMatchObject({
      status: 200,
      text: '{"partialSuccess":{}}',
    })
    await send(url, body([point('1')])) // nothing new
    await send(url, body([point('4')]))
    await send(url, body([point('3')])) // an older one that comes late
    await send(url, body([point('2', { startTimeUnixNano: '1795206980884000000' })])) // a new series
    await send(url, body([point('5')], { aggregationTemporality: 1 }, { name: 'opened' }))
    await send(url, body([point('2')], {}, { name: 'command_failure' }))
    await printed(/failed {2}\+2 {2}\(2\)\n/)
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    const lines = output().split('\n').slice(5)
    expect(lines.map(line => line.replace(/^\d\d:\d\d:\d\d {2}/, ''))).toEqual([
      'trix 0.19.3  build  +1  (1)',
      'trix 0.19.3  build  +3  (4)',
      'trix 0.19.3  build  +2  (6)',
      'trix 0.19.3  event opened build  +5  (5)',
      'trix 0.19.3  build failed  +2  (2)',
      ...['', 'runs', '  6  trix build, 2 failed', '', 'events', '  5  trix opened build', ''],
      ...['7 requests accepted', ''],
    ])
  })

  test('at Ctrl-C how many requests it refused and why, and where the file is', async () => {
    const file = join(makeWorld().cwd, 'counts.jsonl')
    const { url, child, output, printed, ended } = await startListen('--file', file)
    await send(url, body([point('1')]))
    await send(url, '{')
    await send(url, 'x', { 'content-type': 'text/plain' })
    await printed('got text/plain')
    child.kill('SIGINT')
    await ended
    expect(output()).toContain(
      '\n1 request accepted, 2 refused\nthe last refusal: 415: expected content-type',
    )
    expect(output()).toContain(`\n1 body added to ${file}; "otlp-tally report ${file}" shows it\n`)
  })

  test('what the OpenTelemetry SDK sends, of every kind', async () => {
    const { url, output, printed, child, ended } = await startListen()
    const exporter = new OTLPMetricExporter({ url, headers: { 'x-test': '1' } })
    const provider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })],
    })
    const meter = provider.getMeter('sdk')
    meter.createCounter('runs').add(3, { command_name: 'build' })
    meter.createUpDownCounter('open').add(-1)
    meter.createHistogram('seconds').record(0.5)
    meter.createGauge('temperature').record(20.5)
    // The SDK's clock has milliseconds, and a start that equals the time causes a warning.
    await new Promise(resolve => setTimeout(resolve, 10))
    await provider.shutdown()
    await printed('+3  (3)')
    child.kill('SIGINT')
    await ended
    expect(output()).toMatch(/unknown_service:\S* {2}event runs build {2}\+3 {2}\(3\)\n/)
    expect(output()).toMatch(/\nevents\n {2}3 {2}unknown_service:\S* runs build\n/)
    expect(output()).not.toMatch(/warning|4\d\d:/)
  })

  test('control characters in names as text, and cuts long names', async () => {
    const { url, output, printed } = await startListen()
    const hostile = `\u001b[2J\n\u202e${'x'.repeat(10_000)}`
    await send(
      url,
      body([point('1', { attributes: [{ key: 'command_name', value: { stringValue: hostile } }] })]),
    )
    await printed('+1')
    expect(output()).toContain('\\u{1b}[2J\\u{a}\\u{202e}xxx')
    for (const obeyed of ['\u001b', '\u202e', 'x'.repeat(100)]) expect(output()).not.toContain(obeyed)
  })
})

describe('listen accepts', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('%s', async (encoding, pack) => {
    const { url, printed } = await startListen()
    expect(
      await send(url, pack(JSON.stringify(body([point('1')]))), { 'content-encoding': encoding }),
    ).toMatchObject({ status: 200 })
    await printed('+1')
  })

  test.each([
    ['an empty request', {}],
    ['an empty list', { resourceMetrics: [] }],
    ['integers as numbers', body([point(1)])],
    ['fields that it does not know', { ...body([point('1', { newField: 1 })]), anotherField: [] }],
    ['null as absent', body([point('1', { exemplars: null })])],
  ])('%s', async (_, content) => {
    const { url } = await startListen()
    expect(await send(url, content)).toMatchObject({ status: 200, text: '{"partialSuccess":{}}' })
  })

  test('a charset, and remarks that Prometheus refuses it', async () => {
    const { url, printed } = await startListen()
    expect(
      await send(url, body([point('1')]), { 'content-type': 'application/json; charset=utf-8' }),
    ).toMatchObject({ status: 200 })
    await printed('Prometheus refuses that')
  })

  test.each([
    [
      'an envelope without metrics',
      { resourceMetrics: [{ scopeMetrics: [] }] },
      'resourceMetrics[0]: empty: it has no scopeMetrics',
    ],
    [
      'a metric without points',
      body([]),
      'resourceMetrics[0].scopeMetrics[0].metrics[0].sum: empty: it has no dataPoints',
    ],
    ['a number over 2^53', body([point(2 ** 60)]), 'is over 2^53 and loses digits'],
    [
      'a start equal to the time',
      body([point('1', { startTimeUnixNano: '1795206980886000000' })]),
      'startTimeUnixNano: not before timeUnixNano',
    ],
  ])('%s, with a warning in the answer', async (_, content, warning) => {
    const { url, printed } = await startListen()
    const { status, text } = await send(url, content)
    expect(status).toBe(200)
    expect(JSON.parse(text).partialSuccess).toEqual({
      rejectedDataPoints: '0',
      errorMessage: expect.stringContaining(warning),
    })
    await printed('warning: ')
  })
})

describe('listen refuses, and says what was expected', () => {
  const path = 'resourceMetrics[0].scopeMetrics[0].metrics[0]'
  test.each([
    ['no JSON', '{', 'the body is not JSON'],
    ['an array', [], 'expected an object, got an array'],
    [
      'an enum by its name',
      body([point('1')], { aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE' }),
      `${path}.sum.aggregationTemporality: expected the number 1 (delta) or 2 (cumulative), got the name "AGGREGATION_TEMPORALITY_CUMULATIVE"`,
    ],
    [
      'no temporality',
      body([point('1')], { aggregationTemporality: undefined }),
      `${path}.sum.aggregationTemporality: expected`,
    ],
    ['a key in snake_case', { resource_metrics: [] }, 'resource_metrics: expected the key "resourceMetrics"'],
    [
      'a snake_case key deep inside',
      body([point('1', { time_unix_nano: '1' })]),
      `${path}.sum.dataPoints[0].time_unix_nano: expected the key "timeUnixNano"`,
    ],
    [
      'a bare exponent',
      body([point('1e3')]),
      `${path}.sum.dataPoints[0].asInt: expected a 64-bit integer as a decimal string, got the string "1e3"`,
    ],
    [
      'a fraction',
      body([point(1.5)]),
      'asInt: expected a 64-bit integer as a decimal string, got the number 1.5',
    ],
    ['an empty integer', body([point('')]), 'asInt: expected'],
    [
      'two values',
      body([point('1', { asDouble: 1 })]),
      `${path}.sum.dataPoints[0]: expected only one of asDouble, asInt`,
    ],
    ['no value', body([point(undefined)]), 'expected asInt or asDouble, got neither'],
    [
      'no time',
      body([point('1', { timeUnixNano: '0' })]),
      'timeUnixNano: expected nanoseconds since 1970 as a decimal string, got none',
    ],
    [
      'attributes as an object',
      body([point('1', { attributes: { a: 1 } })]),
      'attributes: expected an array, got an object',
    ],
    [
      'an attribute of two kinds',
      body([point('1', { attributes: [{ key: 'a', value: { stringValue: 'a', boolValue: true } }] })]),
      'expected only one of',
    ],
    ['no metric name', body([point('1')], {}, { name: '' }), 'name: expected a name, got none'],
  ])('%s', async (_, content, message) => {
    const { url, printed } = await startListen()
    const { status, text, headers } = await send(url, content)
    expect([status, headers.get('content-type')]).toEqual([400, 'application/json'])
    expect(JSON.parse(text)).toEqual({ code: 3, message: expect.stringContaining(message) })
    await printed('400: ')
  })

  test('another path, another method, another type of content', async () => {
    const { url } = await startListen()
    const base = url.replace('/v1/metrics', '')
    expect(await send(base, {})).toMatchObject({
      status: 404,
      text: 'nothing is at /: OTLP metrics go to /v1/metrics\n',
    })
    expect(await send(`${base}/v1/traces`, {})).toMatchObject({
      status: 404,
      text: expect.stringContaining('traces are not received here'),
    })
    const get = await fetch(url)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await send(url, 'x', { 'content-type': 'application/x-protobuf' })).toMatchObject({
      status: 415,
      text: expect.stringContaining('OTLP/JSON only'),
    })
    expect(await send(url, 'x', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      text: expect.stringContaining('got text/plain'),
    })
    expect(await send(url, '{}', { 'content-encoding': 'br' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('content-encoding br'),
    })
    expect(await send(url, '{}', { 'content-encoding': 'gzip' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('not gzip'),
    })
  })

  test('a body over 20 MiB, also one that only unpacks to it', async () => {
    const { url } = await startListen()
    const bomb = gzipSync(Buffer.alloc(21 * 2 ** 20))
    expect(await send(url, bomb, { 'content-encoding': 'gzip' })).toMatchObject({ status: 413 })
    // The answer may come before the last of the body has gone out; then the connection is closed.
    const sent = await send(url, Buffer.alloc(21 * 2 ** 20)).catch(() => ({ status: 413 }))
    expect(sent).toMatchObject({ status: 413 })
    expect(await send(url, {})).toMatchObject({ status: 200 })
  })
})

describe('the command otlp-tally', () => {
  const run = (...args: string[]) => runProcess(process.execPath, [BIN, ...args], makeWorld())

  test('listen on a port that is in use says which, makes no file, and ends with 1', async () => {
    const port = (await listen(createServer())).split(':')[1]!
    const file = join(makeFolder(), 'bodies.jsonl')
    expect(await run('listen', '--port', port, '--file', file)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `otlp-tally: port ${port} is in use; try --port 0 for a free one\n`,
    })
    expect(existsSync(file)).toBe(false)
  })

  test('listen ends with 0 and without an error when its output is closed', async () => {
    const { url, child, ended } = await startListen()
    child.stdout!.destroy()
    await send(url, body([point('1')])).catch(() => {})
    expect(await ended).toBe(0)
  })

  test.each([
    [['listen', '--port', '0', '--file', '/nonexistent/f'], '/nonexistent/f: its folder does not exist'],
    [['listen', '--port', '0', '--file', '/'], '/ is not a regular file'],
    [['report', '/nonexistent/f'], 'report: there is no file /nonexistent/f'],
    [['report', '/'], 'report: / is a folder'],
    [['send', '/nonexistent/f', '--endpoint', 'http://127.0.0.1:9'], 'send: there is no file /nonexistent/f'],
    [['send', '/', '--endpoint', 'http://127.0.0.1:9'], 'send: / is a folder'],
  ])('%j says what is wrong with the file, and ends with 1', async (args, sentence) => {
    const { status, stdout, stderr } = await run(...args)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(new RegExp(`^otlp-tally:? ${sentence}\n$`))
    expect(stderr).not.toMatch(/E[A-Z]{4,}/)
  })

  test('report and send stop reading a line at 64 MiB', async () => {
    for (const args of [
      ['report', '/dev/zero'],
      ['send', '/dev/zero', '--endpoint', 'http://127.0.0.1:9'],
    ])
      expect(await run(...args)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('line 1 is longer than 64 MiB'),
      })
  })

  test.each([
    [[]],
    [['nonsense']],
    [['listen', 'here']],
    [['listen', '--port', 'x']],
    [['listen', '--port', '65536']],
    [['listen', '--nonsense']],
    [['check']],
    [['check', 'http://localhost', '--header', 'no colon']],
  ])('%j is not understood: it shows the usage and ends with 2', async args => {
    const { status, stdout, stderr } = await run(...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/usage: otlp-tally COMMAND|"otlp-tally help" lists the commands/)
  })

  test('--help and --version print to stdout', async () => {
    expect(await run('--help')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('usage: otlp-tally COMMAND'),
    })
    expect(await run('--version')).toMatchObject({ status: 0, stdout: `${version}\n` })
  })

  test.each(['', 'listen', 'report', 'check', 'send'])('the help of "%s" fits 80 columns', async topic => {
    const { stdout } = await run('help', ...(topic ? [topic] : []))
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    if (topic) expect(stdout.match(/^ {2}--\w+/gm)!.length).toBeGreaterThan(0)
  })
})
