import type { Row } from '../core/layout.ts'
import type { Given, OptionList } from '../terminal/arguments.ts'

/** One of `otlp-tally …`. */
export interface Command {
  usage: string
  /** A sentence. */
  does: string
  options: OptionList
  /** What each option does. */
  flags: readonly Row[]
  operands: readonly [fewest: number, most: number, expected: string]
  /** Throws a `Misuse` if the values do not fit. Otherwise resolves with the exit code. */
  run(values: Given, operands: string[]): Promise<number>
}

/** A mistake in the command line, as a sentence. */
export class Misuse extends Error {}

const flag = { type: 'boolean' } as const
const text = { type: 'string' } as const
const header = { type: 'string', multiple: true } as const
const headerFlag: Row = ["--header 'name: value'", 'a header of each request; may be given more than once']

/** The code of each is loaded when it runs. */
export const commands: Record<string, Command> = {
  listen: {
    usage: 'listen [--port 4318] [--file FILE]',
    does: 'receives OTLP/JSON metrics on this machine, and shows what arrives: here, and on a page.',
    options: { port: text, file: text },
    flags: [
      ['--port PORT', '4318 if not given; 0 for any free port'],
      ['--file FILE', 'adds each request to FILE, one per line, for "report" and "send"'],
    ],
    operands: [0, 0, ''],
    async run({ port = '4318', file }) {
      if (!/^\d{1,5}$/.test(`${port}`) || Number(port) > 65_535)
        throw new Misuse(`--port ${port}: expected 0 to 65535`)
      const { listen } = await import('./listen/listen.ts')
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
      ['--force', 'replaces an existing file'],
      ['--days N', 'the numbers of the last N whole days (30)'],
      ['--command NAME', 'whether that command can be removed, and the numbers behind the answer'],
      ['--tool NAME', 'this tool, if several are counted'],
      ['--metric NAME', 'counts that metric in place of command_invocation'],
      ['--all', 'also counts installations that make most of the runs'],
      ['--public', 'for publication: leaves out what few installations do'],
      headerFlag,
    ],
    operands: [1, 2, 'a FILE or URL, and a PAGE only after --html or --card'],
    async run({ header, ...values }, [file, page]) {
      if (page !== undefined && !values.html && !values.card)
        throw new Misuse('expected a FILE or URL, and a PAGE only after --html or --card')
      const headers = headersOf(header)
      const { reportFile, reportServer } = await import('./report/report-file.ts')
      const flags = values as Record<string, string | boolean | undefined>
      return /^https?:\/\//.test(file!)
        ? reportServer(file!, headers, page, flags)
        : reportFile(file!, page, flags)
    },
  },
  count: {
    usage: 'count NAME [key=value …] --options FILE',
    does: 'counts a command or an event of a hook, a script or a tool in another language, with the same decision, log and helper as initTelemetry. Prints nothing, whether it counts or telemetry is off.',
    options: { options: text, version: text },
    flags: [
      ['--options FILE', 'the options of initTelemetry, as JSON'],
      ['--version VERSION', 'replaces the version in it'],
    ],
    operands: [1, 10, 'a NAME'],
    async run({ options, version }, [name, ...pairs]) {
      if (typeof options !== 'string') throw new Misuse('expected --options FILE')
      const { count } = await import('./count.ts')
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
      const { check } = await import('./check.ts')
      return check(url!, headersOf(values.header))
    },
  },
  send: {
    usage: 'send FILE --endpoint URL',
    does: 'sends what "TOOL telemetry export --format otlp" or "listen --file" wrote, or stdin (-), one request per line. What is sent twice counts once.',
    options: { endpoint: text, header, from: text },
    flags: [
      ['--endpoint URL', 'where to, without /v1/metrics'],
      headerFlag,
      ['--from LINE', 'resumes at that line'],
    ],
    operands: [1, 1, 'a FILE'],
    async run({ endpoint, header, from = '1' }, [file]) {
      const headers = headersOf(header)
      if (typeof endpoint !== 'string') throw new Misuse('expected --endpoint URL')
      if (!/^[1-9]\d{0,8}$/.test(`${from}`)) throw new Misuse(`--from ${from}: expected the number of a line`)
      const { send } = await import('./send/send.ts')
      return send({ file: file!, endpoint, headers, from: Number(from) })
    },
  },
  collector: {
    usage: 'collector FILE',
    does: 'prints the part of a Collector\'s configuration that accepts what a tool can send, and nothing else. FILE, or stdin (-), is the output of "TOOL telemetry preview --all --json".',
    options: {},
    flags: [],
    operands: [1, 1, 'a FILE, or -'],
    async run(_, [file]) {
      const { collector } = await import('./collector/collector.ts')
      return collector(file!)
    },
  },
}

function headersOf(lines: Given[string] = []): Record<string, string> {
  const headers = [lines]
    .flat()
    .map(line => /^([\w!#$%&'*+.^`|~-]+):\s*([ -~]*)$/.exec(`${line}`)?.slice(1, 3))
  if (headers.includes(undefined)) throw new Misuse("--header: expected 'name: value'")
  return Object.fromEntries(headers as [string, string][])
}
