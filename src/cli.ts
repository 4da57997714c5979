export { askConsent, type ConsentIo, consentText, recordConsent } from './cli/consent.ts'
export type { Input, Output, TelemetryIo } from './cli/context.ts'
export { runTelemetryCommand } from './cli/run.ts'
