import type { Row } from '../core/layout.ts'
import { version } from '../core/version.ts'
import { COMMAND_METRIC } from '../core/vocabulary.ts'
import { optionSentence } from '../explain/option.ts'
import { describe } from '../helper/body.ts'
import { visible } from '../terminal/printable.ts'
import type { Context, Flags } from './context.ts'
import { inspect, setBy } from './inspect.ts'
import { rows, sentences } from './print.ts'
import { type Sendable, sendableOf, type Values } from './sendable.ts'
import { Stop } from './stop.ts'

/** `preview --all`: every name and value that can ever be sent. */
export function previewAll(context: Context, { json }: Flags): number {
  const { stdout } = context
  const { options } = context.tool
  const inspection = inspect(context)
  const { target, optionProblems } = inspection
  const [problem] = optionProblems
  if (problem) throw new Stop(optionSentence(problem))
  const sendable = sendableOf(options, target)
  if (json) {
    stdout.write(`${visible(JSON.stringify(sendable, null, 2))}\n`)
    return 0
  }
  const { name, metricName = COMMAND_METRIC } = options
  const to = target ? `${target.url} (from ${setBy(inspection, name)})` : 'nowhere: there is no endpoint'
  const parts: [title: string, rows: Row[]][] = [
    ['How often each of these happened:', metricRows(sendable, metricName, name)],
    ['With each count:', TIMES],
    ['In each request:', resourceRows(sendable)],
    ['Headers:', headerRows(sendable.headers, Object.keys(target?.headers ?? {}))],
  ]
  const texts = [
    sentences(stdout, `Everything that ${name} ${options.version} can ever send, to ${to}:`),
    ...parts.map(([title, part]) => `${sentences(stdout, title)}\n${rows(stdout, part)}`),
    sentences(
      stdout,
      'Nothing else can be sent. The receiver also learns when a request comes, and as every server does, from which IP address.',
    ),
  ]
  stdout.write(texts.join('\n'))
  return 0
}

const TIMES: Row[] = [
  ['startTimeUnixNano', 'when its first one was counted'],
  ['timeUnixNano', 'when it was sent, which is usually right after the command'],
  ['asInt', 'how many there were up to then'],
]

function metricRows({ metrics }: Sendable, commandMetric: string, name: string): Row[] {
  return Object.entries(metrics).flatMap(([metric, { attributes }]) => [
    [metric, describe(metric, commandMetric, name).description] as const,
    ...Object.entries(attributes).map(
      ([key, values]) => [`  ${key}`, textOf(values) + (remarks[key] ?? '')] as const,
    ),
  ])
}

const remarks: Readonly<Record<string, string>> = {
  command_name: ' (what is not in this list is "unknown")',
  agent: '; only where one shows',
}

function resourceRows({ resource }: Sendable): Row[] {
  const ids: Readonly<Record<string, string>> = {
    'service.instance.id': 'a random id (UUID) of the counts of one version on this computer',
    'user.fingerprint': 'a random id (64 hex digits) of this installation, for at most 13 months',
    'process.runtime.version': "the major of the runtime's version",
  }
  return Object.entries(resource).map(([key, values]) => [key, ids[key] ?? textOf(values)])
}

function headerRows(names: readonly string[], own: readonly string[]): Row[] {
  const values: Readonly<Record<string, string>> = {
    'content-type': 'application/json',
    'user-agent': `otlp-tally/${version}`,
    'otlp-tally-shard': 'the first four digits of user.fingerprint',
    accept: '*/*',
    'accept-language': '*',
    'accept-encoding': 'gzip, deflate, or what else `fetch` can decompress',
    'sec-fetch-mode': 'cors',
  }
  return names.map(name => [
    name,
    own.includes(name) ? 'set for this endpoint; not shown' : (values[name] ?? 'as HTTP requires it'),
  ])
}

const textOf = (values: Values) => (typeof values === 'string' ? values : values.join(', '))
