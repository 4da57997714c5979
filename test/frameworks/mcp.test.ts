import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { counts, type Receiver, startReceiver } from '../receiver.ts'
import { makeWorld, runProcess, type World } from '../world.ts'
import { foreignBlocks, root } from './pages.ts'

const folder = join(root, 'examples/mcp')
const sdk = join(folder, 'node_modules/@modelcontextprotocol/sdk/dist/esm')
const { Client } = await import(join(sdk, 'client/index.js'))
const { StdioClientTransport } = await import(join(sdk, 'client/stdio.js'))
const { ElicitRequestSchema } = await import(join(sdk, 'types.js'))

/** What the user answers to a question. */
type Answer = { action: string; content?: Record<string, unknown> }

interface Session {
  call(tool: string): Promise<void>
  /** Ends the session as a client does: it closes the server's stdin. */
  close(): Promise<void>
  /** Ends the server's process, and waits for that. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** What the server wrote to stdout that is not a message of the protocol. */
  noise: unknown[]
  /** The questions that the user has seen. */
  asked: string[]
}

/** A real client that has started the server and is connected to it. Without `answer` it cannot ask its user. */
async function connect(world: World, client = 'claude-code', answer?: Answer): Promise<Session> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(folder, 'server.js')],
    env: world.env,
    stderr: 'ignore',
  })
  const capabilities = answer ? { elicitation: {} } : {}
  const connection = new Client({ name: client, version: '1.0.0' }, { capabilities })
  const asked: string[] = []
  if (answer)
    connection.setRequestHandler(ElicitRequestSchema, ({ params }: { params: { message: string } }) => {
      asked.push(params.message)
      return answer
    })
  const noise: unknown[] = []
  const closed = new Promise<void>(resolve => (connection.onclose = resolve))
  connection.onerror = (error: unknown) => noise.push(error)
  await connection.connect(transport)
  onTestFinished(() => connection.close())
  return {
    noise,
    asked,
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

/** A user who has agreed, and a receiver in place of the endpoint that the example names. */
async function setting(env: Record<string, string> = { NOTES_MCP_TELEMETRY: 'on' }) {
  const receiver = await startReceiver()
  const world = makeWorld({ NOTES_MCP_TELEMETRY_ENDPOINT: receiver.endpoint, ...env })
  return { receiver, world }
}

const arrived = ({ requests }: Receiver, expected: Record<string, number>) =>
  expect.poll(() => counts(requests), { timeout: 60_000 }).toEqual(expected)

test('10,000 calls are 10,000 counts, and stdout has nothing but the protocol', async () => {
  const { receiver, world } = await setting()
  const { call, close, noise } = await connect(world)
  for (let index = 0; index < 10_000; index++) await call(index % 4 ? 'add_note' : 'list_notes')
  await close()
  await arrived(receiver, { add_note: 7500, list_notes: 2500 })
  expect(noise).toEqual([])
  for (const { body } of receiver.requests) expect(body).not.toContain('secret')
})

test('an idle server delivers without a further call', async () => {
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

describe('consent', () => {
  const yes = { action: 'accept', content: { allow: true } }

  test('where the client cannot ask, nothing is stored or sent', async () => {
    const { receiver, world } = await setting({})
    const { call, close } = await connect(world)
    await call('add_note')
    await close()
    expect(world.files()).toEqual([])
    expect(receiver.requests).toEqual([])
  })

  test('where the client cannot ask, `notes-mcp telemetry enable` is a yes', async () => {
    const { receiver, world } = await setting({})
    const command = [join(folder, 'server.js'), 'telemetry', 'enable']
    const { status, stdout } = await runProcess(process.execPath, command, world)
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^notes-mcp telemetry is on/),
    })
    const { call, close } = await connect(world)
    await call('add_note')
    await close()
    await arrived(receiver, { add_note: 1 })
  })

  test('after a yes in the client, calls are counted, in this session too, and the user is not asked again', async () => {
    const { receiver, world } = await setting({})
    const first = await connect(world, 'zed', yes)
    await expect.poll(() => first.asked, { timeout: 30_000 }).toHaveLength(1)
    expect(first.asked[0]).toContain('add_note, list_notes')
    expect(first.asked[0]).toContain(receiver.endpoint)
    await expect.poll(world.files, { timeout: 30_000 }).toContain('.local/state/notes-mcp/consent.json')
    await first.call('add_note')
    await first.close()
    await arrived(receiver, { add_note: 1 })
    const second = await connect(world, 'zed', yes)
    await second.call('add_note')
    await second.close()
    await arrived(receiver, { add_note: 2 })
    expect(second.asked).toEqual([])
  })

  test.each([
    ['declines', { action: 'decline' }],
    ['accepts the form without ticking the box', { action: 'accept', content: { allow: false } }],
  ])('a user who %s is not asked again, and nothing is sent', async (_, answer) => {
    const { receiver, world } = await setting({})
    const first = await connect(world, 'zed', answer)
    await expect.poll(world.files, { timeout: 30_000 }).toContain('.local/state/notes-mcp/consent.json')
    await first.call('add_note')
    await first.close()
    const second = await connect(world, 'zed', yes)
    await second.call('add_note')
    await second.close()
    expect([first.asked.length, second.asked.length]).toEqual([1, 0])
    expect(receiver.requests).toEqual([])
    expect(world.files()).toEqual(['.local/state/notes-mcp/consent.json'])
  })

  test('a user who closes the window is asked again in the next session, and nothing is stored or sent', async () => {
    const { receiver, world } = await setting({})
    for (let session = 0; session < 2; session++) {
      const { asked, call, close } = await connect(world, 'zed', { action: 'cancel' })
      await expect.poll(() => asked, { timeout: 30_000 }).toHaveLength(1)
      await call('add_note')
      await close()
    }
    expect(world.files()).toEqual([])
    expect(receiver.requests).toEqual([])
  })
})

test('each block of code in docs/mcp.md is a part of the example', () => {
  const files = ['mcp/server.js', 'mcp/telemetry.js', 'mcp/consent.js']
  expect(foreignBlocks('mcp.md', files)).toEqual([])
})
