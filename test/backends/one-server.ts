import { onTestFinished } from 'vitest'
import { configurationsOf, copied, flagsOf } from './examples.ts'
import { startCollector } from './gateways.ts'
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
  const env = { PROMETHEUS: new URL(prometheus.url).host }
  const { endpoint } = await startCollector(dir, configurationsOf('collector.yaml'), env)
  return { endpoint, prometheus }
}
