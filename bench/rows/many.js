// Not measured: counts `build` and 99 other commands, so that the installation has 100 series.
import { initTelemetry } from 'otlp-tally'

const commands = ['build']
for (let i = 1; i < Number(process.env.BENCH_SERIES); i++) commands.push(`command-${i}`)
const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  commands,
})
for (const command of commands) trackCommand(command)
