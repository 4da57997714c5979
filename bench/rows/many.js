// Not measured: counts `build` and 99 other commands, so that the installation has 100 series.
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
})
trackCommand('build')
for (let i = 1; i < Number(process.env.BENCH_SERIES); i++) trackCommand(`command-${i}`)
