import { AGENTS } from '../core/agent.ts'
import { headersOf, settingsOf } from '../core/decide/decide.ts'
import type { TelemetryOptions } from '../core/options.ts'
import { type Row, rowsText, textWidth, wrap } from '../core/rows.ts'
import { version } from '../core/version.ts'
import { COMMAND_METRIC, FAILURE_METRIC, UNKNOWN } from '../core/vocabulary.ts'
import type { Context } from './context.ts'
import { inspect, setBy } from './inspect.ts'

const ALPHABET = 'any 1 to 64 of A-Z a-z 0-9 _ . : -, in at most four words'

/** `preview --all`: every name and value that can ever be sent, not only by the next run. Sends nothing. */
export function previewAll({ tool, env, stdout, stderr }: Context): number {
  const { options } = tool
  const inspection = inspect(tool, env)
  const { facts, endpoint } = inspection
  const [problem] = facts.problems()
  if (problem) {
    stderr.write(`${options.name} telemetry preview: ${problem}\n`)
    return 1
  }
  const width = textWidth(stdout.columns)
  const headers = Object.keys(headersOf(facts, settingsOf(facts), endpoint.source))
  const to = endpoint.url ? `${endpoint.url} (from ${setBy(inspection)})` : 'nowhere: there is no endpoint'
  const parts: [title: string, rows: Row[]][] = [
    ['How often each of these happened, and since when', [...commandRows(options), ...eventRows(options)]],
    ['With it, in each request', resourceRows(options)],
    [
      'Headers',
      [
        ['content-type', 'application/json'],
        ['user-agent', `otlp-tally/${version}`],
        ['otlp-tally-shard', 'the first four digits of user.fingerprint'],
        ...headers.map(name => [name, 'set for this endpoint; not shown'] as const),
      ],
    ],
  ]
  const texts = [
    wrap(`Everything that ${options.name} ${options.version} can ever send, to ${to}:`, width),
    ...parts.map(([title, rows]) => `${title}\n\n${rowsText(rows, width)}`),
    ...(options.commands && options.events
      ? ['Nothing else can be sent.']
      : [wrap(openLists(options), width)]),
    wrap('As every server does, the receiver sees the IP address that the request comes from.', width),
  ]
  stdout.write(`${texts.join('\n\n')}\n`)
  return 0
}

function commandRows(options: TelemetryOptions): Row[] {
  const { commands, events, metricName = COMMAND_METRIC, failures, agents } = options
  const names = commands ? [...new Set([...commands, UNKNOWN])].join(', ') : ALPHABET
  const attributes: Row[] = [
    ['  command_name', commands ? `${names} (whatever is not in this list)` : names],
    ...(agents ? [['  agent', `${AGENTS.join(', ')}; only where one runs the command`] as const] : []),
    // Without any list the metric is like all others.
    ...(commands || events ? [] : [['  other keys', ALPHABET] as const]),
  ]
  return [
    [metricName, 'a command was run'],
    ...attributes,
    ...(failures
      ? [[FAILURE_METRIC, 'the command ended with an exit code other than 0'] as const, ...attributes]
      : []),
  ]
}

function eventRows({ events }: TelemetryOptions): Row[] {
  if (!events) return [['any other metric', `with at most eight attributes, each true, false or ${ALPHABET}`]]
  return Object.entries(events).flatMap(([metric, attributes]) => [
    [metric, 'this event happened'] as const,
    ...Object.entries(attributes).map(
      ([key, values]) => [`  ${key}`, Array.isArray(values) ? values.join(', ') : 'true, false'] as const,
    ),
  ])
}

function resourceRows({ name, version, resourceAttributes = {} }: TelemetryOptions): Row[] {
  return [
    ['service.name', name],
    ['service.version', version],
    ['service.instance.id', 'a random id of this version on this computer'],
    ['user.fingerprint', 'a random id of this installation'],
    ...Object.entries(resourceAttributes).map(([key, value]) => [key, `${value}`] as const),
  ]
}

/** Says what the alphabet does not keep out. */
function openLists({ name, commands, events }: TelemetryOptions): string {
  const missing = [...(commands ? [] : ['its commands']), ...(events ? [] : ['its events'])].join(' or ')
  return (
    `${name} gives no list of ${missing}. Names then follow an alphabet, which keeps out paths, quotes, addresses and ` +
    'long text, but not a short word that is passed by mistake.'
  )
}
