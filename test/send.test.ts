import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { closedEndpoint, listen } from './loopback.ts'
import { hasProxies, hasTmux } from './machine.ts'
import { BIN } from './paths.ts'
import { startProxy } from './proxy.ts'
import { counts, startReceiver } from './receiver.ts'
import { openTerminal } from './terminal.ts'
import { makeWorld, type Result, runProcess, type World } from './world.ts'

const send = (world: World, ...args: string[]): Promise<Result> =>
  runProcess(process.execPath, [BIN, 'send', ...args], world)

/** A server that gives these answers in turn, where one without a status never comes, and then 200. */
async function answering(...answers: { status?: number; headers?: Record<string, string>; body?: string }[]) {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    const answer = answers[bodies.length - 1] ?? { status: 200 }
    if (answer.status) response.writeHead(answer.status, answer.headers).end(answer.body ?? '{}')
  })
  return { endpoint: `http://${await listen(server)}`, bodies }
}

/** What an air-gapped machine has exported: two versions, so two lines. */
async function exportedFile(): Promise<{ world: World; file: string; lines: string[] }> {
  const world = makeWorld({ TRIX_TELEMETRY: 'local' })
  world.writeConfig('[telemetry]\nair_gapped = true\n')
  for (const [command, TRIX_VERSION] of [
    ['build', '1.0.0'],
    ['build', '1.0.0'],
    ['check', '1.0.0'],
    ['build', '2.0.0'],
  ] as const)
    await world.tool([command], { TRIX_VERSION })
  const args = ['telemetry', 'export', '--format', 'otlp', '-o', 'usage.jsonl']
  expect(await world.tool(args)).toMatchObject({ status: 0 })
  const file = join(world.cwd, 'usage.jsonl')
  return { world, file, lines: readFileSync(file, 'utf8').trim().split('\n') }
}

/** A small request. It has a line separator of Unicode in it, which does not end a line of JSON. */
const line = (name: string) => JSON.stringify({ resourceMetrics: [], note: `${name}\u2028` })

/** A file of so many small requests, which differ. */
function fileOf(count: number): { world: World; file: string; lines: string[] } {
  const world = makeWorld()
  const lines = Array.from({ length: count }, (_, i) => line(`${i + 1}`))
  const file = join(world.cwd, 'usage.jsonl')
  writeFileSync(file, lines.map(line => `${line}\n`).join(''))
  return { world, file, lines }
}

test('the export of an air-gapped machine arrives, byte for byte, and counts once where it is sent twice', async () => {
  const { world, file, lines } = await exportedFile()
  expect(lines).toHaveLength(2)
  const receiver = await startReceiver()
  for (const times of [1, 2]) {
    const { status, stdout, stderr } = await send(
      world,
      ...[file, '--endpoint', receiver.endpoint, '--header', 'authorization: Bearer x'],
    )
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `2 requests accepted by ${receiver.endpoint}/v1/metrics\n`,
      stderr: '',
    })
    expect(receiver.requests).toHaveLength(2 * times)
    expect(counts(receiver.requests)).toEqual({ build: 3, check: 1 })
  }
  expect(receiver.requests.map(({ body }) => body)).toEqual([...lines, ...lines])
  expect(receiver.requests[0]!.headers).toMatchObject({
    authorization: 'Bearer x',
    'content-type': 'application/json',
  })
})

test('a line that the server refuses is explained, and the others are sent', async () => {
  const { world, file, lines } = fileOf(3)
  const { endpoint, bodies } = await answering({ status: 400, body: 'out of bounds\u001b[2J' })
  const { status, stdout, stderr } = await send(world, file, '--endpoint', endpoint)
  expect([status, stdout]).toEqual([1, `2 requests accepted by ${endpoint}/v1/metrics, 1 not\n`])
  expect(stderr).toBe('otlp-tally send: line 1: 400: it refuses this one\nIt says: out of bounds\\u{1b}[2J\n')
  expect(bodies).toEqual(lines)
})

test('data points that the server refuses are reported, and the exit code is 1', async () => {
  const { world, file } = fileOf(1)
  const body = '{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}}'
  const { endpoint } = await answering({ status: 200, body })
  expect(await send(world, file, '--endpoint', endpoint)).toMatchObject({
    status: 1,
    stdout: `0 requests accepted by ${endpoint}/v1/metrics, 1 not\n`,
    stderr: 'otlp-tally send: line 1: 2 data points were refused: too old\n',
  })
})

test('data points that the server refuses are found in an answer of any length', async () => {
  const { world, file } = fileOf(1)
  const errorMessage = 'x'.repeat(200_000)
  const body = JSON.stringify({ partialSuccess: { errorMessage, rejectedDataPoints: '2' } })
  const { endpoint } = await answering({ status: 200, body })
  expect(await send(world, file, '--endpoint', endpoint)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('line 1: 2 data points were refused'),
  })
})

test('requests go through the proxy of the environment, or it says that this Node cannot do that', async () => {
  const { world, file } = fileOf(2)
  const { proxy, receiver } = await startProxy()
  const env = { ...world.env, http_proxy: proxy }
  const args = [BIN, 'send', file, '--endpoint', 'http://otel.invalid']
  const { status, stderr } = await runProcess(process.execPath, args, { ...world, env })
  if (hasProxies) {
    expect([status, receiver.requests.length]).toEqual([0, 2])
    expect(stderr).toBe(`otlp-tally send: through the proxy ${proxy} (http_proxy)\n`)
  } else {
    expect([status, receiver.requests.length]).toEqual([1, 0])
    expect(stderr).toContain('directly: http_proxy names a proxy, which needs Node 22.21 or 24.5')
  }
})

