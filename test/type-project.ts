import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './paths.ts'

/** Code of a tool that has to compile. */
const usage = `
import { flushTelemetry, initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
import type { Attributes, Telemetry, TelemetryOptions } from 'otlp-tally'
import { askConsent, runTelemetryCommand, type TelemetryIo } from 'otlp-tally/cli'

const options: TelemetryOptions = { name: 'trix', version: '0.19.3', commands: ['build'] }
const trix: Telemetry = initTelemetry({ ...options, delivery: 'inline', headers: { a: 'b' } })
const attributes: Attributes = { risk_level: 'high', blocked: true }
trackCommand('build')
trackEvent('safety_triggered', attributes)
trix.trackCommand('build')
const done: Promise<void> = flushTelemetry()
const io: TelemetryIo = { stdout: process.stdout }
const code: Promise<number> = runTelemetryCommand(['status'], io)
const answer: Promise<boolean | undefined> = askConsent()
void [done, code, answer]

const listed = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  commands: ['build', 'db migrate'],
  events: { tool_call: { tool: ['read', 'write'], dry: Boolean } },
})
const computed: string = process.argv.slice(2).join(' ')
const agreed: 'read' | undefined = process.argv.length > 3 ? 'read' : undefined
listed.trackCommand('db migrate')
listed.trackCommand(computed)
listed.trackEvent('tool_call')
listed.trackEvent('tool_call', { tool: computed, dry: computed !== '' })
listed.trackEvent('tool_call', { tool: agreed })
listed.trackEvent('tool_call', { tool: \`\${computed}\` })

const derived = initTelemetry({ name: 'trix', version: '0.19.3', commands: [{ name: 'build' }].map(({ name }) => name) })
derived.trackCommand('build')
`

/** Lines that must not compile. */
const mistakes = `
import { initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
const trix = { name: 'trix', version: '1.0.0' }
const listed = initTelemetry({ ...trix, commands: ['build'], events: { tool_call: { tool: ['read'], dry: Boolean } } })
declare const computed: string
// @ts-expect-error argv is never a command name
trackCommand(process.argv)
// @ts-expect-error a number is no attribute value
trackEvent('found', { count: 3 })
// @ts-expect-error a typo
listed.trackCommand('biuld')
// @ts-expect-error nothing to count
listed.trackCommand()
// @ts-expect-error a typo in a value
listed.trackEvent('tool_call', { tool: 'raed' })
// @ts-expect-error a typo in a key
listed.trackEvent('tool_call', { tol: 'read' })
// @ts-expect-error a typo in an event
listed.trackEvent('tool_cal')
// @ts-expect-error a number in the place of a listed value
listed.trackEvent('tool_call', { tool: 3 })
// @ts-expect-error a text is no boolean
listed.trackEvent('tool_call', { dry: computed })
// @ts-expect-error no events are listed
initTelemetry({ ...trix, commands: ['build'] }).trackEvent('tool_call')
// @ts-expect-error a version is required
initTelemetry({ name: 'trix', commands: [] })
// @ts-expect-error commands are required
initTelemetry(trix)
// @ts-expect-error there is no such option
initTelemetry({ ...trix, commands: [], endpiont: 'https://otel.example.com' })
// @ts-expect-error one of three
initTelemetry({ ...trix, commands: [], delivery: 'queued' })
`

/** The settings that a strict project may have: the form of its files, `module` and `moduleResolution`. */
export const resolutions = [
  ['module', 'nodenext', 'nodenext'],
  ['commonjs', 'nodenext', 'nodenext'],
  ['module', 'node16', 'node16'],
  ['commonjs', 'node16', 'node16'],
  ['module', 'esnext', 'bundler'],
  ['commonjs', 'commonjs', 'node'],
] as const

export type Resolution = (typeof resolutions)[number]

/** Writes both, and `more`, as a strict project for `tsc -p`, into a folder below one that has the package. */
export function writeTypeProject(
  folder: string,
  [type, module, moduleResolution]: Resolution,
  more: Readonly<Record<string, string>> = {},
): void {
  mkdirSync(folder)
  const compilerOptions = {
    ...{ module, moduleResolution, strict: true, noEmit: true, target: 'es2022', lib: ['es2023'] },
    ...{ exactOptionalPropertyTypes: true, verbatimModuleSyntax: type === 'module' },
    // Our declarations are checked by these two only: it takes seconds.
    skipLibCheck: module !== 'nodenext',
    ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
    // TypeScript 6 calls the oldest resolution deprecated.
    ...(moduleResolution === 'node' && { ignoreDeprecations: '6.0' }),
  }
  const files = {
    'usage.ts': usage,
    'mistakes.ts': mistakes,
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': JSON.stringify({ compilerOptions }),
    ...more,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

/** The declarations of TypeScript and of Node, which are the same for all projects and take the most time to parse. */
const parsed = new Map<string, ts.SourceFile | undefined>()
const isCommon = (file: string) => /\/node_modules\/(typescript\/lib|@types)\//.test(file)

/** The errors in a project with a tsconfig.json and in the declarations that it imports, as `tsc` prints them. */
export function typeErrors(folder: string): string {
  const onError = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} }
  const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(`${folder}/tsconfig.json`, {}, onError)!
  const host = ts.createCompilerHost(options)
  const { getSourceFile } = host
  host.getSourceFile = (file, ...more) => {
    if (!isCommon(file)) return getSourceFile(file, ...more)
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...more))
    return parsed.get(file)
  }
  const program = ts.createProgram(fileNames, { ...options, skipLibCheck: false }, host)
  const own = program.getSourceFiles().filter(({ fileName }) => !isCommon(fileName))
  const diagnostics = [
    ...[...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()],
    ...own.flatMap(file => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  return ts.formatDiagnostics(diagnostics, host)
}
