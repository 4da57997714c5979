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

/** An endpoint where nothing listens, and nothing else can: the port is that of a connection that the test holds. */
export async function closedEndpoint(): Promise<string> {
  const [host, port] = (await listen(createServer())).split(':')
  const held = connect(Number(port), host)
  await once(held, 'connect')
  return `http://${host}:${held.localPort}`
}
