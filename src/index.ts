export { flushTelemetry, initTelemetry, trackCommand, trackEvent } from './handle.ts'
export type { Attributes } from './names.ts'
export type { TelemetryOptions } from './options.ts'
export type { Telemetry } from './telemetry.ts'
