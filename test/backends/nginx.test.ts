import { once } from 'node:events'
import { readdirSync, readFileSync, watch } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { makeWorld } from '../world.ts'
import { folder, TOKEN } from './examples.ts'
import { checkDoor, type Door, startDoor } from './nginx.ts'

/** examples/collector/nginx.conf, before servers that only remember what comes. */

interface Gateway {
  address: string
  requests: { url: string; headers: IncomingHttpHeaders; body: string }[]
  close(): Promise<void>
}

async function startGateway(port = 0): Promise<Gateway> {
  const requests: Gateway['requests'] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    requests.push({ url: request.url!, headers: request.headers, body })
    response.end('{}')
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => void (server.listening && (await once(server.close(), 'close')))
  onTestFinished(close)
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close }
}

async function start(changes: Record<string, string> = {}) {
  const gateways = [await startGateway(), await startGateway()] as const
  const dir = folder()
  const door = await startDoor(dir, [gateways[0].address, gateways[1].address], changes)
  return { gateways, door, dir }
}

const shards = Array.from({ length: 200 }, (_, i) => (i * 327).toString(16).padStart(4, '0'))
const shard = (name: string) => ({ headers: { 'otlp-tally-shard': name } })
/** A request of each, from a few addresses of a network: from one they would be a flood. */
const sendAll = (door: Door, network: number) =>
  Promise.all(shards.map((name, i) => door.send({ ...shard(name), from: `127.0.${network}.${(i % 9) + 1}` })))
/** Whose requests have come since this was last asked. */
const shardsAt = ({ requests }: Gateway) =>
  requests.splice(0).map(({ headers }) => headers['otlp-tally-shard']!)

test('nginx has nothing to say against it', async () => {
  expect(await checkDoor(folder())).toMatch(/^nginx: .* syntax is ok\nnginx: .* test is successful\n$/)
})

test('what comes in as it should goes on as it came, without the address that it came from', async () => {
  const { gateways, door } = await start()
  expect(await door.send({ body: '{"a":1}', from: '127.0.0.9', ...shard('0001') })).toBe(200)
  const [request] = gateways.flatMap(({ requests }) => requests)
  expect(request).toMatchObject({
    url: '/v1/metrics',
    body: '{"a":1}',
    headers: { authorization: `Bearer ${TOKEN}`, 'otlp-tally-shard': '0001' },
  })
  expect(JSON.stringify(request)).not.toContain('127.0.0.9')
})

test('what is not a POST of a body of ours to the one path goes no further', async () => {
  const { gateways, door } = await start()
  expect(await door.send({ path: '/' })).toBe(404)
  expect(await door.send({ path: '/v1/traces' })).toBe(404)
  expect(await door.send({ path: '/v1/metrics/x' })).toBe(404)
  expect(await door.send({ method: 'GET', body: '' })).toBe(405)
  expect(await door.send({ body: 'x'.repeat(65_537) })).toBe(413)
  expect(await door.send({ headers: { authorization: 'Bearer guess' } })).toBe(401)
  expect(await door.send({ headers: { 'content-type': 'application/x-protobuf' } })).toBe(415)
  expect(await door.send({ headers: { 'content-encoding': 'gzip' } })).toBe(415)
  expect(await door.send({ chunked: true })).toBe(411)
  expect(await door.send({ headers: { 'x-long': 'x'.repeat(5000) } })).toBe(400)
  expect((await fetch(door.endpoint.replace('https:', 'http:'))).status).toBe(400)
  expect(gateways.flatMap(({ requests }) => requests)).toEqual([])
  expect(await door.send({ body: 'x'.repeat(65_536) })).toBe(200)
})

test('a shard has its gateway, from whatever address it comes, and while that is down it has none', async () => {
  const { gateways, door } = await start()
  const all = (network: number) => sendAll(door, network)

  expect(new Set(await all(1))).toEqual(new Set([200]))
  const homes = gateways.map(gateway => shardsAt(gateway).sort())
  expect(homes.flat().sort()).toEqual([...shards].sort())
  for (const home of homes) expect(home.length).toBeGreaterThan(shards.length / 5)

  await gateways[0].close()
  // Twice, because by default nginx gives up a server for a time after a first failure.
  for (const network of [2, 3])
    expect((await all(network)).map(status => status === 502)).toEqual(
      shards.map(name => homes[0]!.includes(name)),
    )
  expect(new Set(shardsAt(gateways[1]))).toEqual(new Set(homes[1]))

  const again = await startGateway(Number(gateways[0].address.split(':')[1]))
  expect(new Set(await all(4))).toEqual(new Set([200]))
  expect(shardsAt(again).sort()).toEqual(homes[0])
})

test('a gateway more takes its part from the others, and nothing moves between those', async () => {
  const { gateways, door } = await start()
  const three = await startGateway()
  const [one, two] = gateways
  const line = `server ${two.address} max_fails=0;`
  const larger = await startDoor(folder(), [one.address, two.address], {
    [line]: `${line} server ${three.address} max_fails=0;`,
  })
  expect(new Set(await sendAll(door, 1))).toEqual(new Set([200]))
  const before = gateways.map(shardsAt)
  expect(new Set(await sendAll(larger, 2))).toEqual(new Set([200]))
  for (const [i, gateway] of gateways.entries())
    for (const name of shardsAt(gateway)) expect(before[i]).toContain(name)
  expect(three.requests.length).toBeGreaterThan(shards.length / 10)
  expect(three.requests.length).toBeLessThan(shards.length / 2)
})

