import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TelemetryOptions } from '../src/core/options.ts'
import { linked, type Result, runOnTerminal, runProcess, type World } from './world.ts'

/** The options of a tool, where a test gives no others. */
export const options: TelemetryOptions = { name: 'trix', version: '1.0.0', commands: ['build'] }

/** A tool that a test has written into a file, with options of its own. */
export interface ToolFile {
  path: string
  /** Runs it without a terminal: `trackCommand('build')`, or what else the test lets it do. */
  run(env?: Record<string, string>): Promise<Result>
  /** Runs it in a pseudo-terminal in which nobody types. `stdout` is all that was shown there. */
  onTerminal(env?: Record<string, string>): Promise<Result>
  /** Runs `trix telemetry …`. */
  telemetry(args: string, env?: Record<string, string>): Promise<Result>
  /** Runs it by another program: `setpriv --reuid 1234 …`. */
  runBy(program: string, env?: Record<string, string>, args?: string): Promise<Result>
  /** Changes its text: for options that are no JSON. */
  edit(change: (text: string) => string): void
}

let files = 0

/** Writes a tool into the working folder of a world. */
export function writeTool(
  world: World,
  more: Partial<TelemetryOptions> = {},
  act: string = "trackCommand('build')",
): ToolFile {
  const path = join(world.cwd, `tool-${files++}.mjs`)
  const code = `import { initTelemetry } from 'otlp-tally'
const { trackCommand, trackEvent, flushTelemetry } = initTelemetry(${JSON.stringify({ ...options, ...more })})
if (process.argv[2] === 'telemetry') {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(process.argv.slice(3))
} else {
  ${act}
}
`
  writeFileSync(path, linked(code))
  const around = (env: Record<string, string> = {}) => ({ cwd: world.cwd, env: { ...world.env, ...env } })
  const words = (text: string) => text.split(' ').filter(Boolean)
  const run = (program: string, args: readonly string[], env?: Record<string, string>) =>
    runProcess(program, args, around(env))
  return {
    path,
    run: env => run(process.execPath, [path], env),
    onTerminal: env => runOnTerminal(`${process.execPath} ${path}`, around(env)),
    telemetry: (args, env) => run(process.execPath, [path, 'telemetry', ...words(args)], env),
    runBy(program, env, args = '') {
      const [command = '', ...rest] = words(program)
      return run(command, [...rest, process.execPath, path, ...words(args)], env)
    },
    edit: change => writeFileSync(path, change(readFileSync(path, 'utf8'))),
  }
}
