import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TelemetryOptions } from '../src/core/options.ts'
import { type Result, runProcess, type World } from './world.ts'

/** The options of a tool, where a test gives no others. */
export const options: TelemetryOptions = { name: 'trix', version: '1.0.0', commands: ['build'] }

/** A tool with the options of one test. */
export interface AnyTool {
  path: string
  /** Runs it without a terminal: `trackCommand('build')`, or what else the test lets it do. */
  run(env?: Record<string, string>): Promise<Result>
  /** Runs it in a pseudo-terminal that nobody watches. `stdout` is all that was shown there. */
  onTerminal(env?: Record<string, string>): Promise<Result>
  /** Runs `trix telemetry …`. */
  telemetry(args: string, env?: Record<string, string>): Promise<Result>
  /** Runs it by another program: `setpriv --reuid 1234 …`. */
  by(command: string, env?: Record<string, string>, args?: string): Promise<Result>
  /** Changes its text: options that are no JSON. */
  edit(change: (text: string) => string): void
}

/** Writes a tool into the working folder of a world. */
export function anyTool(
  world: World,
  more: Partial<TelemetryOptions> = {},
  act: string = "trackCommand('build')",
): AnyTool {
  const path = join(world.cwd, `tool-${Math.random().toString(36).slice(2)}.mjs`)
  const library = (name: string) => JSON.stringify(join(import.meta.dirname, `../dist/${name}.js`))
  writeFileSync(
    path,
    `import { initTelemetry } from ${library('index')}
const { trackCommand, trackEvent, flushTelemetry } = initTelemetry(${JSON.stringify({ ...options, ...more })})
if (process.argv[2] === 'telemetry') {
  const { runTelemetryCommand } = await import(${library('cli')})
  process.exitCode = await runTelemetryCommand(process.argv.slice(3))
} else {
  ${act}
}
`,
  )
  const start = (command: string, args: readonly string[], env: Record<string, string> = {}) =>
    runProcess(command, args, { cwd: world.cwd, env: { ...world.env, ...env } })
  const words = (text: string) => text.split(' ').filter(Boolean)
  return {
    path,
    run: env => start(process.execPath, [path], env),
    onTerminal: env =>
      start('script', ['-qec', `${process.execPath} ${path}`, '/dev/null'], { TERM: 'xterm', ...env }),
    telemetry: (args, env) => start(process.execPath, [path, 'telemetry', ...words(args)], env),
    by(command, env, args = '') {
      const [program = '', ...rest] = words(command)
      return start(program, [...rest, process.execPath, path, ...words(args)], env)
    },
    edit: change => writeFileSync(path, change(readFileSync(path, 'utf8'))),
  }
}
