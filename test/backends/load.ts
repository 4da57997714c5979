import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Counts } from '../collector/counts.ts'
import { helpersEnded } from '../helper.ts'
import { type Received, startReceiver } from '../receiver.ts'
import { makeWorld, type World } from '../world.ts'
import { add } from './lab.ts'

/** One request as the tool sent it. */
export interface Post extends Stream {
  body: string
  /** Logs that were not taken yet, beside the sender's own. */
  older: Stream[]
}

/** One log in a request. */
export interface Stream {
  instance: string
  version: string
  points: Point[]
}

export interface Point {
  command: string
  start: number
  time: number
  value: number
}

/** A user with a home of their own, whose requests come here and go no further by themselves. */
export interface Home {
  world: World
  /** Runs a command as a process; resolves with its request. */
  run(version: string, command: string, env?: Record<string, string>): Promise<Post>
  /** Runs commands while nobody can be reached. */
  runOffline(version: string, commands: readonly string[], env?: Record<string, string>): Promise<void>
  /** The same for many at once: those that sent something, in the order in which the requests came. */
  runAtOnce(count: number, version: string, command: string): Promise<Post[]>
  deleteState(): void
}

/** What the homes of a case have done. */
export interface Load {
  homes: Home[]
  /** What was run, which every backend has to say. */
  truth: Counts
  /** Instance id → version, of all that was ever sent. */
  streams: Map<string, string>
}

/** Environment of a process whose clock is wrong by so many ms. */
export function clock(offset: number): Record<string, string> {
  return { NODE_OPTIONS: `--require=${join(import.meta.dirname, 'clock.cjs')}`, CLOCK_OFFSET: String(offset) }
}

export async function makeLoad(homes: number): Promise<Load> {
  const load: Load = { homes: [], truth: {}, streams: new Map() }
  for (let i = 0; i < homes; i++) load.homes.push(await makeHome(load))
  return load
}

/** Requests of one installation that bring its count to 1, 2, 3, … */
export async function builds(count: number): Promise<Post[]> {
  const { homes } = await makeLoad(1)
  const posts: Post[] = []
  while (posts.length < count) posts.push(await homes[0]!.run('1.0.0', 'build'))
  return posts
}

async function makeHome(load: Load): Promise<Home> {
  let receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const port = Number(new URL(receiver.endpoint).port)
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  let expected = 0

  function counted(version: string, command: string): void {
    load.truth = add(load.truth, { [`${version} ${command}`]: 1 })
  }

  async function take(count: number): Promise<Post[]> {
    const requests = await receiver.arrived(expected + count)
    const posts = requests.slice(expected).map(parse)
    expected += posts.length
    for (const { older, ...own } of posts)
      for (const { instance, version } of [own, ...older]) load.streams.set(instance, version)
    return posts
  }

  async function count(version: string, command: string, env: Record<string, string> = {}): Promise<void> {
    const { status, stderr } = await world.tool([command], { TRIX_VERSION: version, ...env })
    if (status !== 0 && command !== 'init') throw new Error(`${command}: ${stderr}`)
    counted(version, command)
  }

  return {
    world,
    async run(version, command, env) {
      await count(version, command, env)
      return (await take(1))[0]!
    },
    async runOffline(version, commands, env) {
      await receiver.close()
      for (const command of commands) await count(version, command, env)
      await helpersEnded(world)
      receiver = await startReceiver(200, {}, undefined, port)
      expected = 0
    },
    async runAtOnce(count, version, command) {
      const results = await Promise.all(
        Array.from({ length: count }, () => world.tool([command], { TRIX_VERSION: version })),
      )
      for (const { status, stderr } of results) {
        if (status !== 0) throw new Error(stderr)
        counted(version, command)
      }
      // Who waits too long for the first one to begin has nothing to send, and leaves it to the next.
      await helpersEnded(world)
      return take(1)
    },
    deleteState: () => rmSync(world.state, { recursive: true }),
  }
}

function parse({ body }: Received): Post {
  const [own, ...older] = JSON.parse(body).resourceMetrics.map(streamOf)
  return { body, ...own, older }
}

function streamOf({ resource, scopeMetrics }: ResourceMetrics): Stream {
  const attribute = (key: string) =>
    resource.attributes.find(attribute => attribute.key === key)!.value.stringValue
  const metric = scopeMetrics[0]!.metrics.find(({ name }) => name === 'command_invocation')!
  return {
    instance: attribute('service.instance.id'),
    version: attribute('service.version'),
    points: metric.sum.dataPoints.map(point => ({
      command: point.attributes[0]!.value.stringValue,
      start: milliseconds(point.startTimeUnixNano),
      time: milliseconds(point.timeUnixNano),
      value: Number(point.asInt),
    })),
  }
}

interface Attribute {
  key: string
  value: { stringValue: string }
}

interface ResourceMetrics {
  resource: { attributes: Attribute[] }
  scopeMetrics: {
    metrics: {
      name: string
      sum: {
        dataPoints: {
          attributes: Attribute[]
          startTimeUnixNano: string
          timeUnixNano: string
          asInt: string
        }[]
      }
    }[]
  }[]
}

function milliseconds(nanoseconds: string): number {
  return Number(nanoseconds.slice(0, -6))
}
