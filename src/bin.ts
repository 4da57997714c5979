#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { version } from './core/version.ts'

const usage = `usage: otlp-tally listen [--port 4318] [--file FILE]
       otlp-tally report FILE [--html [PAGE]]
       otlp-tally check URL [--header 'name: value' …]
       otlp-tally send FILE --endpoint URL [--header 'name: value' …] [--from LINE]

listen   receives OTLP/JSON metrics on loopback: prints each invocation with running totals,
         and what is wrong with a body that is not valid; serves a page of it that is always up to
         date. --port 0 takes a free port; --file appends each body to FILE, one a line.
report   shows such a FILE, or one that a Collector's file exporter wrote: what is used most, when
         and by how many. --days N, --command NAME, --json; --html: as a page, --open it, --force
         replaces one; --metric NAME, where commands are counted as another than command_invocation.
check    sends one empty export to an endpoint and explains the answer.
send     sends what 'telemetry export --format otlp' wrote, a request a line, and explains what is
         refused. To send it twice counts once. --from goes on where it was stopped.
`

/** What `report` takes, as `telemetry report` does, and which metric the commands are in. */
const REPORT = ['days', 'command', 'metric', 'json', 'html', 'open', 'force']

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
  const headers = headersOf(values.header)
  if (!headers) return misunderstood("--header: expected 'name: value'")
  const [first, second, ...more] = operands

  if (command === 'listen' && first === undefined && only(values, ['port', 'file'])) {
    const port = Number(values.port ?? 4318)
    if (!/^\d{1,5}$/.test(values.port ?? '0') || port > 65_535)
      return misunderstood(`--port ${values.port}: expected 0 to 65535`)
    const { listen } = await import('./bin/listen/listen.ts')
    return listen({ port, file: values.file })
  }
  if (command === 'report' && first !== undefined && !more.length && only(values, REPORT)) {
    if (second === undefined || values.html) {
      const { reportFile } = await import('./bin/report/report-file.ts')
      const { header: _, ...flags } = values
      return reportFile(first, second, flags)
    }
  }
  if (command === 'check' && operands.length === 1 && only(values, ['header'])) {
    const { check } = await import('./exchange/check.ts')
    return check(first!, headers)
  }
  if (command === 'send' && operands.length === 1 && only(values, ['endpoint', 'header', 'from'])) {
    const { endpoint, from = '1' } = values
    if (endpoint === undefined) return misunderstood('send: expected --endpoint URL')
    if (!/^[1-9]\d{0,8}$/.test(from)) return misunderstood(`--from ${from}: expected the number of a line`)
    const { send } = await import('./bin/send/send.ts')
    return send({ file: first!, endpoint, headers, from: Number(from) })
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
        file: { type: 'string' },
        days: { type: 'string' },
        command: { type: 'string' },
        metric: { type: 'string' },
        json: { type: 'boolean' },
        html: { type: 'boolean' },
        open: { type: 'boolean' },
        force: { type: 'boolean' },
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

/** Whether no option was given that is another command's. */
function only(values: object, options: readonly string[]): boolean {
  return Object.keys(values).every(option => options.includes(option))
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function misunderstood(sentence: string): number {
  process.stderr.write(`otlp-tally: ${sentence}\n${usage}`)
  return 2
}
