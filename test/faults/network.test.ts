import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request as forward } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
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
  root,
  TIMEOUT_MS,
} from './compare.ts'

afterAll(printReport)

/** Listens on loopback until the test ends, and then lets go of whoever is still connected. */
async function serve(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  )
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An address on which nobody listens any more. */
async function closedAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return `127.0.0.1:${port}`
}

/** With this endpoint a command is as without it, and what it counted comes with the next good delivery. */
async function unfelt(endpoint: string, fault: Fault = {}): Promise<Report> {
  const world = makeUser()
  // An endpoint from the environment alone is trusted only on this machine.
  world.writeConfig(`[telemetry]\nenabled = true\ntimeout_ms = ${TIMEOUT_MS}\nendpoint = "${endpoint}"\n`)
  const report = await compare(world, fault)
  await keeps(world, { build: RUNS })
  return report
}

describe('a network that', () => {
  test('refuses', async () => {
    await unfelt(`http://${await closedAddress()}`)
  })

  test('accepts and never answers', async () => {
    const { helperMs } = await unfelt(`http://${await serve(createServer())}`)
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  root('drops SYNs', async () => {
    // A neighbour who is known and not there: nothing comes back, not even that there is nobody.
    const links = [
      'link set lo up',
      'link add fault0 type veth peer name fault1',
      'link set fault0 up',
      'link set fault1 up',
      'addr add 10.99.0.1/24 dev fault0',
      'neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev fault0 nud permanent',
    ].join('\n')
    const { helperMs } = await unfelt('http://10.99.0.2:4318', {
      through: command => [
        ...['unshare', '-n', 'sh', '-c'],
        `printf '${links}' | ip -batch - && exec "$@"`,
        'sh',
        ...command,
      ],
    })
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  root('drops DNS', async () => {
    const { queries, through } = await resolveBy(() => undefined)
    const { helperMs } = await unfelt('http://otel.example.com:4318', { through })
    expect(queries()).toBeGreaterThan(0)
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  root('answers NXDOMAIN', async () => {
    const { queries, through } = await resolveBy(query => {
      const answer = Buffer.from(query)
      answer.writeUInt16BE(0x8183, 2) // a response, recursion available, name error
      answer.writeUInt16BE(0, 10) // without the additional record of the question
      return answer
    })
    await unfelt('http://otel.example.com:4318', { through })
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
    await unfelt(`https://${await serve(server)}`)
    expect({ requests, refused }).toEqual({ requests: 0, refused: RUNS })
  })

  test('redirects in a loop', async () => {
    const { requests } = await unfeltAnswer(307, { location: '/v1/metrics' })
    // None is followed: it would carry the headers to where nobody configured them.
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
    const { requests } = await unfeltAnswer(status, headers as Record<string, string>)
    expect(requests).toBe(RUNS)
  })

  test('sends a body without an end', async () => {
    const { open } = await unfeltBody(Number.POSITIVE_INFINITY)
    expect(open()).toBe(0)
  })

  test('sends 100 MB, which nobody reads', async () => {
    const { sent, open } = await unfeltBody(100e6)
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
    const { helperMs } = await unfelt(`http://${await serve(server)}`)
    expect(helperMs).toBeGreaterThan(TIMEOUT_MS / 2)
  })

  test('resets in the middle of the request', async () => {
    await unfelt(`http://${await serve(resetting(socket => socket.resetAndDestroy()))}`)
  })

  test('resets in the middle of the answer', async () => {
    await unfelt(
      `http://${await serve(
        resetting(socket => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{', () => socket.resetAndDestroy())
        }),
      )}`,
    )
  })

  test('answers something that is not HTTP', async () => {
    const server = createServer(socket => socket.write('SSH-2.0-OpenSSH_9.9\r\n'))
    await unfelt(`http://${await serve(server)}`)
  })
})

describe('a proxy in the environment', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const proxies = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)
  const inEnvironment = (proxy: string) => ({ HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy })
  // The name is nobody's: who goes past the proxy gets nowhere.
  const endpoint = 'http://otel.invalid:4318'

  test('that is dead', async () => {
    await unfelt(endpoint, { env: inEnvironment(`http://${await closedAddress()}`) })
  })

  test('that never answers', async () => {
    await unfelt(endpoint, { env: inEnvironment(`http://${await serve(createServer())}`) })
  })

  test.each(['127.0.0.1:1', 'socks5://127.0.0.1:1', 'a b'])(
    'written as %s, for a Collector on this machine',
    async proxy => {
      const receiver = await receiving()
      await unfelt(receiver.endpoint, { env: inEnvironment(proxy) })
      expect(counts(receiver.requests)).toEqual({ build: RUNS })
    },
  )

  const withProxies = needs(proxies, 'fetch goes through a proxy from Node 22.21 and 24.5 on')
  withProxies('that works: delivery goes through it', async () => {
    const receiver = await receiving()
    const { port } = new URL(receiver.endpoint)
    const asked: (string | undefined)[] = []
    // Older ones of undici ask for a tunnel, newer ones send the request itself.
    const proxy = createHttpServer((request, response) => {
      asked.push(request.headers.host)
      const { method, headers } = request
      const onward = forward({ host: '127.0.0.1', port, path: '/v1/metrics', method, headers }, answer => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      request.pipe(onward.on('error', () => response.destroy()))
    })
    proxy.on('connect', (request, socket: Socket) => {
      asked.push(request.url)
      const there = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(there).pipe(socket)
      })
      there.on('error', () => socket.destroy())
      socket.on('error', () => there.destroy()).on('close', () => there.destroy())
    })
    await unfelt(endpoint, { env: inEnvironment(`http://${await serve(proxy)}`) })
    expect(new Set(asked)).toEqual(new Set(['otel.invalid:4318']))
    expect(counts(receiver.requests)).toEqual({ build: RUNS })
  })
})

test('an endpoint with a password in its URL counts nothing and is never asked', async () => {
  const receiver = await receiving()
  const world = makeUser()
  const endpoint = receiver.endpoint.replace('//', '//user:secret@')
  await compare(world, { env: { TRIX_TELEMETRY_ENDPOINT: endpoint } })
  expect(receiver.requests).toEqual([])
  expect(world.files()).toEqual(['.config/trix/config.toml'])
  await keeps(world, {})
})

/** Every request is answered with this status. */
async function unfeltAnswer(status: number, headers: Record<string, string>) {
  const receiver = await receiving(status, headers)
  await unfelt(receiver.endpoint)
  return { requests: receiver.requests.length }
}

/** Every request is answered with a body of so many bytes, as fast as somebody takes them. */
async function unfeltBody(bytes: number) {
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
  await unfelt(`http://${await serve(server)}`)
  return { sent: () => sent, open: () => open }
}

/** A server that does this to who has begun to send. */
function resetting(act: (socket: Socket) => void): Server {
  return createServer(socket => socket.once('data', () => act(socket)))
}

/** A name server of our own, and how a command comes to ask it and no other. */
async function resolveBy(answer: (query: Buffer) => Buffer | undefined) {
  let queries = 0
  const server = createSocket('udp4', (query, { port, address }) => {
    queries++
    const reply = answer(query)
    if (reply) server.send(reply, port, address)
  })
  // Any address of 127.0.0.0/8 is loopback; the port is not for us to choose.
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
