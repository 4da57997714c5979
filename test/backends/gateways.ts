import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCollector } from '../collector/collector.ts'
import { freePorts } from '../server.ts'
import { configurationsOf, copied, flagsOf } from './examples.ts'
import { type Door, startDoor } from './nginx.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { type Restartable, restartable } from './restartable.ts'

/** A Collector with one of the files to copy. */
export interface Collector extends Restartable {
  /** `host:port`, for the door. */
  address: string
  /** Base URL, for a tool's `endpoint`. */
  endpoint: string
}

/** Starts a Collector with files that are merged, and an environment. It stops with the test. */
export async function startCollector(
  dir: string,
  configurations: readonly (string | object)[],
  env: Record<string, string> = {},
): Promise<Collector> {
  mkdirSync(dir, { recursive: true })
  const [port] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const endpoint = `http://${address}`
  const collector = await restartable(() =>
    runCollector(dir, configurations, { endpoint, env: { LISTEN: address, ...env } }),
  )
  onTestFinished(() => collector.stop())
  return Object.assign(collector, { address, endpoint })
}

/** One of several: a Collector and the Prometheus beside it. */
export interface Gateway extends Collector {
  prometheus: Prometheus
}

/**
 * Starts a gateway, which hands its totals on to a store, by the URL where it takes remote write.
 * Only ports and intervals differ.
 */
export async function startGateway(dir: string, name: string, store: string): Promise<Gateway> {
  mkdirSync(dir)
  copied(dir, 'gateway-rules.yml')
  const config = copied(dir, 'gateway-prometheus.yml', {
    'evaluation_interval: 1m': 'evaluation_interval: 1s',
    'http://127.0.0.1:9092/api/v1/write': store,
  })
  const prometheus = await startPrometheus(dir, config, flagsOf('gateway-prometheus.yml'), { GATEWAY: name })
  onTestFinished(() => prometheus.stop())
  const env = { PROMETHEUS: new URL(prometheus.url).host }
  return Object.assign(await startCollector(dir, configurationsOf('collector.yaml'), env), { prometheus })
}

/** Starts a store for the long term. `write` is where it takes remote write. */
export async function startStore(dir: string): Promise<Prometheus & { write: string }> {
  const config = join(import.meta.dirname, 'default.yml')
  const store = await startPrometheus(dir, config, ['--web.enable-remote-write-receiver'])
  onTestFinished(() => store.stop())
  return Object.assign(store, { write: `${store.url}/api/v1/write` })
}

/** nginx before two gateways, and the store that both hand their totals on to. */
export interface Fleet {
  store: Prometheus
  a: Gateway
  b: Gateway
  door: Door
}

/** Starts all of it, each in a folder of its own in `dir`. */
export async function startFleet(dir: string): Promise<Fleet> {
  const store = await startStore(join(dir, 'store'))
  const a = await startGateway(join(dir, 'a'), 'a', store.write)
  const b = await startGateway(join(dir, 'b'), 'b', store.write)
  const door = await startDoor(join(dir, 'door'), [a.address, b.address])
  return { store, a, b, door }
}
