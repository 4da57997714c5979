import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

/** How long a packet takes in each direction: a round trip takes 50 ms. */
const ONE_WAY_MS = 25

/**
 * Makes a certificate authority, and a certificate for 127.0.0.1 that it has signed, with `openssl`.
 * @param {string} folder
 */
export function makeCertificates(folder) {
  const path = (/** @type {string} */ name) => join(folder, name)
  const openssl = (/** @type {string[]} */ ...args) => execFileSync('openssl', args, { stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  writeFileSync(path('leaf.ext'), 'subjectAltName=IP:127.0.0.1\n')
  openssl(
    ...['req', '-x509', ...newKey, '-keyout', path('ca.key'), '-out', path('ca.pem')],
    ...['-days', '2', '-subj', '/CN=otlp-tally bench'],
  )
  openssl(
    ...['req', ...newKey, '-keyout', path('leaf.key'), '-out', path('leaf.csr')],
    ...['-subj', '/CN=127.0.0.1'],
  )
  openssl(
    ...['x509', '-req', '-in', path('leaf.csr'), '-CA', path('ca.pem'), '-CAkey', path('ca.key')],
    ...['-CAcreateserial', '-days', '2', '-extfile', path('leaf.ext'), '-out', path('leaf.pem')],
  )
  return {
    authority: path('ca.pem'),
    key: readFileSync(path('leaf.key')),
    cert: readFileSync(path('leaf.pem')),
  }
}

/**
 * A server that passes bytes on to `port` as late as if it were far away. On loopback the kernel accepts a connection at
 * once, so the first bytes wait for the round trip that connecting takes in a real network as well.
 * @param {() => number} port
 */
export function delayingProxy(port) {
  return createServer({ allowHalfOpen: true }, near => {
    const far = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [near, far]) socket.setNoDelay().on('error', () => {})
    passOn(near, far, 3 * ONE_WAY_MS)
    passOn(far, near, ONE_WAY_MS)
    near.on('close', () => far.destroy())
  })
}

/** @param {import('node:net').Socket} from @param {import('node:net').Socket} to @param {number} firstMs */
function passOn(from, to, firstMs) {
  let due = performance.now() + firstMs
  /** @type {(() => void)[]} */
  const queue = []
  const later = (/** @type {() => void} */ action) => {
    due = Math.max(due, performance.now() + ONE_WAY_MS)
    // Each timer sends the oldest bytes. So they stay in their order, however the timers are rounded.
    queue.push(action)
    setTimeout(() => queue.shift()?.(), due - performance.now())
  }
  from.on('data', bytes => later(() => to.writable && to.write(bytes)))
  from.on('end', () => later(() => to.writable && to.end()))
}
