import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'

const exporter = new OTLPMetricExporter({
  url: `${process.env.BENCH_ENDPOINT}/v1/metrics`,
  timeoutMillis: 2000,
})
const provider = new MeterProvider({
  resource: resourceFromAttributes({ 'service.name': 'bench', 'service.version': '1.0.0' }),
  readers: [new PeriodicExportingMetricReader({ exporter, exportTimeoutMillis: 2000 })],
})
provider.getMeter('bench').createCounter('command_invocation').add(1, { command_name: 'build' })
provider.shutdown().catch(() => {})
