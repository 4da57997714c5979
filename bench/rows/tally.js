// The home folder and the environment decide whether it is on.
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  commands: ['build'],
})
trackCommand('build')
