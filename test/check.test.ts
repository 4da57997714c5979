import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

const BIN = join(import.meta.dirname, '../dist/bin.js')
const check = (...args: string[]) => runProcess(process.execPath, [BIN, 'check', ...args], makeWorld())

test('an endpoint that takes the empty export is fine', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const { status, stdout, stderr } = await check(
    receiver.endpoint,
    '--header',
    'authorization: Bearer x',
    '--header',
    'x-a: b',
  )
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toBe(`${receiver.endpoint}/v1/metrics\n200: it takes OTLP/JSON metrics\n`)
  expect(receiver.requests).toMatchObject([
    {
      url: '/v1/metrics',
      body: '{"resourceMetrics":[]}',
      headers: { authorization: 'Bearer x', 'x-a': 'b' },
    },
  ])
})

test.each([
  [301, 'it redirects to https://elsewhere.example.com/, which telemetry does not follow'],
  [400, 'is it an OTLP receiver?'],
  [401, "--header 'authorization: Bearer …'"],
  [403, 'lacks the right'],
  [404, 'for Prometheus it ends in /api/v1/otlp'],
  [405, 'does not take POST'],
  [415, 'does not take JSON'],
  [418, 'it refuses the export'],
  [429, 'too much'],
  [503, 'look into its log'],
])('%i is explained, and is exit code 1', async (code, sentence) => {
  const receiver = await startReceiver(code, { location: 'https://elsewhere.example.com/' })
  onTestFinished(() => receiver.close())
  const { status, stdout } = await check(receiver.endpoint)
  expect(status).toBe(1)
  expect(stdout).toContain(`${code}: `)
  expect(stdout).toContain(sentence)
  expect(receiver.requests).toHaveLength(1)
})

test('nobody there, no such name and no TLS are explained', async () => {
  expect(await check('http://127.0.0.1:65009')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('nobody listens there'),
  })
  expect(await check('http://nowhere.invalid')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('no such host name'),
  })
  const plain = createServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void plain.close())
  const { port } = plain.address() as { port: number }
  expect(await check(`https://127.0.0.1:${port}`)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('TLS fails: '),
  })
})

test.each(['localhost:4318', 'ftp://example.com', 'https://user:secret@example.com'])(
  '%s is no endpoint: exit code 2',
  async url => {
    const { status, stdout, stderr } = await check(url)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('is not an http(s) URL')
  },
)
