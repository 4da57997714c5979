import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Listens on a free port until the test ends, and then drops all connections. Returns `127.0.0.1:PORT`. */
export async function listen(server: Server, host = '127.0.0.1', port = 0): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket.on('error', () => {})))
  server.listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `${host}:${(server.address() as AddressInfo).port}`
}

/** An endpoint where nothing listens. */
export async function closedEndpoint(): Promise<string> {
  const { localAddress, localPort } = await holdPort()
  return `http://${localAddress}:${localPort}`
}

/**
 * Holds a port until the test ends, by default a free one, as that of a connection: nothing listens there, and no other
 * test can. `resetAndDestroy()` ends it earlier.
 */
export async function holdPort(localPort = 0): Promise<Socket> {
  const [localAddress = '', port] = (await listen(createServer())).split(':')
  const held = connect({ host: localAddress, port: Number(port), localAddress, localPort })
  await once(
    held.on('error', () => {}),
    'connect',
  )
  return held
}
