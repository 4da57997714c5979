import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCollector } from '../collector/collector.ts'
import { freePorts } from '../server.ts'
import { configurationsOf, copied, flagsOf } from './examples.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { type Restartable, restartable } from './restartable.ts'

/** A Collector of a fleet, as one of its files has it. */
export interface Gateway extends Restartable {
  /** `host:port`, for the door. */
  address: string
  log: string
}

/** Starts a Collector of the fleet with a file, or several that are merged, and an environment. It stops with the test. */
export async function startGateway(
  dir: string,
  configurations: readonly (string | object)[],
  env: Record<string, string> = {},
): Promise<Gateway> {
  const [port] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const start = () =>
    runCollector(dir, configurations, {
      endpoint: `http://${address}`,
      env: { LISTEN: address, ...env },
    })
  const gateway = await restartable(start)
  onTestFinished(() => gateway.stop())
  return Object.assign(gateway, { address, log: join(dir, 'otelcol.log') })
}

/**
 * A gateway with the Prometheus beside it, which hands its totals on to a store, by the URL where it takes remote write.
 * Only ports and intervals differ.
 */
export async function startRawGateway(
  dir: string,
  name: string,
  store: string,
): Promise<Gateway & { prometheus: Prometheus }> {
  mkdirSync(dir)
  copied(dir, 'gateway-rules.yml')
  const config = copied(dir, 'gateway-prometheus.yml', {
    'evaluation_interval: 1m': 'evaluation_interval: 1s',
    'http://127.0.0.1:9092/api/v1/write': store,
  })
  const prometheus = await startPrometheus(dir, config, flagsOf('gateway-prometheus.yml'), { GATEWAY: name })
  onTestFinished(() => prometheus.stop())
  const env = { PROMETHEUS: new URL(prometheus.url).host }
  return Object.assign(await startGateway(dir, configurationsOf('collector.yaml'), env), { prometheus })
}

/** A store for the long term, and where it takes remote write. */
export async function startStore(dir: string): Promise<Prometheus & { write: string }> {
  mkdirSync(dir)
  const config = join(import.meta.dirname, 'default.yml')
  const store = await startPrometheus(dir, config, ['--web.enable-remote-write-receiver'])
  onTestFinished(() => store.stop())
  return Object.assign(store, { write: `${store.url}/api/v1/write` })
}
