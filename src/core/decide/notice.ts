import { fs, SEP } from '../node.ts'
import type { TelemetryOptions } from '../options.ts'
import { type Row, rowsText, textWidth, wrap } from '../rows.ts'
import { readLine, writeBeside } from '../tally/files.ts'
import type { Folders } from './folders.ts'

/** What a notice is shown for. */
export interface Notice {
  name: string
  version: number
  /** The host of the tool's endpoint; undefined where the user set another endpoint, and so knows of it. */
  host: string | undefined
  endpoint: string
}

const MARK = 'notice'

/** One line of the mark. Version 0.1 wrote the version alone. */
type Mark = [version: string, name?: string, host?: string]

/**
 * The mark of the notice is a line for each tool that shares the state folder: version, name, host. Another name,
 * another host or a higher version shows the notice again. Throws where the mark cannot be read.
 */
export function marksIn(state: string): Mark[] {
  return (readLine(state + SEP + MARK) ?? '')
    .split('\n')
    .filter(line => /^\d{1,10}( \S+ \S+)?$/.test(line))
    .map(line => line.split(' ') as Mark)
}

/** Whether the notice was shown. A mark of version 0.1, which is a number alone, is `bound` to the first who finds it. */
export function noticeSeen(state: string, notice: Notice, bind: boolean): boolean {
  const { name, version, host } = notice
  const marks = marksIn(state).filter(([shown]) => Number(shown) >= version)
  if (marks.some(([, tool, at]) => tool === name && (host === undefined || host === at))) return true
  if (!marks.some(([, tool]) => tool === undefined)) return false
  try {
    if (bind) markNotice(state, notice)
  } catch {
    // where it cannot be written it stays as it is
  }
  return true
}

/** Marks the notice as seen. `show` is called when the mark can be written, and before it is. */
export function markNotice(state: string, { name, version, host = '-' }: Notice, show?: () => void): void {
  const others = marksIn(state).filter(([, tool]) => ![undefined, name].includes(tool))
  const path = state + SEP + MARK
  writeBeside(
    path,
    () => [...others, [version, name, host]].map(mark => mark.join(' ')).join('\n'),
    temporary => {
      // Show first, then mark: a mark without a notice would count as consent.
      show?.()
      fs.renameSync(temporary, path)
    },
  )
}

/**
 * Shows the notice on stderr and marks it as seen. False where it was not shown: there is no terminal, or the mark
 * cannot be written, and the notice would come back in every run.
 */
export function showNotice(options: TelemetryOptions, folders: Folders, notice: Notice): boolean {
  if (!isTerminal()) return false
  markNotice(folders.state, notice, () => {
    const text = options.notice ?? noticeText(options, notice.endpoint, folders.config)
    writeStderr(`${text.trimEnd()}\n\n`)
  })
  return true
}

/** A pipe or a file costs one system call here; to ask `process.stderr` would load all of `node:net`, 3 ms. */
function isTerminal(): boolean {
  return fs.fstatSync(2).isCharacterDevice() && process.stderr.isTTY
}

/**
 * Writes all of the text to stderr before it returns. Throws if that fails, for example because the terminal is gone.
 * Not by `process.stderr`, which reports such an error by an event, and the event would end the tool.
 */
export function writeStderr(text: string): void {
  for (let rest = Buffer.from(text); rest.length; ) rest = rest.subarray(fs.writeSync(2, rest))
}

/** The notice, unless the tool has its own. Without colours, so that it reads the same everywhere. */
function noticeText(options: TelemetryOptions, endpoint: string, config: string): string {
  const width = textWidth(process.stderr.columns)
  const { name } = options
  const command = commandOf(options)
  const variable = `${environmentPrefix(name)}_TELEMETRY`
  const off = command
    ? `${command} disable, or DO_NOT_TRACK=1`
    : `DO_NOT_TRACK=1, ${variable}=off, or [telemetry] enabled = false in ${config}`
  const rows: Row[] = [
    ...contents(options, endpoint),
    ['Turn off', off],
    ['See it', command ? `${command} preview` : `${variable}=log ${name} …`],
  ]
  return [
    wrap(`${name} counts how often each of its commands is run.`, width),
    rowsText(rows, width),
    wrap('Nothing has been counted or sent yet.', width),
  ].join('\n')
}

/** What this tool can send, and to whom: the same in the notice, in the question and in `status`. */
export function contents(options: TelemetryOptions, endpoint: string): Row[] {
  const { name, commands, events, failures, agents, resourceAttributes = {} } = options
  const constants = Object.keys(resourceAttributes)
  const metrics = Object.keys(events ?? {})
  const sent = [
    `the command's name${commands ? ` (${listed(commands)})` : ''}`,
    `the version of ${name}`,
    'a random installation id',
    failures && 'whether the command failed',
    agents && 'which coding agent ran it, if one did',
    constants.length && `these constants: ${listed(constants)}`,
    // Without a list nobody can say which.
    !events && `the names of events, if ${name} counts any`,
  ]
  const rows: (Row | false | 0 | undefined)[] = [
    ['Sent', sent.filter(Boolean).join(', ')],
    metrics.length && ['', `how often these events happen: ${listed(metrics)}`],
    // Only lists can promise this: without them the tool could pass any short word.
    commands && events && ['Never sent', 'anything else: no arguments, paths or file contents'],
    ['To', endpoint],
  ]
  return rows.filter(row => row) as Row[]
}

/** At most twelve of the names. Also called for options that are not valid: `status` shows what it can. */
function listed(names: readonly string[]): string {
  if (!Array.isArray(names)) return 'not a list'
  const more = names.length - 12
  return names.slice(0, 12).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** How a user calls the telemetry command; undefined where the tool has none. */
export function commandOf({ name, command }: TelemetryOptions): string | undefined {
  return command === false ? undefined : (command ?? `${name} telemetry`)
}

/** `TRIX` for the tool `trix`, `MY_TOOL` for `my-tool`, `_2FAST` for `2fast`: always a valid shell identifier. */
export function environmentPrefix(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^\d/, '_$&')
}
