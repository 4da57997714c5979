import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GUARD_MS } from '../machine.ts'
import { BIN } from '../paths.ts'
import { anyBody, expand, goodBody } from './bodies.ts'
import { fuzz } from './fuzz.ts'

/** Control, format and separator characters, without the line feed that ends a line. */
const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
/** Far less than it would take to keep every body. */
const MAX_GROWTH = 100 * 2 ** 20

let child: ChildProcess
let port: number
let ended = false
const said = { stdout: '', stderr: '' }
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

beforeAll(async () => {
  child = spawn(process.execPath, [BIN, 'listen', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.on('exit', () => (ended = true))
  child.stderr!.setEncoding('utf8').on('data', chunk => (said.stderr += chunk))
  port = await new Promise<number>(resolve => {
    child.stdout!.setEncoding('utf8').on('data', chunk => {
      said.stdout += chunk
      const [, bound] = /127\.0\.0\.1:(\d+)/.exec(said.stdout) ?? []
      if (bound) resolve(Number(bound))
    })
  })
})
afterAll(() => {
  agent.destroy()
  child.kill('SIGKILL')
})

/** Resident memory of the process in bytes. Undefined on Windows, which has no `ps`. */
function memory(): number | undefined {
  if (process.platform === 'win32') return undefined
  return 1024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' }))
}

/** The status of the answer to a valid HTTP request. */
function post(body: Uint8Array, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', agent, method: 'POST', path: '/v1/metrics', headers },
      answer => {
        answer.resume().on('end', () => resolve(answer.statusCode!))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The answer to bytes that need not be HTTP. Empty where the connection is only closed. */
function exchange(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    const timeout = setTimeout(() => reject(new Error('neither an answer nor an end')), GUARD_MS)
    socket.setEncoding('latin1').on('data', chunk => (answer += chunk))
    socket.on('error', () => {}) // a reset: `close` follows
    socket.on('close', () => {
      clearTimeout(timeout)
      resolve(answer)
    })
    socket.end(bytes)
  })
}

const json = { 'content-type': 'application/json' }

/** It still counts, and it has printed nothing that a terminal obeys. */
async function check(): Promise<void> {
  expect(ended, 'listen has ended').toBe(false)
  expect(await post(Buffer.from(goodBody), json)).toBe(200)
  expect(said.stdout).not.toMatch(OBEYED)
  expect(said.stderr).toBe('')
  said.stdout = ''
}

const bombs = [2, 21].map(megabytes => gzipSync(Buffer.alloc(megabytes * 2 ** 20, '[')))
type Sent = [body: Uint8Array, headers: Record<string, string>]

const packed = fc
  .tuple(
    fc.oneof(anyBody.map(expand), fc.uint8Array()),
    fc.constantFrom(
      'gzip',
      'GZIP ',
      'deflate',
      'identity',
      'br',
      'constructor',
      '__proto__',
      'gzip, gzip',
      '',
    ),
    fc.constantFrom(gzipSync, deflateSync, (content: string | Uint8Array) => Buffer.from(content as string)),
    fc.nat(40),
  )
  .map(([content, encoding, pack, cut]): Sent => {
    const bytes = pack(content)
    return [
      bytes.subarray(0, bytes.length - Math.max(0, cut - 20)),
      { ...json, 'content-encoding': encoding },
    ]
  })
/** With some bytes changed. Most of these are not JSON. */
const damaged = fc
  .tuple(anyBody, fc.nat(), fc.uint8Array({ maxLength: 4 }))
  .map(([text, place, bytes]): Sent => {
    const content = Buffer.from(expand(text))
    content.set(bytes.slice(0, content.length), place % Math.max(1, content.length - bytes.length))
    return [content, json]
  })
const body: fc.Arbitrary<Sent> = fc.oneof(
  { weight: 400, arbitrary: anyBody.map((text): Sent => [Buffer.from(expand(text)), json]) },
  { weight: 60, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes): Sent => [bytes, json]) },
  { weight: 40, arbitrary: damaged },
  { weight: 80, arbitrary: packed },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...bombs).map((bomb): Sent => [bomb, { ...json, 'content-encoding': 'gzip' }]),
  },
)

