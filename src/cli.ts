export { askConsent, type ConsentIo } from './cli/consent.ts'
export type { Input, Output, TelemetryIo } from './cli/context.ts'
export { consentText, recordConsent } from './cli/host-consent.ts'
export { runTelemetryCommand } from './cli/run.ts'
