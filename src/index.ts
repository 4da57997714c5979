export { flushTelemetry, initTelemetry, trackCommand, trackEvent } from './core/handle.ts'
export type { TelemetryOptions } from './core/options.ts'
export type { Telemetry } from './core/tool.ts'
export type { Attributes, EventList } from './core/vocabulary.ts'
