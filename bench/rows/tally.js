// Off, on, detached or inline: the runner's environment and home folder say which. A tool writes just these lines.
import { initTelemetry, trackCommand } from 'otlp-tally'

initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  delivery: process.env.BENCH_DELIVERY ?? 'auto',
})
trackCommand('build')
