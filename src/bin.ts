#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { version } from './version.ts'

const usage = `usage: otlp-tally listen [--port 4318]
       otlp-tally check URL [--header 'name: value' …]
       otlp-tally send FILE --endpoint URL [--header 'name: value' …] [--from LINE]

listen   receives OTLP/JSON metrics on loopback: prints each invocation with running totals,
         and what is wrong with a body that is not valid. --port 0 takes a free port.
check    sends one empty export to an endpoint and explains the answer.
send     sends what 'telemetry export --format otlp' wrote, a request a line, and explains what is
         refused. To send it twice counts once. --from goes on where it was stopped.
`

main(process.argv.slice(2)).then(code => {
  process.exitCode = code
})

async function main(args: string[]): Promise<number> {
  const parsed = parse(args)
  if (typeof parsed === 'string') return misunderstood(parsed)
  const { values, positionals } = parsed
  const [command, ...operands] = positionals
  if (values.help) return say(usage)
  if (values.version) return say(`${version}\n`)
  if (command === 'listen' && !operands.length && !values.header) {
    const port = Number(values.port ?? 4318)
    if (!/^\d{1,5}$/.test(values.port ?? '0') || port > 65_535)
      return misunderstood(`--port ${values.port}: expected 0 to 65535`)
    const { listen } = await import('./listen/listen.ts')
    return listen(port)
  }
  const headers = headersOf(values.header)
  if (!headers) return misunderstood("--header: expected 'name: value'")
  if (command === 'check' && operands.length === 1 && !values.port) {
    const { check } = await import('./check.ts')
    return check(operands[0]!, headers)
  }
  if (command === 'send' && operands.length === 1 && !values.port) {
    const { endpoint, from = '1' } = values
    if (!endpoint) return misunderstood('send: expected --endpoint URL')
    if (!/^[1-9]\d{0,8}$/.test(from)) return misunderstood(`--from ${from}: expected the number of a line`)
    const { send } = await import('./send/send.ts')
    return send({ file: operands[0]!, endpoint, headers, from: Number(from) })
  }
  return misunderstood(command === undefined ? 'expected a command' : `${args.join(' ')}: not understood`)
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        header: { type: 'string', multiple: true },
        endpoint: { type: 'string' },
        from: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (error) {
    return (error as Error).message
  }
}

/** Undefined where one of them is not `name: value`. */
function headersOf(lines: readonly string[] = []): Record<string, string> | undefined {
  const headers = lines.map(line => /^([\w!#$%&'*+.^`|~-]+):\s*([ -~]*)$/.exec(line)?.slice(1, 3))
  return headers.includes(undefined) ? undefined : Object.fromEntries(headers as [string, string][])
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function misunderstood(sentence: string): number {
  process.stderr.write(`otlp-tally: ${sentence}\n${usage}`)
  return 2
}
