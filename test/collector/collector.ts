import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answers, freePorts, type Server, startServer } from '../server.ts'
import { collectorBinary } from './build.ts'

/** A running OpenTelemetry Collector: OTLP over HTTP in, a file and a Prometheus page out. */
export interface Collector extends Server {
  /** Base URL, for `TRIX_TELEMETRY_ENDPOINT`. */
  endpoint: string
  /** Where the file exporter writes, one request a line. */
  file: string
  /** URL of the Prometheus exporter's page. */
  prometheus: string
}

/** Starts a Collector on free ports, with its configuration, log and output in `dir`, and waits until it answers. */
export async function startCollector(dir: string): Promise<Collector> {
  const [otlpPort, prometheusPort] = await freePorts(2)
  const collector = {
    endpoint: `http://127.0.0.1:${otlpPort}`,
    file: join(dir, 'metrics.jsonl'),
    prometheus: `http://127.0.0.1:${prometheusPort}/metrics`,
  }
  const server = await runCollector(dir, [configuration(collector)], collector)
  return { ...collector, ...server }
}

/**
 * Starts a Collector with configurations that are merged in their order, each a path or an object (JSON is YAML), and
 * waits until its receiver and its page answer.
 */
export async function runCollector(
  dir: string,
  configurations: readonly (string | object)[],
  {
    endpoint,
    prometheus,
    headers,
    env,
  }: { endpoint: string; prometheus?: string; headers?: HeadersInit; env?: Record<string, string> },
): Promise<Server> {
  const paths = await Promise.all(
    configurations.map(async (configuration, i) => {
      if (typeof configuration === 'string') return configuration
      const path = join(dir, `otelcol-${i}.json`)
      await writeFile(path, JSON.stringify(configuration))
      return path
    }),
  )
  return startServer({
    title: 'Collector',
    command: await collectorBinary(),
    args: paths.flatMap(path => ['--config', path]),
    env,
    log: join(dir, 'otelcol.log'),
    ready: async () =>
      (await answers(`${endpoint}/v1/metrics`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      })) &&
      (!prometheus || (await answers(prometheus))),
  })
}

/** Everything into a file, and onto a page that a Prometheus scrapes. */
export function configuration({ endpoint, file, prometheus }: Omit<Collector, keyof Server>): object {
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
