import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { makeWorld } from '../world.ts'
import { configurationsOf, folder } from './examples.ts'
import { startCollector } from './gateways.ts'
import { until } from './lab.ts'

/** examples/collector/delta.yaml with its own exporter. What is in the deltas: exactness.test.ts and attack.test.ts. */

test('a backend that wants deltas gets them with its key, in protobuf, and no id', async () => {
  const requests: { url: string; headers: IncomingHttpHeaders; body: string }[] = []
  const backend = createServer(async (request, response) => {
    const body = gunzipSync(await buffer(request)).toString('latin1')
    requests.push({ url: request.url!, headers: request.headers, body })
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void backend.close())
  await new Promise(resolve => backend.once('listening', resolve))
  const env = {
    BACKEND: `http://127.0.0.1:${(backend.address() as AddressInfo).port}/api/intake/otlp`,
    API_KEY: 'key of ours',
  }
  const faster = { processors: { interval: { interval: '1s' } } }
  const { endpoint } = await startCollector(folder(), [...configurationsOf('delta.yaml'), faster], env)
  const { tool } = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
  expect(await tool(['build'], { TRIX_VERSION: '1.2.3' })).toMatchObject({ status: 0, stderr: '' })

  await until(async () => requests.some(({ body }) => body.includes('command_invocation')))
  const { url, headers, body } = requests.find(({ body }) => body.includes('command_invocation'))!
  expect(url).toBe('/api/intake/otlp')
  expect(headers).toMatchObject({ 'dd-api-key': 'key of ours', 'content-type': 'application/x-protobuf' })
  for (const text of ['trix', '1.2.3', 'build', 'collector']) expect(body).toContain(text)
  for (const secret of ['fingerprint', 'service.instance.id']) expect(body).not.toContain(secret)
})
