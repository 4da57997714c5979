// Sends at most one request in an hour, which the run that made the installation has sent.
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  commands: ['build'],
  intervalMs: 3_600_000,
})
trackCommand('build')
