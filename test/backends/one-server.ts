import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCollector } from '../collector/collector.ts'
import { freePorts } from '../server.ts'
import { copied, EXAMPLES, flagsOf } from './examples.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'

/** The Collector and the Prometheus of one server, until the test ends. `name` is that of the Prometheus' file. */
export async function startOne(
  dir: string,
  name = 'prometheus.yml',
  changes: Record<string, string> = {},
): Promise<{ endpoint: string; prometheus: Prometheus }> {
  copied(dir, 'rules.yml', {})
  const config = copied(dir, name, { 'evaluation_interval: 1m': 'evaluation_interval: 1s', ...changes })
  const prometheus = await startPrometheus(dir, config, flagsOf(name))
  onTestFinished(() => prometheus.stop())
  const [port] = await freePorts(1)
  const endpoint = `http://127.0.0.1:${port}`
  const collector = await runCollector(
    dir,
    [
      join(EXAMPLES, 'collector.yaml'),
      {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        exporters: { 'otlp_http/prometheus': { endpoint: `${prometheus.url}/api/v1/otlp` } },
      },
    ],
    { endpoint },
  )
  onTestFinished(() => collector.stop())
  return { endpoint, prometheus }
}
