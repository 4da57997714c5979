import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { counts, type Receiver, startReceiver } from '../receiver.ts'
import { makeWorld, type World } from '../world.ts'
import { root } from './pages.ts'

const folder = join(root, 'examples/mcp')
const sdk = join(folder, 'node_modules/@modelcontextprotocol/sdk/dist/esm')
const { Client } = await import(join(sdk, 'client/index.js'))
const { StdioClientTransport } = await import(join(sdk, 'client/stdio.js'))

interface Session {
  pid: number
  call(tool: string): Promise<void>
  /** Ends the session as a client does: it closes the server's stdin. */
  close(): Promise<void>
  /** Ends the server's process, and waits for that. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** What was on stdout and was no message of the protocol. */
  noise: unknown[]
}

/** A real client that has started the server and is connected to it. */
async function connect(world: World, client = 'claude-code'): Promise<Session> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(folder, 'server.js')],
    env: world.env,
    stderr: 'ignore',
  })
  const connection = new Client({ name: client, version: '1.0.0' })
  const noise: unknown[] = []
  const closed = new Promise<void>(resolve => (connection.onclose = resolve))
  connection.onerror = (error: unknown) => noise.push(error)
  await connection.connect(transport)
  onTestFinished(() => connection.close())
  return {
    pid: transport.pid,
    noise,
    async call(tool) {
      const { isError = false } = await connection.callTool({ name: tool, arguments: { note: 'secret' } })
      expect(isError).toBe(false)
    },
    close: () => connection.close(),
    async kill(signal) {
      process.kill(transport.pid, signal)
      await closed
    },
  }
}

/** A user who has agreed, and a receiver in the place of the server that the example names. */
async function setting(env: Record<string, string> = { NOTES_MCP_TELEMETRY: 'on' }) {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ NOTES_MCP_TELEMETRY_ENDPOINT: receiver.endpoint, ...env })
  return { receiver, world }
}

const arrived = ({ requests }: Receiver, expected: Record<string, number>) =>
  expect.poll(() => counts(requests), { timeout: 60_000 }).toEqual(expected)

test('10,000 calls are 10,000 counts, and stdout has nothing but the protocol', async () => {
  const { receiver, world } = await setting()
  const { call, close, noise } = await connect(world)
  for (let index = 0; index < 10_000; index++) await call(index % 4 ? 'add_note' : 'list_notes')
  // While the session is open: one that ends within a pause between requests leaves the rest to the next.
  await arrived(receiver, { add_note: 7500, list_notes: 2500 })
  await close()
  expect(noise).toEqual([])
  for (const { body } of receiver.requests) expect(body).not.toContain('secret')
})

test('a server that is idle delivers, without a further call', async () => {
  const { receiver, world } = await setting()
  const { call } = await connect(world)
  await call('add_note')
  await arrived(receiver, { add_note: 1 })
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL', 'stdin closed'] as const)(
  'ended by %s: no call is lost, and none is counted twice',
  async way => {
    const { receiver, world } = await setting()
    const { call, close, kill } = await connect(world)
    for (let index = 0; index < 3; index++) await call('add_note')
    await (way === 'stdin closed' ? close() : kill(way))
    const next = await connect(world)
    await next.call('add_note')
    await next.close()
    await arrived(receiver, { add_note: 4 })
  },
)

test.each([
  ['claude-ai', 'claude'],
  ['Visual Studio Code', 'vscode'],
  ['cursor-vscode', 'cursor'],
  ['my secret client', 'other'],
])('the client %s is counted as %s', async (name, kind) => {
  const { receiver, world } = await setting()
  const { call, close } = await connect(world, name)
  await call('list_notes')
  await close()
  await expect.poll(() => counts(receiver.requests, 'session'), { timeout: 30_000 }).toEqual({ [kind]: 1 })
  for (const { body } of receiver.requests) expect(body).not.toContain('secret')
})

test('without an answer of the user nothing is stored or sent', async () => {
  const { receiver, world } = await setting({})
  const { call, close } = await connect(world)
  await call('add_note')
  await close()
  expect(world.files()).toEqual([])
  expect(receiver.requests).toEqual([])
})