/** So many requests, each as if from the address that this gives. How many were taken. */
async function flood(door: Door, count: number, request: (i: number) => Parameters<Door['send']>[0]) {
  const statuses: number[] = []
  for (let i = 0; i < count; i += 50) {
    const some = Array.from({ length: Math.min(50, count - i) }, (_, j) => door.send(request(i + j)))
    statuses.push(...(await Promise.all(some)))
  }
  expect([...new Set(statuses)].filter(status => status !== 200 && status !== 429)).toEqual([])
  return statuses.filter(status => status === 200).length
}

/** nginx reads the client's address from a header: one machine can be many. */
const POSED = {
  'server_tokens off;': 'server_tokens off; set_real_ip_from 127.0.0.0/8; real_ip_header x-client;',
}
const digits = (i: number) => i.toString(16).padStart(4, '0')

test('a loop of one installation is held back, and others behind its address come through', async () => {
  const { door } = await start()
  const taken = await flood(door, 150, () => shard('0001'))
  expect(taken).toBeGreaterThanOrEqual(60)
  expect(taken).toBeLessThan(100)
  expect(await door.send(shard('0002'))).toBe(200)
})

test('a flood from one address, of as many installations as it likes, is held back, and other addresses come through', async () => {
  const { gateways, door } = await start()
  const taken = await flood(door, 500, i => shard(digits(i)))
  expect(taken).toBeGreaterThanOrEqual(300)
  expect(taken).toBeLessThan(400)
  expect(gateways.flatMap(({ requests }) => requests)).toHaveLength(taken)
  expect(await door.send({ from: '127.0.0.9' })).toBe(200)
})

test('an IPv6 network counts as one address', async () => {
  const { door } = await start(POSED)
  const from = (i: number, address: string) => ({
    headers: { 'otlp-tally-shard': digits(i), 'x-client': address },
  })
  const taken = await flood(door, 450, i => from(i, `2001:db8:1:2:${digits(i)}::${digits(i)}`))
  expect(taken).toBeGreaterThanOrEqual(300)
  expect(taken).toBeLessThan(400)
  expect(await door.send(from(1, '2001:db8:1:3::1'))).toBe(200)
  // Of IPv4 each is one of its own.
  expect(await flood(door, 350, i => from(i, `192.0.2.${i % 250}`))).toBe(350)
})

test('large requests have a limit of their own', async () => {
  const { door } = await start()
  const taken = await flood(door, 60, i => ({ ...shard(digits(i)), body: 'x'.repeat(20_000) }))
  expect(taken).toBeGreaterThanOrEqual(30)
  expect(taken).toBeLessThan(40)
  expect(await door.send({ body: 'x'.repeat(9999) })).toBe(200)
})

test('an address has 50 requests under way at once, and idle or slow connections end', async () => {
  const { door } = await start()
  const port = Number(new URL(door.endpoint).port)
  const open = (begin: string) =>
    Array.from({ length: 100 }, () => {
      const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(door.certificate) }, () =>
        socket.write(begin),
      )
      socket.on('error', () => {}) // that it is cut off is what this is about
      onTestFinished(() => void socket.destroy())
      return new Promise(resolve => socket.on('close', resolve).resume())
    })
  const head = `POST /v1/metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\n`
  const ends = [...open(''), ...open(head), ...open(`${head}content-length: 100\r\n\r\n{`)]
  // Somebody else meanwhile.
  for (let i = 0; i < 20; i++) expect(await door.send({ ...shard(digits(i)), from: '127.0.0.9' })).toBe(200)
  await Promise.all(ends)
  expect(await door.send(shard('0001'))).toBe(200)
})

test('who runs a command sees nothing of a 429', async () => {
  // So slow that of what follows one request comes through, and no more in the time that this takes.
  const { gateways, door } = await start({
    'zone=client:32m rate=30r/m': 'zone=client:32m rate=1r/m',
    ' burst=300 nodelay': '',
  })
  const world = makeWorld({ TRIX_TELEMETRY: 'on', NODE_EXTRA_CA_CERTS: door.certificate })
  const build = () =>
    world.script(
      `import { flushTelemetry, initTelemetry, trackCommand } from 'otlp-tally'
       initTelemetry({ name: 'trix', version: '1.0.0', commands: ['build'], endpoint: '${door.endpoint}', delivery: 'inline',
         headers: { authorization: 'Bearer ${TOKEN}' } })
       trackCommand('build')
       await flushTelemetry()`,
    )
  for (let run = 1; run <= 2; run++) {
    expect(await build()).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(gateways.flatMap(({ requests }) => requests)).toHaveLength(1)
  }
  expect(await door.send({})).toBe(429)
})

test('it writes nothing of all this, to its log or to any file', async () => {
  const { gateways, door, dir } = await start()
  // What does not fit into its buffer would be in a file here, for as long as the request takes.
  const made: unknown[] = []
  const watcher = watch(join(dir, 'client_body'), (_, name) => made.push(name))
  onTestFinished(() => watcher.close())
  await door.send({ from: '127.0.0.9', body: 'x'.repeat(65_536) })
  await door.send({ from: '127.0.0.9', path: '/secret' })
  await door.send({ from: '127.0.0.9', body: 'x'.repeat(600_000) })
  await Promise.all(Array.from({ length: 100 }, () => door.send({ from: '127.0.0.9' })))
  for (const { close } of gateways) await close()
  expect(await door.send({ from: '127.0.0.8' })).toBe(502)
  await door.stop()
  expect(made).toEqual([])
  expect(readFileSync(door.log, 'utf8')).toBe('')
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  expect(files.map(({ name }) => name).sort()).toEqual([
    'certificate.pem',
    'key.pem',
    'nginx.conf',
    'nginx.log',
  ])
})
