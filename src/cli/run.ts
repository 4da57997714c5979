import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Environment } from '../core/decide/folders.ts'
import { shared } from '../core/global.ts'
import { homeProblem, optionProblems } from '../core/options.ts'
import { rowsText, textWidth } from '../core/rows.ts'
import type { Tool } from '../core/telemetry.ts'
import { clear } from './clear.ts'
import { promptAgain } from './consent.ts'
import { exportAll } from './export.ts'
import { inspect } from './inspect.ts'
import { preview } from './preview.ts'
import type { Input } from './question.ts'
import { statusJson, statusText } from './status.ts'
import { switchTo } from './switch.ts'

/** Where text goes: `process.stdout` and `process.stderr` fit. */
export interface Output {
  write(text: string): unknown
  /** True for a terminal. */
  isTTY?: boolean
  /** Its width: text is wrapped to it. */
  columns?: number
}

/** The command's surroundings; each part defaults to the process's own. */
export interface TelemetryIo {
  /** Where an answer is read from. Default `process.stdin`. */
  stdin?: Input
  /** What was asked for. Default `process.stdout`. */
  stdout?: Output
  /** Questions, and what went wrong. Default `process.stderr`. */
  stderr?: Output
  /** Environment variables. Default `process.env`. */
  env?: Environment
  /** Which tool's telemetry, where `initTelemetry` was called for several in this process. */
  name?: string
}

/** What each command works with. */
export interface Context extends Required<Omit<TelemetryIo, 'name'>> {
  tool: Tool
}

interface Command {
  /** As the usage shows it: names, operand, flags. */
  usage: string
  does: string
  options?: ParseArgsConfig['options']
  /** How many operands it takes at most. */
  operands?: number
  run(context: Context, values: Values, operands: string[]): number | Promise<number>
}

export type Values = Readonly<Record<string, string | boolean | undefined>>

const flag = { type: 'boolean' } as const
const text = (short: string) => ({ type: 'string', short }) as const

const commands: Record<string, Command> = {
  enable: { usage: 'enable', does: 'count and send', run: context => switchTo(true, context) },
  disable: { usage: 'disable', does: 'neither count nor send', run: context => switchTo(false, context) },
  status: {
    usage: 'status [--json]',
    does: 'what is in force and why, where everything lies, what was counted',
    options: { json: flag },
    run({ tool, env, stdout }, { json }) {
      stdout.write((json ? statusJson : statusText)(inspect(tool, env), tool))
      return 0
    },
  },
  preview: {
    usage: 'preview [COMMAND]',
    does: 'what would be sent if COMMAND were run now, and what each field is for; sends nothing',
    operands: 1,
    run: (context, _, [command]) => preview(context, command),
  },
  report: {
    usage: 'report [--html [FILE]]',
    does: 'what you use most, and when; --days N, --command NAME, --json; --html: as a page, --open it',
    options: {
      days: { type: 'string' },
      command: { type: 'string' },
      html: flag,
      open: flag,
      json: flag,
      force: flag,
    },
    operands: 1,
    // Loaded when it is asked for: nothing else here draws.
    run: async (...args) => (await import('./report.ts')).reportUsage(...args),
  },
  export: {
    usage: 'export [-f FORMAT] [-o FILE]',
    does: 'all that is stored; FORMAT is json, csv or otlp, --force replaces a FILE',
    options: { format: text('f'), output: text('o'), force: flag },
    run: exportAll,
  },
  clear: {
    usage: 'clear [--all] [--yes]',
    does: 'remove what was counted; --all: also the installation id and that the notice was seen; --yes: do not ask',
    options: { all: flag, yes: { ...flag, short: 'y' } },
    run: clear,
  },
  prompt: { usage: 'prompt', does: 'be asked again', run: promptAgain },
}

const aliases: Record<string, string> = { on: 'enable', off: 'disable' }

/**
 * Runs `tool telemetry …` with the arguments behind `telemetry`. Returns the exit code, never exits the process: 0 when
 * done, 1 when it could not be done, 2 when it was not understood. Rejects for nothing that a user can cause.
 *
 * Managing telemetry is never counted, and what this process has counted before is not sent. Call `initTelemetry` first.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { runTelemetryCommand } from 'otlp-tally/cli'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com' })
 * const [command, ...args] = process.argv.slice(2)
 * if (command === 'telemetry') process.exitCode = await runTelemetryCommand(args)
 * ```
 */
export async function runTelemetryCommand(argv: readonly string[], io: TelemetryIo = {}): Promise<number> {
  const context = contextOf(io)
  if (typeof context === 'string') {
    const { stderr = process.stderr } = io
    stderr.write(`${context}\n`)
    return 1
  }
  const { tool, stdout, stderr } = context
  tool.discard()
  const [name = 'help', ...rest] = argv
  const usage = usageText(tool.options.name, stdout.columns)
  if (/^(help|--help|-h)$/.test(name) || rest.includes('--help') || rest.includes('-h')) {
    stdout.write(usage)
    return 0
  }
  const key = aliases[name] ?? name
  const command = Object.hasOwn(commands, key) ? commands[key] : undefined
  const parsed = command ? parse(command, rest) : 'there is no such command'
  if (typeof parsed === 'string') {
    stderr.write(`${tool.options.name} telemetry ${name}: ${parsed}\n\n${usage}`)
    return 2
  }
  return command!.run(context, parsed.values as Values, parsed.positionals)
}

/** The context, or why it cannot be told which tool's or where. To guess could mean to lose somebody's opt-out. */
export function contextOf(io: TelemetryIo): Context | string {
  const known = shared().tools
  if (io.name === undefined && known.size > 1)
    return `telemetry of which tool? Pass name: ${[...known.keys()].join(' or ')}`
  const tool = io.name === undefined ? [...known.values()][0] : known.get(io.name)
  if (!tool) return 'telemetry: initTelemetry was not called'
  const lost = homeProblem(optionProblems(tool.options))
  if (lost) return `initTelemetry: ${lost}`
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = io
  return { tool, stdin, stdout, stderr, env }
}

function parse({ options = {}, operands = 0 }: Command, args: string[]) {
  try {
    const parsed = parseArgs({ args, options, allowPositionals: true })
    const extra = parsed.positionals[operands]
    return extra === undefined ? parsed : `${extra}: not understood`
  } catch (error) {
    return (error as Error).message.split('. ')[0]!
  }
}

function usageText(name: string, columns: number | undefined): string {
  const rows = Object.values(commands).map(({ usage, does }) => [usage, does] as const)
  return `usage: ${name} telemetry COMMAND\n\n${rowsText(rows, textWidth(columns))}\n`
}
