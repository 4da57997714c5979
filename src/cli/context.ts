import { type Environment, type Folders, foldersOf } from '../core/decide/folders.ts'
import { shared } from '../core/global.ts'
import { homeProblem, optionProblems } from '../core/option-problems.ts'
import { telemetryCommandOf } from '../core/options.ts'
import type { Tool } from '../core/tool.ts'
import { optionSentence } from '../explain/option.ts'

/** Where an answer is read from, such as `process.stdin`. */
export type Input = NodeJS.ReadableStream & {
  isTTY?: boolean
  /** With this function, what was typed before a question is discarded. */
  setRawMode?: (mode: boolean) => unknown
}

/** Where text is written to, such as `process.stdout`. */
export interface Output {
  write(text: string): unknown
  /** True for a terminal. */
  isTTY?: boolean
  /** Its width: text is wrapped to it. */
  columns?: number
}

/** Where a command reads and writes. */
export interface TelemetryIo {
  /** Answers are read from it. Default `process.stdin`. */
  stdin?: Input
  /** Receives the output. Default `process.stdout`. */
  stdout?: Output
  /** Receives questions and errors. Default `process.stderr`. */
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
export type Flags = Readonly<Record<string, string | boolean | undefined>>

/** The context, or a sentence why there is none. */
export function contextOf(io: TelemetryIo): Context | string {
  const { tools } = shared()
  const tool = io.name === undefined ? tools.values().next().value : tools.get(io.name)
  if (!tool) return `${io.name ?? 'this program'} has no telemetry: nothing is counted or sent`
  // It is not known which files are the tool's. With the wrong ones an opt-out could be missed.
  const lost = homeProblem(optionProblems(tool.options))
  if (lost) return `telemetry is off: this program has set it up wrongly (${optionSentence(lost)})`
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = io
  return { tool, stdin, stdout, stderr, env }
}

/** The folders of the tool's files; undefined if there is no home. */
export function foldersIn({ tool, env }: Pick<Context, 'tool' | 'env'>): Folders | undefined {
  const { name, home } = tool.options
  return foldersOf(name, home, env)
}

/** What a user types: `trix telemetry enable`. */
export function commandText({ options }: Tool, command: string): string {
  return `${telemetryCommandOf(options) ?? `${options.name} telemetry`} ${command}`.trimEnd()
}
