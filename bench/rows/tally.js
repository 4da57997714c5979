// On or off: the home folder and the environment say which. A tool writes just these lines.
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  commands: ['build'],
})
trackCommand('build')
