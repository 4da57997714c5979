import { createServer, request as forward } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Receiver, startReceiver } from './receiver.ts'

/** A proxy that leads to one receiver, whatever it is asked for: for http, `fetch` uses CONNECT and `node:http` does not. */
export async function startProxy(): Promise<{ proxy: string; asked: string[]; receiver: Receiver }> {
  const receiver = await startReceiver()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { host, pathname } = new URL(request.url!)
    asked.push(host)
    const { method, headers } = request
    const onward = forward(receiver.endpoint + pathname, { method, headers }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward.on('error', () => response.destroy()))
  })
  server.on('connect', ({ url = '' }, client) => {
    asked.push(url)
    const server = connect(Number(new URL(receiver.endpoint).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    server.on('error', () => client.destroy())
    client.on('error', () => server.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await receiver.close()
  })
  return { proxy: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, receiver }
}
