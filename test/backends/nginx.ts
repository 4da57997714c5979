import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { freePorts, type Server, startServer, withLifeline } from '../server.ts'
import { copied, TOKEN } from './examples.ts'

/** The public door of a fleet: nginx with examples/collector/nginx.conf. */
export interface Door extends Server {
  /** Base URL, for a tool's `endpoint`. */
  endpoint: string
  /** For `NODE_EXTRA_CA_CERTS`. */
  certificate: string
  log: string
  /** One request, with the token unless it says otherwise. The status of the answer. */
  send(request: Partial<Request>): Promise<number>
}

interface Request {
  method: string
  path: string
  body: string
  /** Without a length. */
  chunked: true
  headers: Record<string, string>
  /** The client's address. All of 127.0.0.0/8 is this machine. */
  from: string
}

/** Starts it on a free port before gateways, each `host:port`, with all that it writes in `dir`. It stops with the test. */
export async function startDoor(
  dir: string,
  gateways: readonly [string, string],
  changes: Record<string, string> = {},
): Promise<Door> {
  mkdirSync(dir, { recursive: true })
  const [port] = await freePorts(1)
  const { certificate, args } = await prepare(dir, port!, gateways, changes)
  const agent = new Agent({ ca: readFileSync(certificate) })
  const send: Door['send'] = ({
    method = 'POST',
    path = '/v1/metrics',
    body = '{}',
    chunked,
    headers,
    from,
  }) =>
    new Promise((resolve, reject) => {
      const all = {
        'content-type': 'application/json',
        ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }),
        authorization: `Bearer ${TOKEN}`,
        ...headers,
      }
      const options = { agent, port, path, method, headers: all, ...(from && { localAddress: from }) }
      request({ host: '127.0.0.1', ...options }, response => {
        response.resume().on('end', () => resolve(response.statusCode!))
      })
        .on('error', reject)
        .end(body)
    })
  const log = join(dir, 'nginx.log')
  const server = await startServer({
    title: 'nginx',
    ...withLifeline(nginxBinary()!, args),
    log,
    ready: async () => (await send({ path: '/' })) === 404,
  })
  onTestFinished(async () => {
    agent.destroy()
    await server.stop()
  })
  return { ...server, endpoint: `https://127.0.0.1:${port}`, certificate, log, send }
}

/** What `nginx -t` says of the file. */
export async function checkDoor(dir: string): Promise<string> {
  const { args } = await prepare(dir, 65_009, ['127.0.0.1:4318', '127.0.0.1:4319'])
  return (await promisify(execFile)(nginxBinary()!, ['-t', ...args])).stderr
}

/** The example with a certificate, other ports and other folders: it needs and changes nothing of the system. */
async function prepare(
  dir: string,
  port: number,
  [one, two]: readonly [string, string],
  changes: Record<string, string> = {},
): Promise<{ certificate: string; args: string[] }> {
  const [certificate, key] = [join(dir, 'certificate.pem'), join(dir, 'key.pem')]
  const kind = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate]
  await promisify(execFile)('openssl', ['req', ...kind.split(' '), ...names])

  const live = '/etc/letsencrypt/live/otel.example.com'
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${join(dir, name)};`,
  )
  const config = copied(dir, 'nginx.conf', {
    'user www-data;\n': process.getuid!() === 0 ? 'user root;\n' : '',
    'http {': `http {\n  ${folders.join(' ')}`,
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '    listen [::]:443 ssl;\n': '',
    [`${live}/fullchain.pem`]: certificate,
    [`${live}/privkey.pem`]: key,
    // Both at once, and whole: a free port may begin with these digits (`43185`).
    [servers('127.0.0.1:4318', '127.0.0.1:4319')]: servers(one, two),
    ...changes,
  })
  const more = `daemon off; pid ${join(dir, 'nginx.pid')};`
  return { certificate, args: ['-p', dir, '-e', 'stderr', '-c', config, '-g', more] }
}

const servers = (one: string, two: string) => `server ${one} max_fails=0;\n    server ${two} max_fails=0;`

function nginxBinary(): string | undefined {
  // Debian has it where only root's PATH looks.
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map(folder => join(folder, 'nginx'))
    .find(path => existsSync(path))
}

/** Rejects with a message for the person at the terminal where there is none. */
export async function nginxIsThere(): Promise<void> {
  if (!nginxBinary())
    throw new Error(
      'These tests run against a real nginx. There is none on the PATH or in /usr/sbin. ' +
        'On Debian: apt-get install nginx-light openssl',
    )
}
