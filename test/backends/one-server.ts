import { onTestFinished } from 'vitest'
import { runCollector } from '../collector/collector.ts'
import { freePorts } from '../server.ts'
import { configurationsOf, copied, flagsOf } from './examples.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'

/** The Collector and the Prometheus of one server, until the test ends. `name` is that of the Prometheus' file. */
export async function startOne(
  dir: string,
  name = 'prometheus.yml',
  changes: Record<string, string> = {},
  flags: readonly string[] = [],
): Promise<{ endpoint: string; prometheus: Prometheus }> {
  copied(dir, 'rules.yml', {})
  const config = copied(dir, name, { 'evaluation_interval: 1m': 'evaluation_interval: 1s', ...changes })
  const prometheus = await startPrometheus(dir, config, [...flagsOf(name), ...flags])
  onTestFinished(() => prometheus.stop())
  const [port] = await freePorts(1)
  const endpoint = `http://127.0.0.1:${port}`
  const env = { LISTEN: `127.0.0.1:${port}`, PROMETHEUS: new URL(prometheus.url).host }
  const collector = await runCollector(dir, configurationsOf('collector.yaml'), { endpoint, env })
  onTestFinished(() => collector.stop())
  return { endpoint, prometheus }
}
