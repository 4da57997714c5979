import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { helpersEnded } from './helper.ts'
import { type Received, startReceiver } from './receiver.ts'
import { makeWorld, type Result, runProcess, type World } from './world.ts'

/** A tool of one user, as real processes, and what a real server has stored: the tests of counting are made of these. */

const INDEX = join(import.meta.dirname, '../dist/index.js')
const CLOCK = join(import.meta.dirname, 'faults/wrong-clock.cjs')

/** How a command is run. */
export interface Run {
  /** Options of `initTelemetry` besides the usual ones. */
  options?: object
  /** What it does after it has counted. */
  after?: string
  /** How far its clock is ahead, in ms. Then it sends by itself, since a helper's clock is the machine's. */
  clock?: number
  env?: Record<string, string>
  /** Wraps the command line: strace, a namespace. */
  within?: readonly string[]
}

export interface Tool {
  world: World
  /** Runs a command that counts these names, and waits for its helper. Nothing is printed, and it ends with 0. */
  run(endpoint: string, names?: readonly string[], how?: Run): Promise<void>
  /** The same without waiting for the helper. */
  start(endpoint: string, names?: readonly string[], how?: Run): Promise<Result>
  /** The logs, relative to the folder `v1`. */
  logs(): string[]
  /** The invocations that are on disk, as text says so: not by the code that is tested. */
  marks(): number
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
      ...{ name: 'trix', version: '1.0.0', endpoint, commands: COMMANDS, timeoutMs: 2000 },
      ...(clock !== undefined && { delivery: 'inline' }),
      ...options,
    }
    const code = `
      import { initTelemetry } from ${JSON.stringify(INDEX)}
      const { trackCommand, trackEvent, flushTelemetry } = initTelemetry(${JSON.stringify(given)})
      for (const name of ${JSON.stringify(names)}) trackCommand(name)
      ${after}`
    const [command = '', ...args] = [
      ...within,
      process.execPath,
      ...(clock === undefined ? [] : ['--require', CLOCK]),
      ...['--input-type=module', '-e', code],
    ]
    const environment = { ...world.env, ...(clock !== undefined && { CLOCK_OFFSET: `${clock}` }), ...more }
    return runProcess(command, args, { cwd: world.cwd, env: environment })
  }
  const logs = () => {
    try {
      return readdirSync(folder).filter(name => name.includes('.log'))
    } catch {
      return [] // nothing was counted yet
    }
  }
  return {
    world,
    start,
    logs,
    async run(...given) {
      expect(await start(...given)).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
      await helpersEnded({ home })
    },
    marks: () =>
      logs()
        .flatMap(name => readFileSync(join(folder, name), 'latin1').split('\n'))
        .filter(line => /^[a-z].* \d{13}$/.test(line)).length,
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
  onTestFinished(() => receiver.close())
  const { endpoint } = receiver
  return {
    ...{ endpoint, bodies, requests },
    async offline(act) {
      await receiver.close()
      await act()
      receiver = await listen(Number(new URL(endpoint).port))
    },
  }
}

/** After this, processes that were killed count as dead: the life of a claim is the timeout and a second. */
export const aWhile = (ms = 3200): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
