import { createInterface } from 'node:readline'
import type { Input, Output } from './context.ts'

/** Text that was typed before a question arrives at once. After such a pause all of it has arrived. */
const QUIET_MS = 50
const MAX_DISCARD_MS = 2000

interface Streams {
  stdin: Input
  stderr: Output
}

/**
 * Asks on stderr and reads one line. Undefined without an answer: stdin or stderr is not a terminal, end of input (Ctrl-D),
 * Ctrl-C, or nothing within `timeoutMs`. Does not read from a pipe, whose content is for the tool. Discards what was typed
 * before the question.
 */
export async function question(
  text: string,
  { stdin, stderr }: Streams,
  timeoutMs: number,
): Promise<string | undefined> {
  if (!stdin.isTTY || !stderr.isTTY) return undefined
  await discardTyped(stdin)
  return new Promise(resolve => {
    // Without raw mode the terminal edits the line, and Ctrl-C is a signal.
    const lines = createInterface({ input: stdin, terminal: false })
    const timer = setTimeout(finish, timeoutMs)
    // If the tool does not listen for the signal, it ends the process, and nothing is stored.
    const handled = process.listenerCount('SIGINT') > 0
    if (handled) process.once('SIGINT', finish)

    function finish(): void {
      end(undefined)
    }
    function end(answer: string | undefined): void {
      clearTimeout(timer)
      process.removeListener('SIGINT', finish)
      lines.removeAllListeners().close()
      if (answer === undefined) stderr.write('\n')
      resolve(answer)
    }
    lines.once('line', line => end(line.trim())).once('close', finish)
    stderr.write(text)
  })
}

/** A question for yes or no, asked at most three times. `enter` is what Enter alone means. */
export async function yesOrNo(
  text: string,
  streams: Streams,
  timeoutMs: number,
  enter: boolean,
): Promise<boolean | undefined> {
  const letters = enter ? '[Y/n]' : '[y/N]'
  for (let round = 0; round < 3; round++) {
    const answer = await question(`${round ? 'Please answer y or n' : text} ${letters} `, streams, timeoutMs)
    if (answer === undefined) return undefined
    if (answer === '') return enter
    if (/^y(es)?$/i.test(answer)) return true
    if (/^no?$/i.test(answer)) return false
  }
  return undefined
}

/** In raw mode, because a terminal otherwise delivers a line only after Enter. */
async function discardTyped(stdin: Input): Promise<void> {
  let interrupted = false
  stdin.setRawMode?.(true)
  await new Promise<void>(resolve => {
    const quiet = setTimeout(end, QUIET_MS)
    const bound = setTimeout(end, MAX_DISCARD_MS)
    function onData(chunk: Buffer | string): void {
      // In raw mode Ctrl-C is a character.
      interrupted ||= `${chunk}`.includes('\u0003')
      quiet.refresh()
    }
    function end(): void {
      clearTimeout(quiet)
      clearTimeout(bound)
      stdin.removeListener('data', onData).removeListener('end', end)
      stdin.pause()
      resolve()
    }
    stdin.on('data', onData).once('end', end).resume()
  })
  stdin.setRawMode?.(false)
  if (interrupted) process.kill(process.pid, 'SIGINT')
}
