#!/usr/bin/env node
import { version } from './core/version.ts'
import { type Given, type OptionList, readArguments } from './terminal/arguments.ts'
import { didYouMean } from './terminal/did-you-mean.ts'

interface Command {
  /** A line each, as the usage shows them. */
  usage: string
  does: string
  options: OptionList
  /** How many operands, and what they are. */
  operands: readonly [fewest: number, most: number, expected: string]
  /** Loaded when it is asked for. */
  run(values: Given, operands: string[]): Promise<number>
}

const flag = { type: 'boolean' } as const
const text = { type: 'string' } as const
const header = { type: 'string', multiple: true } as const

const commands: Record<string, Command> = {
  listen: {
    usage: 'listen [--port 4318] [--file FILE]',
    does: `receives OTLP/JSON metrics on loopback: prints each invocation with running totals,
and what is wrong with a body that is not valid; serves a page of it that is always up to
date. --port 0 uses a free port; --file appends each body to FILE, one per line.`,
    options: { port: text, file: text },
    operands: [0, 0, ''],
    async run({ port = '4318', file }) {
      if (!/^\d{1,5}$/.test(`${port}`) || Number(port) > 65_535)
        return misunderstood(`listen: --port ${port}: expected 0 to 65535`)
      const { listen } = await import('./bin/listen/listen.ts')
      return listen({ port: Number(port), file: file as string | undefined })
    },
  },
  report: {
    usage: "report FILE | URL [--header 'name: value' …] [--html [PAGE] | --card [SVG]] [--public]",
    does: `shows such a FILE, or one that a Collector's file exporter wrote, or what a Prometheus,
Cortex or Thanos at a URL has stored: what is used most, when and by how many. --html: as a page, --open it; --card: as a picture for a README, light and
dark; --public: without installations and rare names, to publish; --days N, --command NAME,
--metric NAME, --json; --force replaces a file.`,
    options: {
      days: text,
      command: text,
      metric: text,
      ...{ json: flag, html: flag, card: flag, public: flag, open: flag, force: flag, header },
    },
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
    usage: 'count NAME [key=value …] --options FILE [--version VERSION]',
    does: `counts a command, or an event, of a hook, a script or a tool in another language, by the same
decision, log and helper as initTelemetry. FILE holds its options as JSON; --version replaces
the version in it. Says nothing where it counts or telemetry is off.`,
    options: { options: text, version: text },
    operands: [1, 10, 'a NAME'],
    async run({ options, version }, [name, ...pairs]) {
      if (typeof options !== 'string') return misunderstood('count: expected --options FILE')
      const { count } = await import('./bin/count.ts')
      return count({ name: name!, pairs, file: options, version: version as string | undefined })
    },
  },
  check: {
    usage: "check URL [--header 'name: value' …]",
    does: `sends one empty export to an endpoint, as a tool would, and explains the answer. For a
tool's own endpoint and headers there is 'TOOL telemetry check'.`,
    options: { header },
    operands: [1, 1, 'a URL'],
    async run(values, [url]) {
      const headers = headersOf(values.header)
      if (!headers) return misunderstood("check: --header: expected 'name: value'")
      const { check } = await import('./bin/check.ts')
      return check(url!, headers)
    },
  },
  send: {
    usage: "send FILE --endpoint URL [--header 'name: value' …] [--from LINE]",
    does: `sends what 'TOOL telemetry export --format otlp' wrote, one request per line, and explains
what is refused. Sent twice it counts once. --from resumes where it was stopped.`,
    options: { endpoint: text, header, from: text },
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
    usage: 'collector FILE | -',
    does: `prints the part of a Collector's configuration that lets through what a tool can send, and
nothing else: of what 'TOOL telemetry preview --all --json' prints.`,
    options: {},
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

function usageOf(names: string[]): string {
  const lines = names.map(
    (name, index) => `${index ? '      ' : 'usage:'} otlp-tally ${commands[name]!.usage}\n`,
  )
  const texts = names.map(
    name => `${name.padEnd(10)}${commands[name]!.does.replaceAll('\n', '\n          ')}\n`,
  )
  const more = names.length > 1 ? '\notlp-tally help COMMAND shows one of them.\n' : ''
  return `${lines.join('')}\n${texts.join('')}${more}`
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function misunderstood(sentence: string): number {
  process.stderr.write(`otlp-tally: ${sentence} ("otlp-tally help" lists the commands)\n`)
  return 2
}
