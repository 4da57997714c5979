import { initTelemetry } from 'otlp-tally'

void initTelemetry
