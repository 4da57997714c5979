import { initTelemetry } from 'otlp-tally'

export const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['db migrate'],
})