test.each([
  [301, { location: 'https://elsewhere.example.com/' }, 'it redirects to https://elsewhere.example.com/'],
  [401, {}, "--header 'authorization: Bearer …'"],
  [404, {}, 'The endpoint is a base URL'],
  [429, { 'retry-after': '3600' }, 'too much'],
])('%i stops it, and says how to go on', async (status, headers, sentence) => {
  const { world, file, lines } = fileOf(3)
  const { endpoint, bodies } = await answering({ status: 200 }, { status, headers })
  const first = await send(world, file, '--endpoint', endpoint)
  expect([first.status, first.stdout]).toEqual([1, ''])
  expect(first.stderr).toContain(`line 2: ${status}: `)
  expect(first.stderr).toContain(sentence)
  expect(first.stderr).toMatch(/otlp-tally send: stopped\. To continue: --from 2\n$/)
  expect(bodies).toEqual(lines.slice(0, 2))
  expect(await send(world, file, '--endpoint', endpoint, '--from', '2')).toMatchObject({
    status: 0,
    stdout: `2 requests accepted by ${endpoint}/v1/metrics\n`,
  })
  expect(bodies.slice(2)).toEqual(lines.slice(1))
})

test('a closed port is explained', async () => {
  const { world, file } = fileOf(1)
  expect(await send(world, file, '--endpoint', await closedEndpoint())).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nothing listens there'),
  })
})

test('after an answer with retry-after the request is repeated', async () => {
  const { world, file, lines } = fileOf(2)
  const { endpoint, bodies } = await answering(
    { status: 503, headers: { 'retry-after': '1' } },
    { status: 429, headers: { 'retry-after': new Date(Date.now() + 2000).toUTCString() } },
  )
  expect(await send(world, file, '--endpoint', endpoint)).toMatchObject({ status: 0, stderr: '' })
  expect(bodies).toEqual([lines[0], lines[0], lines[0], lines[1]])
})

test('Ctrl-C stops it, and it says how to go on', async () => {
  const { world, file } = fileOf(3)
  const { endpoint, bodies } = await answering({ status: 200 }, {})
  const child = spawn(process.execPath, [BIN, 'send', file, '--endpoint', endpoint], {
    ...world,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', chunk => (stderr += chunk))
  await expect.poll(() => bodies.length).toBe(2)
  child.kill('SIGINT')
  const status = await new Promise(resolve => child.on('close', resolve))
  expect({ status, stderr }).toEqual({
    status: 130,
    stderr: 'otlp-tally send: stopped. To continue: --from 2\n',
  })
})

test('lines that are no valid cumulative request are not sent, and are named', async () => {
  const world = makeWorld()
  const delta = { name: 'a', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [] } }
  const file = join(world.cwd, 'some.jsonl')
  const bodies = [
    '{',
    '{"resourceMetrics":7}',
    JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [delta] }] }] }),
    '',
    line('good'),
  ]
  writeFileSync(file, bodies.join('\r\n'))
  const receiver = await startReceiver()
  const { status, stderr } = await send(world, file, '--endpoint', receiver.endpoint)
  expect(status).toBe(1)
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringContaining('line 1: not JSON'),
    expect.stringContaining('line 2: resourceMetrics: expected an array'),
    expect.stringContaining('line 3: it has delta temporality'),
  ])
  expect(receiver.requests.map(({ body }) => body)).toEqual([bodies[4]])
})

test.each([
  [['missing.jsonl', '--endpoint', 'http://127.0.0.1:1'], 'there is no file missing.jsonl'],
  [['.', '--endpoint', 'http://127.0.0.1:1'], '. is a folder'],
  [['empty', '--endpoint', 'http://127.0.0.1:1'], 'there is no line to send'],
])('send %s ends with 1: %s', (args, sentence) => expectRefused(1, args, sentence))

test('stdin is sent like a file', async () => {
  const { world, lines } = fileOf(3)
  const receiver = await startReceiver()
  const piped = '"$0" "$1" send - --endpoint "$2" < usage.jsonl'
  const args = ['-c', piped, process.execPath, BIN, receiver.endpoint]
  expect(await runProcess('/bin/sh', args, world)).toMatchObject({ status: 0, stderr: '' })
  expect(receiver.requests.map(({ body }) => body)).toEqual(lines)
})

test.each([
  [['empty'], 'expected --endpoint URL'],
  [['empty', '--endpoint', 'localhost:4318'], 'put http:// or https:// in front of it'],
  [['empty', '--endpoint', 'http://127.0.0.1:1', '--from', '0'], '--from 0: expected the number of a line'],
  [['empty', '--endpoint', 'http://127.0.0.1:1', '--header', 'x'], "expected 'name: value'"],
])('send %s ends with 2: %s', (args, sentence) => expectRefused(2, args, sentence))

/** Nothing is sent. In the working folder is a file `empty`. */
async function expectRefused(code: number, args: readonly string[], sentence: string): Promise<void> {
  const world = makeWorld()
  writeFileSync(join(world.cwd, 'empty'), '\n')
  const { status, stdout, stderr } = await send(world, ...args)
  expect([status, stdout]).toEqual([code, ''])
  expect(stderr).toContain(sentence)
}

test.skipIf(!hasTmux)('a bar shows the progress in a terminal (skipped without tmux)', async () => {
  const { world, file } = fileOf(4)
  const { endpoint } = await answering({ status: 200 }, { status: 200 }, {})
  const terminal = openTerminal(world)
  terminal.run(`clear; ${process.execPath} ${BIN} send ${file} --endpoint ${endpoint}`)
  expect(await terminal.until('line 3')).toContain('[##################......] 75%  line 3')
  terminal.press('C-c')
  const screen = await terminal.until('To continue: --from 3')
  expect(screen).not.toContain('[###')
})
