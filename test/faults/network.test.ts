import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { closedEndpoint, listen } from '../loopback.ts'
import { hasProxies } from '../machine.ts'
import { startProxy } from '../proxy.ts'
import { counts } from '../receiver.ts'
import {
  compare,
  type Fault,
  keeps,
  makeUser,
  needs,
  printReport,
  type Report,
  RUNS,
  receiving,
  TIMEOUT_MS,
  testAsRoot,
} from './compare.ts'

afterAll(printReport)

/** Expects that a command with this endpoint does the same as without telemetry, and that its counts stay in the log. */
async function unaffected(endpoint: string, fault: Fault = {}): Promise<Report> {
  const world = makeUser()
  // An endpoint from the environment alone is trusted only on this machine.
  world.writeConfig(`[telemetry]\nenabled = true\ntimeout_ms = ${TIMEOUT_MS}\nendpoint = "${endpoint}"\n`)
  const report = await compare(world, fault)
  await keeps(world, { build: RUNS })
  return report
}

describe('a network that', () => {
  test('refuses', async () => {
    await unaffected(await closedEndpoint())
  })

  test('accepts and never answers', async () => {
    const { helperMs } = await unaffected(`http://${await listen(createServer())}`)
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  testAsRoot('drops SYNs', async () => {
    // The neighbour has a link address but does not exist, so nothing comes back, not even an error.
    const links = [
      'link set lo up',
      'link add fault0 type veth peer name fault1',
      'link set fault0 up',
      'link set fault1 up',
      'addr add 10.99.0.1/24 dev fault0',
      'neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev fault0 nud permanent',
    ].join('\n')
    const { helperMs } = await unaffected('http://10.99.0.2:4318', {
      through: command => [
        ...['unshare', '-n', 'sh', '-c'],
        `printf '${links}' | ip -batch - && exec "$@"`,
        'sh',
        ...command,
      ],
    })
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  testAsRoot('drops DNS', async () => {
    const { queries, through } = await resolveBy(() => undefined)
    const { helperMs } = await unaffected('http://otel.example.com:4318', { through })
    expect(queries()).toBeGreaterThan(0)
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  testAsRoot('answers NXDOMAIN', async () => {
    const { queries, through } = await resolveBy(query => {
      const answer = Buffer.from(query)
      answer.writeUInt16BE(0x8183, 2) // a response, recursion available, name error
      answer.writeUInt16BE(0, 10) // no additional records, though the query has one
      return answer
    })
    await unaffected('http://otel.example.com:4318', { through })
    expect(queries()).toBeGreaterThan(0)
  })

  test('has a bad certificate for TLS', async () => {
    const world = makeUser()
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(dirname(world.home), name)) as [
      string,
      string,
    ]
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', cert]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], {
      stdio: 'ignore',
    })
    let requests = 0
    let refused = 0
    const server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, () => requests++)
    server.on('tlsClientError', () => refused++)
    await unaffected(`https://${await listen(server)}`)
    expect({ requests, refused }).toEqual({ requests: 0, refused: RUNS })
  })

  test('redirects in a loop', async () => {
    const { requests } = await unaffectedByAnswer(307, { location: '/v1/metrics' })
    // No redirect is followed, since the headers are for the configured endpoint only.
    expect(requests).toBe(RUNS)
  })

  test.each([
    [400, {}],
    [401, { 'www-authenticate': 'Basic' }],
    [404, {}],
    [429, { 'retry-after': '1' }],
    [500, {}],
    [503, { 'retry-after': '0' }],
  ])('answers %i, and no request is repeated', async (status, headers) => {
    const { requests } = await unaffectedByAnswer(status, headers as Record<string, string>)
    expect(requests).toBe(RUNS)
  })

  test('sends a body without an end', async () => {
    const { open } = await unaffectedByBody(Number.POSITIVE_INFINITY)
    expect(open()).toBe(0)
  })

  test('sends a body of 100 MB, which is not read', async () => {
    const { sent, open } = await unaffectedByBody(100e6)
    expect(sent()).toBeLessThan(RUNS * 50e6)
    expect(open()).toBe(0)
  })

  test('sends headers one byte a second', async () => {
    const server = createServer(socket => {
      const header = `HTTP/1.1 200 OK\r\nx-slow: ${'a'.repeat(1000)}`
      let sent = 0
      const timer = setInterval(() => socket.write(header[sent++]!), 1000)
      socket.on('close', () => clearInterval(timer))
    })
    const { helperMs } = await unaffected(`http://${await listen(server)}`)
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  test('resets in the middle of the request', async () => {
    await unaffected(`http://${await listen(resetting(socket => socket.resetAndDestroy()))}`)
  })

  test('resets in the middle of the answer', async () => {
    await unaffected(
      `http://${await listen(
        resetting(socket => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{', () => socket.resetAndDestroy())
        }),
      )}`,
    )
  })

  test('answers something that is not HTTP', async () => {
    const server = createServer(socket => socket.write('SSH-2.0-OpenSSH_9.9\r\n'))
    await unaffected(`http://${await listen(server)}`)
  })
})

describe('a proxy in the environment', () => {
  const inEnvironment = (proxy: string) => ({ HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy })
  // This host does not exist, so only a proxy can accept requests for it.
  const endpoint = 'http://otel.invalid:4318'

  test('that is dead', async () => {
    await unaffected(endpoint, { env: inEnvironment(await closedEndpoint()) })
  })

  test('that never answers', async () => {
    await unaffected(endpoint, { env: inEnvironment(`http://${await listen(createServer())}`) })
  })

  test.each(['127.0.0.1:1', 'socks5://127.0.0.1:1', 'a b'])(
    'that is %s is not used for a Collector on this machine',
    async proxy => {
      const receiver = await receiving()
      await unaffected(receiver.endpoint, { env: inEnvironment(proxy) })
      expect(counts(receiver.requests)).toEqual({ build: RUNS })
    },
  )

  const withProxies = needs(hasProxies, 'fetch goes through a proxy from Node 22.21 and 24.5 on')
  withProxies('that works: delivery goes through it', async () => {
    const { proxy, asked, receiver } = await startProxy()
    await unaffected(endpoint, { env: inEnvironment(proxy) })
    expect(new Set(asked)).toEqual(new Set(['otel.invalid:4318']))
    expect(counts(receiver.requests)).toEqual({ build: RUNS })
  })
})

test('with a password in the URL of the endpoint, nothing is counted or sent', async () => {
  const receiver = await receiving()
  const world = makeUser()
  const endpoint = receiver.endpoint.replace('//', '//user:secret@')
  await compare(world, { env: { TRIX_TELEMETRY_ENDPOINT: endpoint } })
  expect(receiver.requests).toEqual([])
  expect(world.files()).toEqual(['.config/trix/config.toml'])
  await keeps(world, {})
})

/** The same with a server that answers each request with this status. */
async function unaffectedByAnswer(status: number, headers: Record<string, string>) {
  const receiver = await receiving(status, headers)
  await unaffected(receiver.endpoint)
  return { requests: receiver.requests.length }
}

/** The same with a server that answers with a body of this length, as fast as the client reads it. */
async function unaffectedByBody(bytes: number) {
  let sent = 0
  let open = 0
  const chunk = Buffer.alloc(65_536)
  const server = createHttpServer((request, response) => {
    let left = bytes
    const send = () => {
      while (left > 0 && !response.destroyed) {
        left -= chunk.length
        sent += chunk.length
        if (!response.write(chunk)) return
      }
      response.end()
    }
    open++
    response.on('drain', send).on('close', () => open--)
    request.resume().on('end', () => {
      response.writeHead(200)
      send()
    })
  })
  await unaffected(`http://${await listen(server)}`)
  return { sent: () => sent, open: () => open }
}

/** A server that calls `act` with each connection once its first bytes have arrived. */
function resetting(act: (socket: Socket) => void): Server {
  return createServer(socket => socket.once('data', () => act(socket)))
}

/** Starts a name server. `through` wraps a command so that it uses only this server. */
async function resolveBy(answer: (query: Buffer) => Buffer | undefined) {
  let queries = 0
  const server = createSocket('udp4', (query, { port, address }) => {
    queries++
    const reply = answer(query)
    if (reply) server.send(reply, port, address)
  })
  // A name server has to be on port 53, so this one gets its own address. All of 127.0.0.0/8 is loopback.
  const address = `127.53.${process.pid % 250}.1`
  await new Promise<void>(resolve => server.bind(53, address, resolve))
  onTestFinished(() => new Promise<void>(resolve => server.close(() => resolve())))
  const config = join(dirname(makeUser().home), 'resolv.conf')
  writeFileSync(config, `nameserver ${address}\n`)
  const mount = `mount --bind '${config}' /etc/resolv.conf && exec "$@"`
  return {
    queries: () => queries,
    through: (command: readonly string[]) => ['unshare', '-m', 'sh', '-c', mount, 'sh', ...command],
  }
}