/** Sends what `arbitrary` makes, one after the other. The process goes on, and once it is warm its memory does not grow. */
async function survives<T>(
  what: string,
  { cases, warmAfter }: { cases: number; warmAfter: number },
  arbitrary: fc.Arbitrary<T>,
  answer: (sent: T) => Promise<number | string>,
): Promise<void> {
  let tried = 0
  let warm: number | undefined
  const statuses: Record<string, number> = {}
  await fuzz(
    what,
    cases,
    fc.asyncProperty(arbitrary, async sent => {
      const status = await answer(sent)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (++tried === warmAfter) warm = memory()
      if (tried % 100 === 0) await check()
    }),
  )
  await check()
  const now = memory()
  console.log(`answers: ${JSON.stringify(statuses)}; resident memory ${warm} bytes, at the end ${now}`)
  if (warm && now) expect(now - warm).toBeLessThan(MAX_GROWTH)
}

test('listen answers every body, goes on, and does not grow', async () => {
  const many = { cases: 30_000, warmAfter: 8000 }
  await survives('bodies to a process', many, body, async ([content, headers]) => {
    const status = await post(content, headers)
    const known = ['identity', 'gzip', 'deflate', undefined].includes(
      headers['content-encoding']?.trim().toLowerCase(),
    )
    expect(known ? [200, 400, 413] : [400]).toContain(status)
    return status
  })
})

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  fc.string(),
  fc.constantFrom(
    '\0',
    '\x1b[2J',
    '\x9b2J',
    '\r\n',
    '\n',
    ' ',
    '\t',
    '/v1/traces',
    '%1b',
    'x'.repeat(20_000),
  ),
)
const either = (...good: string[]) =>
  fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: noise })
const headerLine = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom('content-type: application/json', 'content-length: 2', 'accept: */*'),
  },
  {
    weight: 10,
    arbitrary: fc.constantFrom(
      ...[
        'content-type: application/json',
        'content-type: application/json; charset=utf-8',
        'content-type: \x9b2J',
      ],
      ...[
        'content-type: application/x-protobuf',
        'content-type:',
        'content-encoding: gzip',
        'content-encoding: \xffx',
      ],
      ...[
        'content-length: 2',
        'content-length: 200',
        'content-length: -1',
        'content-length: 1e3',
        'content-length: 9999999',
      ],
      ...[
        'transfer-encoding: chunked',
        'transfer-encoding: identity',
        'expect: 100-continue',
        'expect: nothing',
      ],
      ...[
        'connection: close',
        'connection: upgrade\r\nupgrade: websocket',
        'host: ',
        '__proto__: x',
        'a: b\n c: d',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.tuple(noise, noise).map(([name, value]) => `${name}: ${value}`) },
)
const head = fc
  .record({
    method: either('POST', 'POST', 'GET', 'PUT', 'CONNECT', 'OPTIONS', 'M-SEARCH', 'PRI', 'post'),
    path: either(
      '/v1/metrics',
      '/v1/metrics',
      '/v1/metrics?x=\x9b',
      '/v1/logs',
      '/',
      '*',
      'http://[',
      '//',
      '/\xe2\x80\xae',
    ),
    version: either('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', ''),
    headers: fc.array(headerLine, { maxLength: 6 }),
    content: either('{}', '', '2\r\n{}\r\n0\r\n\r\n', 'ffffffff\r\n', '{"resourceMetrics":'),
  })
  .map(({ method, path, version, headers, content }) =>
    latin1(
      `${method} ${path} ${version}\r\nhost: x\r\n${headers.map(line => `${line}\r\n`).join('')}\r\n${content}`,
    ),
  )
const bytes = fc.oneof(
  { weight: 9, arbitrary: head },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2000 }) },
)

test('listen answers every request head or closes its connection, goes on, and does not grow', async () => {
  const many = { cases: 20_000, warmAfter: 2000 }
  await survives('request heads to a process', many, bytes, async content => {
    const answer = await exchange(content)
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? (answer ? 'no HTTP' : 'closed')
    expect(status).toMatch(/^(100|200|400|403|404|405|413|415|417|431|505|closed)$/)
    return status
  })
})

test('the totals that listen prints at its end have nothing that a terminal obeys', async () => {
  await check()
  const end = new Promise(resolve => child.on('close', resolve))
  child.kill('SIGINT')
  expect(await end).toBe(0)
  expect(said.stdout).toMatch(/\n(runs|events)\n *[\d,]+(tn\+)? {2}/)
  expect(said.stdout).not.toMatch(OBEYED)
  expect(said.stderr).toBe('')
})
