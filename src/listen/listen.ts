import type { AddressInfo } from 'node:net'
import { createReceiver } from './receiver.ts'
import type { Arrival, Total } from './totals.ts'

/**
 * `otlp-tally listen`: receives on loopback until Ctrl-C, prints what arrives, and at its end the totals. Resolves with
 * the exit code: 1 where the port cannot be had, which is said on stderr.
 */
export function listen({ port, file }: { port: number; file?: string | undefined }): Promise<number> {
  void file
  const { server, totals } = createReceiver({
    arrival: arrival => print(`${time()}  ${line(arrival)}`),
    remark: sentence => print(`${time()}  ${sentence}`),
  })
  return new Promise(resolve => {
    const stop = (code: number) => {
      server.close()
      server.closeAllConnections()
      resolve(code)
    }
    server.on('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      process.stderr.write(
        `otlp-tally: ${taken ? `port ${port} is taken; try --port 0 for a free one` : error.message}\n`,
      )
      resolve(1)
    })
    // The reader of our output went away (`otlp-tally listen | head`): there is nobody to listen for.
    process.stdout.on('error', () => stop(0))
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        print(table(totals()))
        stop(0)
      })
    }
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as AddressInfo
      print(`listening on http://127.0.0.1:${bound}/v1/metrics, Ctrl-C ends it and prints the totals`)
      print(
        `point a tool at it: TRIX_TELEMETRY=on TRIX_TELEMETRY_ENDPOINT=http://127.0.0.1:${bound} trix …\n`,
      )
    })
  })
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function time(): string {
  return new Date().toTimeString().slice(0, 8)
}

function line(arrival: Arrival): string {
  if (arrival.kind === 'other') return `${arrival.metric} (${arrival.type}, ${arrival.points} points)`
  const { added, total } = arrival
  return `${name(arrival)}  +${added}  (${total})`
}

/** `trix 0.19.3  build`, and the metric where it is not the usual one. */
function name({ tool, version, metric, labels }: Omit<Total, 'total'>): string {
  return [`${tool} ${version}`.trim(), metric === 'command_invocation' ? '' : metric, labels]
    .filter(Boolean)
    .join('  ')
}

function table(totals: Total[]): string {
  if (!totals.length) return '\nnothing arrived'
  const width = String(totals[0]!.total).length
  return `\n${totals.map(total => `${String(total.total).padStart(width)}  ${name(total)}`).join('\n')}`
}
