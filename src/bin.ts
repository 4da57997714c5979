#!/usr/bin/env node
import { type Row, rowsText, textWidth, wrap } from './core/layout.ts'
import { version } from './core/version.ts'
import { type Given, type OptionList, readArguments } from './terminal/arguments.ts'
import { didYouMean } from './terminal/did-you-mean.ts'

interface Command {
  usage: string
  /** A sentence. */
  does: string
  options: OptionList
  /** What each option does. */
  flags: readonly Row[]
  /** How many operands, and what they are. */
  operands: readonly [fewest: number, most: number, expected: string]
  /** Loaded when it is asked for. */
  run(values: Given, operands: string[]): Promise<number>
}

const flag = { type: 'boolean' } as const
const text = { type: 'string' } as const
const header = { type: 'string', multiple: true } as const
const headerFlag: Row = ["--header 'name: value'", 'a header of each request; may be given more than once']

const commands: Record<string, Command> = {
  listen: {
    usage: 'listen [--port 4318] [--file FILE]',
    does: 'receives OTLP/JSON metrics on this machine, and shows what arrives: here, and on a page.',
    options: { port: text, file: text },
    flags: [
      ['--port PORT', 'listens there; 0 is any port that is free'],
      ['--file FILE', 'adds each request to FILE, one per line, for "report" and "send"'],
    ],
    operands: [0, 0, ''],
    async run({ port = '4318', file }) {
      if (!/^\d{1,5}$/.test(`${port}`) || Number(port) > 65_535)
        return misunderstood(`listen: --port ${port}: expected 0 to 65535`)
      const { listen } = await import('./bin/listen/listen.ts')
      return listen({ port: Number(port), file: file as string | undefined })
    },
  },
  report: {
    usage: 'report FILE | URL [--html [PAGE]]',
    does: 'shows how a tool is used, and by how many: from a FILE of requests, as "listen --file" and a Collector\'s file exporter write it, from stdin (-), or from the URL of a Prometheus, Cortex or Thanos.',
    options: {
      ...{ days: text, command: text, tool: text, metric: text },
      ...{ json: flag, html: flag, card: flag, public: flag, all: flag, open: flag, force: flag, header },
    },
    flags: [
      ['--html [PAGE]', 'writes a page'],
      ['--open', 'opens the page'],
      ['--card [SVG]', 'writes a picture for a README, light and dark'],
      ['--json', 'writes everything for programs'],
      ['--force', 'replaces a file that is there'],
      ['--days N', 'the numbers of the last N whole days (30)'],
      ['--command NAME', 'whether that command can be removed, and the numbers behind the answer'],
      ['--tool NAME', 'that tool, where several are counted'],
      ['--metric NAME', 'counts that metric in place of command_invocation'],
      ['--all', 'also counts installations that make most of the runs'],
      ['--public', 'leaves out what few installations do, for everybody to see'],
      headerFlag,
    ],
    operands: [1, 2, 'a FILE or URL, and a PAGE only after --html or --card'],
    async run({ header, ...values }, [file, page]) {
      if (page !== undefined && !values.html && !values.card)
        return misunderstood('report: expected a FILE or URL, and a PAGE only after --html or --card')
      const headers = headersOf(header)
      if (!headers) return misunderstood("report: --header: expected 'name: value'")
      const { reportFile, reportServer } = await import('./bin/report/report-file.ts')
      const flags = values as Record<string, string | boolean | undefined>
      return /^https?:\/\//.test(file!)
        ? reportServer(file!, headers, page, flags)
        : reportFile(file!, page, flags)
    },
  },
  count: {
    usage: 'count NAME [key=value …] --options FILE',
    does: 'counts a command, or an event, of a hook, a script or a tool in another language, by the same decision, log and helper as initTelemetry. Says nothing where it counts or telemetry is off.',
    options: { options: text, version: text },
    flags: [
      ['--options FILE', 'the options of initTelemetry, as JSON'],
      ['--version VERSION', 'replaces the version in it'],
    ],
    operands: [1, 10, 'a NAME'],
    async run({ options, version }, [name, ...pairs]) {
      if (typeof options !== 'string') return misunderstood('count: expected --options FILE')
      const { count } = await import('./bin/count.ts')
      return count({ name: name!, pairs, file: options, version: version as string | undefined })
    },
  },
  check: {
    usage: "check URL [--header 'name: value']",
    does: 'sends one empty request to an endpoint, as a tool would, and explains the answer. For a tool\'s own endpoint and headers there is "TOOL telemetry check".',
    options: { header },
    flags: [headerFlag],
    operands: [1, 1, 'a URL'],
    async run(values, [url]) {
      const headers = headersOf(values.header)
      if (!headers) return misunderstood("check: --header: expected 'name: value'")
      const { check } = await import('./bin/check.ts')
      return check(url!, headers)
    },
  },
  send: {
    usage: 'send FILE --endpoint URL',
    does: 'sends what "TOOL telemetry export --format otlp" or "listen --file" wrote, or stdin (-), one request per line. Sent twice it counts once.',
    options: { endpoint: text, header, from: text },
    flags: [
      ['--endpoint URL', 'where to, without /v1/metrics'],
      headerFlag,
      ['--from LINE', 'resumes at that line'],
    ],
    operands: [1, 1, 'a FILE'],
    async run({ endpoint, header, from = '1' }, [file]) {
      const headers = headersOf(header)
      if (!headers) return misunderstood("send: --header: expected 'name: value'")
      if (typeof endpoint !== 'string') return misunderstood('send: expected --endpoint URL')
      if (!/^[1-9]\d{0,8}$/.test(`${from}`))
        return misunderstood(`send: --from ${from}: expected the number of a line`)
      const { send } = await import('./bin/send/send.ts')
      return send({ file: file!, endpoint, headers, from: Number(from) })
    },
  },
  collector: {
    usage: 'collector FILE',
    does: 'prints the part of the configuration of a Collector that lets through what a tool can send, and nothing else. FILE, or stdin (-), is what "TOOL telemetry preview --all --json" prints.',
    options: {},
    flags: [],
    operands: [1, 1, 'a FILE, or -'],
    async run(_, [file]) {
      const { collector } = await import('./bin/collector/collector.ts')
      return collector(file!)
    },
  },
}

