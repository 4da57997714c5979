import { join } from 'node:path'
import { goBuild } from '../go-build.ts'

/** The path of an OpenTelemetry Collector with the components that `otelcol/main.go` lists. */
export async function collectorBinary(): Promise<string> {
  const folder = await goBuild({
    title: 'OpenTelemetry Collector',
    name: 'otelcol',
    source: join(import.meta.dirname, 'otelcol'),
    module: 'go.opentelemetry.io/collector/otelcol',
    target: '.',
  })
  return join(folder, 'otelcol')
}
