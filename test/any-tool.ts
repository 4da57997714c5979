import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TelemetryOptions } from '../src/core/options.ts'
import { type Result, runProcess, type World } from './world.ts'

/** The example tool's options, where a test gives no others. */
export const options: TelemetryOptions = { name: 'trix', version: '1.0.0', commands: ['build'] }

/** A tool with the options of one test, in a world of its own. */
export interface AnyTool {
  /** Runs it without a terminal: `trackCommand('build')`, and what else the test lets it do. */
  run(env?: Record<string, string>): Promise<Result>
  /** Changes its text: options that are no JSON. */
  edit(change: (text: string) => string): void
  /** Runs it in a pseudo-terminal that nobody watches. `stdout` is all that was shown there. */
  onTerminal(env?: Record<string, string>): Promise<Result>
}

/** Writes a tool into the working folder of a world. */
export function anyTool(
  world: World,
  more: Partial<TelemetryOptions> = {},
  act: string = "trackCommand('build')",
): AnyTool {
  const path = join(world.cwd, `tool-${Math.random().toString(36).slice(2)}.mjs`)
  const library = join(import.meta.dirname, '../dist/index.js')
  writeFileSync(
    path,
    `import { initTelemetry } from ${JSON.stringify(library)}
const { trackCommand, trackEvent, flushTelemetry } = initTelemetry(${JSON.stringify({ ...options, ...more })})
${act}
`,
  )
  const start = (command: string, args: readonly string[], env: Record<string, string> = {}) =>
    runProcess(command, args, { cwd: world.cwd, env: { ...world.env, ...env } })
  return {
    edit: change => writeFileSync(path, change(readFileSync(path, 'utf8'))),
    run: env => start(process.execPath, [path], env),
    onTerminal: env =>
      start('script', ['-qec', `${process.execPath} ${path}`, '/dev/null'], { TERM: 'xterm', ...env }),
  }
}
