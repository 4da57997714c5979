import { type ChildProcess, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { GUARD_MS } from './machine.ts'
import { BIN } from './paths.ts'

/** `otlp-tally listen` as a process. */
export interface Listening {
  /** Where metrics go. */
  url: string
  /** Where its page is, without a slash at the end. */
  page: string
  child: ChildProcess
  /** What it has printed so far. */
  output(): string
  printed(text: string | RegExp): Promise<void>
  ended: Promise<number | null>
}

/** Starts `otlp-tally listen` on a free port, and kills it when the test ends. */
export function startListen(...args: string[]): Promise<Listening> {
  return listenBy(process.execPath, [BIN, 'listen', '--port', '0', ...args])
}

/** The same by another command line. */
export async function listenBy(command: string, args: readonly string[]): Promise<Listening> {
  const child = spawn(command, args, {
    env: { TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  const readers = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', chunk => {
    output += chunk
    for (const read of readers) read()
  })
  const printed = (text: string | RegExp) =>
    new Promise<void>((resolve, reject) => {
      const timeout = setTimeout(
        () => reject(new Error(`${text} was not printed, but:\n${output}`)),
        GUARD_MS,
      )
      const read = () => {
        if (!(typeof text === 'string' ? output.includes(text) : text.test(output))) return
        clearTimeout(timeout)
        readers.delete(read)
        resolve()
      }
      readers.add(read)
      read()
    })
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  await printed(/point a tool at it.*\n.*\n\n/)
  const url = /listening on (\S+?),/.exec(output)![1]!
  return { url, page: new URL(url).origin, child, output: () => output, printed, ended }
}

/** Sends a body to it, or rejects where it is not taken. */
export async function post(url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
}