main(process.argv.slice(2)).then(code => {
  process.exitCode = code
})

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) {
    process.stderr.write(usageOf(Object.keys(commands)))
    return 2
  }
  if (/^(--version|-v|version)$/.test(name)) return say(`${version}\n`)
  const wantsHelp = /^(help|--help|-h)$/.test(name)
  const topic = wantsHelp ? args[0] : name
  if (topic === undefined) return say(usageOf(Object.keys(commands)))
  const command = Object.hasOwn(commands, topic) ? commands[topic] : undefined
  if (!command)
    return misunderstood(`${topic}: there is no such command${didYouMean(topic, Object.keys(commands))}`)
  if (wantsHelp || args.some(arg => arg === '--help' || arg === '-h')) return say(usageOf([topic]))
  const [fewest, most, expected] = command.operands
  const given = readArguments(args, command.options, [fewest, most], expected)
  return typeof given === 'string'
    ? misunderstood(`${topic}: ${given}`)
    : command.run(given.values, given.operands)
}

/** Undefined where one of them is not `name: value`. */
function headersOf(lines: Given[string] = []): Record<string, string> | undefined {
  const headers = [lines]
    .flat()
    .map(line => /^([\w!#$%&'*+.^`|~-]+):\s*([ -~]*)$/.exec(`${line}`)?.slice(1, 3))
  return headers.includes(undefined) ? undefined : Object.fromEntries(headers as [string, string][])
}

/** One command in full, or all of them with a sentence each. */
function usageOf(names: string[]): string {
  const width = textWidth(process.stdout.columns)
  const [only] = names
  if (names.length === 1 && only !== undefined) {
    const { usage, does, flags } = commands[only]!
    return `usage: otlp-tally ${usage}\n\n${wrap(does, width)}\n\n${rowsText(flags, width)}\n`
  }
  const rows = names.map((name): Row => [commands[name]!.usage.split(' [')[0]!, commands[name]!.does])
  return `usage: otlp-tally COMMAND\n\n${rowsText(rows, width)}\n\n"otlp-tally help COMMAND" shows its options.\n`
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function misunderstood(sentence: string): number {
  process.stderr.write(`otlp-tally: ${sentence} ("otlp-tally help" lists the commands)\n`)
  return 2
}
