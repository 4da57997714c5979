import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a tool's author writes: it has to compile. */
const usage = `
import { flushTelemetry, initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
import type { Attributes, Telemetry, TelemetryOptions } from 'otlp-tally'
import { askConsent, runTelemetryCommand, type TelemetryIo } from 'otlp-tally/cli'

const options: TelemetryOptions = { name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com' }
const trix: Telemetry = initTelemetry({ ...options, temporality: 'delta', delivery: 'inline', headers: { a: 'b' } })
const attributes: Attributes = { risk_level: 'high', blocked: true }
trackCommand('build')
trackEvent('safety_triggered', attributes)
trix.trackCommand('build')
const done: Promise<void> = flushTelemetry()
const io: TelemetryIo = { stdout: process.stdout }
const code: Promise<number> = runTelemetryCommand(['status'], io)
const answer: Promise<boolean | undefined> = askConsent()
void [done, code, answer]
`

/** Each line must not compile, so that a mistake is found by the person who can mend it. */
const mistakes = `
import { initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
// @ts-expect-error argv is never a command name
trackCommand(process.argv)
// @ts-expect-error a number is no attribute value
trackEvent('found', { count: 3 })
// @ts-expect-error a version is needed
initTelemetry({ name: 'trix' })
// @ts-expect-error there is no such option
initTelemetry({ name: 'trix', version: '1.0.0', endpiont: 'https://otel.example.com' })
// @ts-expect-error one of three
initTelemetry({ name: 'trix', version: '1.0.0', delivery: 'queued' })
`

/** With `module` each, what a strict project may use. */
export const resolutions = [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const

/** Writes both into a strict project of their own below a folder that has the package, for `tsc -p`. */
export function writeTypeProject(folder: string, module: string, moduleResolution: string): void {
  mkdirSync(folder)
  writeFileSync(join(folder, 'usage.ts'), usage)
  writeFileSync(join(folder, 'mistakes.ts'), mistakes)
  const compilerOptions = {
    ...{ module, moduleResolution, strict: true, noEmit: true, target: 'es2022', lib: ['es2023'] },
    ...{ exactOptionalPropertyTypes: true, skipLibCheck: false, verbatimModuleSyntax: true },
    ...{ types: ['node'], typeRoots: [join(import.meta.dirname, '../node_modules/@types')] },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
}
