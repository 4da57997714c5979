import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { delayingProxy, makeCertificates } from './far.js'

/** @typedef {'up' | 'far' | 'refused' | 'hanging' | 'SYN dropped' | 'DNS dropped'} State */

/** Where a collector does not answer. */
/** @type {readonly State[]} */
export const BROKEN = ['refused', 'hanging', 'SYN dropped', 'DNS dropped']

/** `far` is 50 ms away and over TLS. */
/** @type {readonly State[]} */
export const STATES = ['up', 'far', ...BROKEN]

const INSIDE = 'BENCH_NAMESPACE'

// A packet to TEST-NET-1 leaves by `lo` and comes back. It has nobody's address, so the kernel drops it and reports nothing.
const SETUP = `
  ip link set lo up && ip route add 192.0.2.0/24 dev lo && mount --bind "$1" /etc/resolv.conf || exit 99
  shift; exec "$@"`

/**
 * Starts this program again in a network of its own, where packets can be dropped, and ends with its exit code. Returns
 * true inside it, and false where the kernel does not allow it. Then two states are skipped.
 */
export function enterNamespace() {
  if (process.env[INSIDE]) return true
  const resolver = join(tmpdir(), `otlp-tally-bench-resolv-${process.pid}.conf`)
  writeFileSync(resolver, 'nameserver 192.0.2.53\n')
  const flags = process.geteuid?.() === 0 ? '-mn' : '-mnr'
  /** @param {string[]} command @param {'ignore' | 'inherit'} stdio */
  const enter = (command, stdio) =>
    spawnSync('unshare', [flags, 'sh', '-c', SETUP, 'sh', resolver, ...command], {
      stdio,
      env: { ...process.env, [INSIDE]: '1' },
    }).status
  const possible = enter(['true'], 'ignore') === 0
  const status =
    possible && enter([process.execPath, ...process.execArgv, ...process.argv.slice(1)], 'inherit')
  rmSync(resolver)
  if (status !== false) process.exit(status ?? 1)
  return false
}

/**
 * The collectors, one for each state, and the certificate authority of the far one. `received()` is the number of
 * requests that were answered.
 * @param {string} folder
 */
export async function startCollectors(folder) {
  let received = 0
  /** @type {import('node:http').RequestListener} */
  const answer = (incoming, outgoing) => {
    incoming.resume().on('end', () => {
      received++
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  }
  const { authority, key, cert } = makeCertificates(folder)
  const up = createHttpServer(answer)
  const secure = createHttpsServer({ key, cert }, answer)
  const hanging = createServer(socket => socket.on('error', () => {}).resume())
  const securePort = await listen(secure)
  const far = delayingProxy(() => securePort)
  const [upPort, farPort, hangingPort] = [await listen(up), await listen(far), await listen(hanging)]
  /** @type {Record<State, string>} */
  const endpoints = {
    up: `http://127.0.0.1:${upPort}`,
    far: `https://127.0.0.1:${farPort}`,
    refused: 'http://127.0.0.1:1',
    hanging: `http://127.0.0.1:${hangingPort}`,
    'SYN dropped': 'http://192.0.2.1:4318',
    'DNS dropped': 'http://collector.example:4318',
  }
  const close = () => {
    for (const server of [up, secure]) server.closeAllConnections()
    for (const server of [up, secure, far, hanging]) server.close()
  }
  return { endpoints, authority, received: () => received, close }
}

/** @param {import('node:net').Server} server @returns {Promise<number>} */
function listen(server) {
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () =>
      resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
    ),
  )
}
