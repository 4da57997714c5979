import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'https://otel.example.com',
  commands: ['build'],
})
trackCommand(process.argv[2] ?? 'build')
console.log('done')
