import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { collectorBinary } from './build.ts'

/** A running OpenTelemetry Collector: OTLP over HTTP in, a file and a Prometheus page out. */
export interface Collector {
  /** Base URL, for `TRIX_TELEMETRY_ENDPOINT`. */
  endpoint: string
  /** Where the file exporter writes, one request a line. */
  file: string
  /** URL of the Prometheus exporter's page. */
  prometheus: string
  /** Ends it, and resolves when all that it took in is in the file. */
  stop(): Promise<void>
}

/** Starts a Collector on free ports, with its configuration, log and output in `dir`, and waits until it answers. */
export async function startCollector(dir: string): Promise<Collector> {
  const [otlpPort, prometheusPort] = await freePorts(2)
  const collector = {
    endpoint: `http://127.0.0.1:${otlpPort}`,
    file: join(dir, 'metrics.jsonl'),
    prometheus: `http://127.0.0.1:${prometheusPort}/metrics`,
  }
  const config = join(dir, 'otelcol.json')
  await writeFile(config, JSON.stringify(configuration(collector)))

  const logFile = join(dir, 'otelcol.log')
  const log = await open(logFile, 'w')
  // An empty environment: what OTEL_ variables the developer has are not part of the test. The pipe is the
  // Collector's lifeline: it ends when our end of it is closed, however this process dies.
  const child = spawn(await collectorBinary(), ['--config', config], {
    env: {},
    stdio: ['pipe', log.fd, log.fd],
  })
  await once(child, 'spawn')
  await log.close()

  const deadline = Date.now() + 30_000
  while (!(await answers(collector))) {
    if (ended(child) || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`The Collector does not answer:\n${await readFile(logFile, 'utf8')}`)
    }
    await sleep(50)
  }
  return { ...collector, stop: () => stop(child, logFile) }
}

// As an object, since JSON is YAML.
function configuration({ endpoint, file, prometheus }: Omit<Collector, 'stop'>): object {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: new URL(endpoint).host } } } },
    exporters: {
      file: { path: file, flush_interval: '100ms' },
      prometheus: {
        endpoint: new URL(prometheus).host,
        // Resource attributes as labels: without them the versions would be one series, and lose each other's counts.
        resource_to_telemetry_conversion: { enabled: true },
        metric_expiration: '24h',
      },
    },
    service: {
      // Its metrics about itself would take the fixed port 8888.
      telemetry: { metrics: { level: 'none' } },
      pipelines: { metrics: { receivers: ['otlp'], exporters: ['file', 'prometheus'] } },
    },
  }
}

async function answers({ endpoint, prometheus }: Omit<Collector, 'stop'>): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' }
    const replies = await Promise.all([
      fetch(`${endpoint}/v1/metrics`, {
        method: 'POST',
        headers,
        body: '{}',
        signal: AbortSignal.timeout(1000),
      }),
      fetch(prometheus, { signal: AbortSignal.timeout(1000) }),
    ])
    await Promise.all(replies.map(reply => reply.text()))
    return replies.every(reply => reply.ok)
  } catch {
    return false // not listening yet
  }
}

async function stop(child: ChildProcess, logFile: string): Promise<void> {
  if (!ended(child)) {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exit
    clearTimeout(force)
  }
  if (child.exitCode !== 0) {
    throw new Error(`The Collector did not end by itself:\n${await readFile(logFile, 'utf8')}`)
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Ports that were free a moment ago, all held at once so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}
