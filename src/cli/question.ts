import { createInterface } from 'node:readline'
import type { Input, Output } from './context.ts'

/**
 * Asks on stderr and reads one line. Undefined for no answer: no terminal on both sides, end of input (Ctrl-D), Ctrl-C,
 * or nothing within `timeoutMs`. Nothing is read from a pipe, so that what is in it stays there for the tool.
 */
export function question(
  text: string,
  { stdin, stderr }: { stdin: Input; stderr: Output },
  timeoutMs: number,
): Promise<string | undefined> {
  if (!stdin.isTTY || !stderr.isTTY) return Promise.resolve(undefined)
  return new Promise(resolve => {
    // Not in raw mode: the terminal edits the line, and Ctrl-C is the signal that it always is.
    const lines = createInterface({ input: stdin, terminal: false })
    const timer = setTimeout(finish, timeoutMs)
    // Without a listener of the tool's the signal ends the process, with nothing stored, as it should.
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

/** A question for yes or no, asked at most three times. `otherwise` is what Enter means. */
export async function yesOrNo(
  text: string,
  streams: { stdin: Input; stderr: Output },
  timeoutMs: number,
  otherwise: boolean,
): Promise<boolean | undefined> {
  const letters = otherwise ? '[Y/n]' : '[y/N]'
  for (let round = 0; round < 3; round++) {
    const answer = await question(`${round ? 'Please answer y or n' : text} ${letters} `, streams, timeoutMs)
    if (answer === undefined) return undefined
    if (answer === '') return otherwise
    if (/^y(es)?$/i.test(answer)) return true
    if (/^no?$/i.test(answer)) return false
  }
  return undefined
}
