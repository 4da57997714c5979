import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { helpersEnded } from './helper.ts'
import { canSend, logsIn, marksIn } from './log-text.ts'
import { holdPort } from './loopback.ts'
import { type Received, startReceiver } from './receiver.ts'
import { linked, makeWorld, type Result, runProcess, SILENT, type World } from './world.ts'

// The tests of counting are made of these two: a tool of one user, as real processes, and a backend, which is a real server.

const CLOCK = join(import.meta.dirname, 'faults/wrong-clock.cjs')

/** How a command is run. */
export interface Run {
  /** Options of `initTelemetry` besides the usual ones. */
  options?: object
  /** What it does after it has counted. */
  after?: string
  /** How far its clock is ahead, in ms. Its delivery is inline then, since a helper would have the machine's clock. */
  clock?: number
  env?: Record<string, string>
  /** What stands before the command line: strace, a namespace. */
  within?: readonly string[]
}

export interface Tool {
  world: World
  /** Runs a command that counts these names, `build` by default, and waits for its helper. It ends well and prints nothing. */
  run(endpoint: string, names?: readonly string[], how?: Run): Promise<void>
  /** The same without waiting for the helper. */
  start(endpoint: string, names?: readonly string[], how?: Run): Promise<Result>
  /** The logs, relative to the folder `v1`. */
  logs(): string[]
  /** How many invocations are on disk. */
  marks(): number
  /** Resolves when the next command can send all that is counted. */
  canSend(): Promise<void>
}

const COMMANDS = ['build', 'check', 'deploy', 'lint', 'test']

export function makeTool(env: Record<string, string> = {}): Tool {
  const world = makeWorld({ TRIX_TELEMETRY: 'on', ...env })
  // The home may be on another disk.
  const home = world.env.HOME!
  const folder = join(home, world.state.slice(world.home.length), 'v1')
  const start: Tool['start'] = (endpoint, names = ['build'], how = {}) => {
    const { options, after = '', clock, env: more, within = [] } = how
    const given = {
      ...{ name: 'trix', version: '1.0.0', endpoint, commands: COMMANDS, timeoutMs: 5000 },
      ...(clock !== undefined && { delivery: 'inline' }),
      ...options,
    }
    const code = `
      import { initTelemetry } from 'otlp-tally'
      const { trackCommand, trackEvent, flushTelemetry } = initTelemetry(${JSON.stringify(given)})
      for (const name of ${JSON.stringify(names)}) trackCommand(name)
      ${after}`
    const [command = '', ...args] = [
      ...within,
      process.execPath,
      ...(clock === undefined ? [] : ['--require', CLOCK]),
      ...['--input-type=module', '-e', linked(code)],
    ]
    const environment = { ...world.env, ...(clock !== undefined && { CLOCK_OFFSET: `${clock}` }), ...more }
    return runProcess(command, args, { cwd: world.cwd, env: environment })
  }
  return {
    world,
    start,
    logs: () => logsIn(folder),
    async run(...given) {
      expect(await start(...given)).toEqual(SILENT)
      await helpersEnded({ home })
    },
    marks: () => Object.values(marksIn(folder)).reduce((sum, count) => sum + count, 0),
    canSend: () => canSend(folder),
  }
}

/** What a server does with a request. */
export interface Request {
  body: string
  response: ServerResponse
  /** How many have come before it. */
  index: number
  store(): void
  answer(status: number, type?: string): void
}

export interface Backend {
  endpoint: string
  requests: Received[]
  /** What it has stored, in this order. */
  bodies: string[]
  /** Nobody listens at the endpoint while this runs. */
  offline(act: () => Promise<void>): Promise<void>
}

/** A server that stores bodies and answers, as a test says for each request; by default 200. */
export async function startBackend(act?: (request: Request) => void): Promise<Backend> {
  const bodies: string[] = []
  const requests: Received[] = []
  let index = 0
  const listen = (port?: number) =>
    startReceiver(
      200,
      {},
      (response, body) => {
        requests.push(receiver.requests.at(-1)!)
        const store = () => void bodies.push(body)
        const answer = (status: number, type = 'application/json') =>
          void response.writeHead(status, { 'content-type': type }).end('{}')
        if (act) return act({ body, response, index: index++, store, answer })
        store()
        answer(200)
      },
      port,
    )
  let receiver = await listen()
  const { endpoint } = receiver
  return {
    ...{ endpoint, bodies, requests },
    async offline(act) {
      const port = Number(new URL(endpoint).port)
      await receiver.close()
      const held = await holdPort(port)
      await act()
      await once(held.resetAndDestroy(), 'close')
      receiver = await listen(port)
    },
  }
}
