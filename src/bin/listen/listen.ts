import type { AddressInfo } from 'node:net'
import { shortNumber } from '../../terminal/number.ts'
import { type BodyFile, openBodyFile } from './file.ts'
import { arrivalName, timeOf } from './names.ts'
import { createReceiver } from './receiver.ts'
import { createScreen, type Screen } from './screen.ts'
import { endText, liveTable } from './table.ts'
import type { Arrival } from './totals.ts'
import { commandLine, RULE } from './variables.ts'

interface Options {
  /** 0 for any free port. */
  port: number
  /** Each body is appended to it. */
  file?: string | undefined
}

/**
 * `otlp-tally listen`: receives on loopback until Ctrl-C, prints what arrives (in a terminal as a table that is redrawn),
 * and the totals at the end. Resolves with the exit code: 1 if the port or the file cannot be opened, with a sentence on
 * stderr.
 */
export function listen({ port, file: path }: Options): Promise<number> {
  let file: BodyFile | undefined
  const say = (sentence: string) => (screen?.say ?? print)(sentence)
  let bodies = 0
  const { server, totals, activity } = createReceiver({
    arrival(arrival) {
      if (!screen) print(`${timeOf(Date.now())}  ${line(arrival)}`)
      screen?.changed()
    },
    body(text) {
      try {
        file?.add(text)
        bodies++
      } catch (error) {
        return (error as Error).message
      }
    },
    remark: sentence => say(`${timeOf(Date.now())}  ${sentence}`),
  })
  const screen: Screen | undefined = canRedraw()
    ? createScreen(process.stdout, lines => liveTable(totals.list(), { lines, others: totals.others() }))
    : undefined

  return new Promise(resolve => {
    const stop = (code: number) => {
      server.close()
      server.closeAllConnections()
      file?.close()
      resolve(code)
    }
    server.on('error', (error: NodeJS.ErrnoException) => {
      complain(portProblem(port, error))
      resolve(1)
    })
    // The reader of the output has ended, as in `otlp-tally listen | head`.
    process.stdout.on('error', () => {
      screen?.end()
      stop(0)
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        screen?.end()
        const { accepted, refused, refusal } = activity
        const added = path === undefined ? undefined : { path, bodies }
        print(endText({ totals: totals.list(), accepted, refused, refusal, file: added }))
        stop(0)
      })
    }
    server.listen(port, '127.0.0.1', () => {
      try {
        // Not before: where the port is in use, no file is made.
        file = path === undefined ? undefined : openBodyFile(path)
      } catch (error) {
        complain((error as Error).message)
        stop(1)
        return
      }
      const { port: bound } = server.address() as AddressInfo
      const address = `http://127.0.0.1:${bound}`
      say(`listening on ${address}/v1/metrics, Ctrl-C ends it and prints the totals`)
      say(`a page of what arrives: ${address}/`)
      if (path !== undefined) say(`each body is added to ${path}`)
      say(`point a tool at it: ${commandLine('mytool', address)}`)
      say(`                    ${RULE}`)
      if (!screen) print('')
    })
  })
}

/** Whether a table can be redrawn. A dumb terminal, such as an editor's, cannot move its cursor up. */
function canRedraw(): boolean {
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb'
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function complain(sentence: string): void {
  process.stderr.write(`otlp-tally: ${sentence}\n`)
}

function line(arrival: Arrival): string {
  return `${arrivalName(arrival)}  +${shortNumber(arrival.added)}  (${shortNumber(arrival.total)})`
}

function portProblem(port: number, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use; try --port 0 for a free one`
  if (code === 'EACCES') return `you may not listen on port ${port}; try --port 0 for a free one`
  return `cannot listen on port ${port}: ${code ?? message}`
}
