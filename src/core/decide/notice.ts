import { type Row, rowsText, textWidth, wrap } from '../rows.ts'
import { writeStderr } from '../stderr.ts'
import { readLine, replaceLine } from '../tally/state-file.ts'

const { accessSync, constants, existsSync, fstatSync } = process.getBuiltinModule('node:fs')
const { dirname, join } = process.getBuiltinModule('node:path')

/** The version of the notice that was shown, 0 for none. Throws where the mark cannot be read. */
export function noticeShown(state: string): number {
  const line = readLine(join(state, 'notice'))
  return line !== undefined && /^\d{1,10}$/.test(line) ? Number(line) : 0
}

/**
 * Shows the notice on stderr and marks it as seen, in this order: a mark without a notice would be consent that nobody
 * gave. False where it was not shown: no terminal, or nowhere to keep the mark, when it would come back in every run.
 */
export function showNotice(
  state: string,
  version: number,
  text: (columns: number | undefined) => string,
): boolean {
  if (!isTerminal() || !canWrite(state)) return false
  writeStderr(`${text(process.stderr.columns).trimEnd()}\n\n`)
  replaceLine(join(state, 'notice'), String(version))
  return true
}

/** A pipe or a file costs one system call here; to ask `process.stderr` would load all of `node:net`, 3 ms. */
function isTerminal(): boolean {
  return fstatSync(2).isCharacterDevice() && process.stderr.isTTY
}

function canWrite(folder: string): boolean {
  let nearest = folder
  while (!existsSync(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest)
  try {
    accessSync(nearest, constants.W_OK)
    return true
  } catch {
    return false // said by the result
  }
}

/** The notice, unless the tool has its own. Without colours, so that it reads the same everywhere. */
export function noticeText(name: string, endpoint: string, columns: number | undefined): string {
  const width = textWidth(columns)
  const rows: Row[] = [
    ...promise(name, endpoint),
    ['Turn off', `${name} telemetry disable, or DO_NOT_TRACK=1`],
    ['See it', `${name} telemetry preview`],
  ]
  return [
    wrap(`${name} counts how often each of its commands is run.`, width),
    rowsText(rows, width),
    wrap('Nothing has been counted or sent yet.', width),
  ].join('\n')
}

/** What is collected, what never is, and where it goes: the same in the notice and in the question. */
export function promise(name: string, endpoint: string): Row[] {
  return [
    ['Sent', `the command's name, the version of ${name} and a random installation id`],
    ['Never sent', 'arguments, paths, file contents, names of people or machines'],
    ['To', endpoint],
  ]
}
