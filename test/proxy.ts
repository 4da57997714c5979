import { createServer, request as forward } from 'node:http'
import { connect } from 'node:net'
import { listen } from './loopback.ts'
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
    const there = connect(Number(new URL(receiver.endpoint).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      there.pipe(client).pipe(there)
    })
    there.on('error', () => client.destroy())
    client.on('error', () => there.destroy()).on('close', () => there.destroy())
  })
  return { proxy: `http://${await listen(server)}`, asked, receiver }
}
