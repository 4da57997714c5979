export { askConsent, type ConsentIo } from './cli/consent.ts'
export type { Input } from './cli/question.ts'
export { type Output, runTelemetryCommand, type TelemetryIo } from './cli/run.ts'
