import { type Environment, type Folders, foldersOf } from '../core/decide/folders.ts'
import { shared } from '../core/global.ts'
import { homeProblem, optionProblems } from '../core/option-problems.ts'
import { telemetryCommandOf } from '../core/options.ts'
import type { Tool } from '../core/tool.ts'
import { optionSentence } from '../explain/decision.ts'

/** Where an answer comes from: `process.stdin` fits. */
export type Input = NodeJS.ReadableStream & {
  isTTY?: boolean
  /** Where it has this, what was typed before a question can be thrown away. */
  setRawMode?: (mode: boolean) => unknown
}

/** Where text goes: `process.stdout` and `process.stderr` fit. */
export interface Output {
  write(text: string): unknown
  /** True for a terminal. */
  isTTY?: boolean
  /** Its width: text is wrapped to it. */
  columns?: number
}

/** Where a command reads and writes. */
export interface TelemetryIo {
  /** Where an answer is read from. Default `process.stdin`. */
  stdin?: Input
  /** Receives the output. Default `process.stdout`. */
  stdout?: Output
  /** Questions, and what went wrong. Default `process.stderr`. */
  stderr?: Output
  /** Environment variables. Default `process.env`. */
  env?: Environment
  /** The tool, by its `name`. Default: the first one that `initTelemetry` was called for in this process. */
  name?: string
}

/** What each command works with. */
export interface Context extends Required<Omit<TelemetryIo, 'name'>> {
  tool: Tool
}

/** The values of a command's flags. */
export type Values = Readonly<Record<string, string | boolean | undefined>>

/** The context, or a sentence that says why there is none. */
export function contextOf(io: TelemetryIo): Context | string {
  const { tools } = shared()
  const tool = io.name === undefined ? tools.values().next().value : tools.get(io.name)
  if (!tool) return `${io.name ?? 'this program'} has no telemetry: nothing is counted or sent`
  // It is not known whose files they would be. To guess could mean to lose somebody's opt-out.
  const lost = homeProblem(optionProblems(tool.options))
  if (lost) return `telemetry is off: this program has set it up wrongly (${optionSentence(lost)})`
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = io
  return { tool, stdin, stdout, stderr, env }
}

/** Where the tool's files are; undefined where there is no home. */
export function foldersIn({ tool, env }: Pick<Context, 'tool' | 'env'>): Folders | undefined {
  const { name, home } = tool.options
  return foldersOf(name, home, env)
}

/** How a user calls one of the commands here: `trix telemetry enable`. */
export function called({ options }: Tool, command: string): string {
  return `${telemetryCommandOf(options) ?? `${options.name} telemetry`} ${command}`.trimEnd()
}
