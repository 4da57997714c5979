import { rowsText, textWidth, wrap } from '../core/layout.ts'
import { supported } from '../core/node.ts'
import type { Tool } from '../core/tool.ts'
import { readArguments } from '../terminal/arguments.ts'
import { didYouMean } from '../terminal/did-you-mean.ts'
import { printable } from '../terminal/printable.ts'
import { aliases, type Command, commands } from './commands.ts'
import { commandText, contextOf, type Flags, type TelemetryIo } from './context.ts'
import { sentences } from './print.ts'
import { Stop } from './stop.ts'

/**
 * Runs `tool telemetry …`; `argv` is what follows `telemetry`. Resolves with the exit code: 0 if it was done, 1 if it
 * could not be done, 2 if it was not understood. Rejects for nothing that a user can cause.
 *
 * Call `initTelemetry` first. This process then sends nothing of what it has counted.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { runTelemetryCommand } from 'otlp-tally/cli'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com', commands: ['build'] })
 * const [command, ...rest] = process.argv.slice(2)
 * if (command === 'telemetry') process.exitCode = await runTelemetryCommand(rest)
 * ```
 */
export async function runTelemetryCommand(argv: readonly string[], io: TelemetryIo = {}): Promise<number> {
  const context = contextOf(io)
  if (typeof context === 'string') {
    const { stderr = process.stderr } = io
    stderr.write(sentences(stderr, context))
    return 1
  }
  const { tool, stdout, stderr } = context
  tool.discard()
  const complain = (sentence: string, code: number) => {
    stderr.write(sentences(stderr, `${commandText(tool, '')} ${sentence}`))
    return code
  }
  const [first = 'help', ...rest] = argv
  const help = /^(help|--help|-h)$/.test(first)
  const name = help ? rest[0] : first
  if (name === undefined) {
    stdout.write(usageText(tool, stdout.columns))
    return 0
  }
  const key = aliases[name] ?? name
  const command = Object.hasOwn(commands, key) ? commands[key] : undefined
  if (!command) {
    const sentence = `${printable(name)}: there is no such command${didYouMean(name, Object.keys(commands))}`
    return complain(`${sentence} (all are in "${commandText(tool, 'help')}")`, 2)
  }
  if (help || rest.some(arg => arg === '--help' || arg === '-h')) {
    stdout.write(helpText(tool, command, stdout.columns))
    return 0
  }
  const given = readArguments(rest, command.options ?? {}, [0, command.operands ?? 0], 'one')
  if (typeof given === 'string') return complain(`${name}: ${given}`, 2)
  const conflict = command.conflict?.(given.values as Flags, given.operands)
  if (conflict) return complain(`${name}: ${conflict}`, 2)
  // The other commands need functions that this runtime lacks. `status` says why telemetry is off.
  if (!supported && key !== 'status')
    return complain(`${name}: not possible under Node ${process.version}, where telemetry is always off`, 1)
  try {
    return await command.run(context, given.values as Flags, given.operands)
  } catch (error) {
    return complain(`${name}: ${(error as Error).message}`, error instanceof Stop ? error.code : 1)
  }
}

function usageText(tool: Tool, columns: number | undefined): string {
  const rows = Object.values(commands).map(({ usage, does }) => [usage, does] as const)
  const usage = rowsText([...rows, ['help COMMAND', 'the flags of one of them']], textWidth(columns))
  return `usage: ${commandText(tool, 'COMMAND')}\n\n${usage}\n`
}

function helpText(tool: Tool, { usage, does, flags }: Command, columns: number | undefined): string {
  const width = textWidth(columns)
  const rows = flags ? `\n${rowsText(flags, width)}\n` : ''
  return `usage: ${commandText(tool, usage)}\n\n${wrap(`${does}.`, width)}\n${rows}`
}
