export { type Output, runTelemetryCommand, type TelemetryIo } from './cli/run.ts'
