import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  commands: ['build'],
  delivery: 'inline',
})
trackCommand('build')
