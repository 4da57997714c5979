import { meaning } from '../body/meaning.ts'
import { draftOf } from '../core/counter.ts'
import type { Row } from '../core/layout.ts'
import { seriesText } from '../core/log/record.ts'
import { type Attributes, commandSeries, UNKNOWN } from '../core/vocabulary.ts'
import { optionSentence } from '../helper/explain.ts'
import { preview as previewBody } from '../helper/preview.ts'
import { readLog } from '../helper/records.ts'
import { visible } from '../terminal/printable.ts'
import { type Context, called, type Values } from './context.ts'
import { type Inspection, inspect, ownLog } from './inspect.ts'
import { label } from './label.ts'
import { currentLog, seriesIn } from './logs.ts'
import { rows, sentences } from './print.ts'

/** What a command can be called: see `commands` of `initTelemetry`. */
const NAME = /^(?=.{1,64}$)[A-Za-z0-9_.:-]+( [A-Za-z0-9_.:-]+)*$/

/**
 * `preview`: what would be sent if the command were run now, and what each part is for; with `--raw` the bytes of the
 * body, to be piped into anything. Sends nothing, counts nothing, makes no file and no id.
 */
export function preview(context: Context, { raw }: Values, given?: string): number {
  const { tool, stdout, stderr } = context
  const { options } = tool
  const complain = (sentence: string, code: number) => {
    stderr.write(sentences(stderr, `${options.name} telemetry preview: ${sentence}`))
    return code
  }
  const inspection = inspect(context)
  const { decision, folders, target, optionProblems } = inspection
  const [problem] = optionProblems
  if (problem) return complain(optionSentence(problem), 1)
  if (!folders) return complain(decision.reason, 1)
  if (given !== undefined && !NAME.test(given))
    return complain(`${JSON.stringify(given)} is not the name of a command`, 2)
  const command = given ?? lastCommand(inspection, options.commands)
  const series = commandSeries(command, options)!
  const path = currentLog(folders.state, options, target?.url ?? '')
  const body = previewBody({ path, draft: draftOf(options) }, [seriesText(series)], Date.now())
  if (raw) {
    stdout.write(`${visible(body)}\n`)
    return 0
  }
  const fate =
    decision.mode === 'on'
      ? `this is sent to ${target!.url}`
      : `nothing is sent (${decision.reason}). What would be sent otherwise${target ? `, to ${target.url}` : ''}`
  const isListed = options.commands.includes(command)
  stdout.write(
    [
      sentences(stdout, `When "${options.name} ${command}" is run, ${fate}:`),
      rows(stdout, bodyRows(JSON.parse(body), options.metricName)),
      sentences(
        stdout,
        ...(isListed ? [] : [`"${command}" is not in the list of commands: it is counted as "${UNKNOWN}".`]),
        `The same as JSON: ${called(tool, `preview ${quoted(given)}--raw`)}`,
        `All that can ever be sent: ${called(tool, 'preview --all')}`,
      ),
    ].join('\n'),
  )
  return 0
}

/**
 * The command that was counted last, which is the one that a user has in mind; where there is none, an example. Not
 * `unknown`, as long as there is another.
 */
function lastCommand(inspection: Inspection, commands: readonly string[]): string {
  const log = ownLog(inspection)
  let last: string | undefined
  if (log)
    readLog(log.path, ({ series }) => {
      const { kind, attributes } = seriesIn(series, log.fold)
      if (kind === 'run' && commands.includes(`${attributes.command_name}`))
        last = `${attributes.command_name}`
    })
  return last ?? commands[0] ?? UNKNOWN
}

const quoted = (name = '') => (name.includes(' ') ? `"${name}" ` : name && `${name} `)

interface Body {
  resourceMetrics: {
    resource: { attributes: Pair[] }
    scopeMetrics: { metrics: { name: string; sum: { dataPoints: Point[] } }[] }[]
  }[]
}
interface Pair {
  key: string
  value: { stringValue?: string; boolValue?: boolean }
}
interface Point {
  attributes: Pair[]
  startTimeUnixNano: string
  asInt: string
}

/** What stands in a body: each constant with its value, each count, and a sentence for each field. */
function bodyRows(body: Body, metricName: string | undefined): Row[] {
  const [part] = body.resourceMetrics
  const values = new Map(part!.resource.attributes.map(pair => [pair.key, `${valueIn(pair)}`]))
  const counts = part!.scopeMetrics[0]!.metrics.flatMap(({ name, sum }) =>
    sum.dataPoints
      .filter(({ asInt }) => asInt !== '0')
      .map(({ attributes, asInt, startTimeUnixNano }): Row => {
        const series: Attributes = Object.fromEntries(attributes.map(pair => [pair.key, valueIn(pair)]))
        const kind =
          name === metricName || name === 'command_invocation'
            ? 'run'
            : name === 'command_failure'
              ? 'failure'
              : 'event'
        const text = label({ metric: name, attributes: series, kind })
        return [
          kind === 'failure' ? `${text} (failed)` : text,
          `${asInt}, since ${timeIn(startTimeUnixNano)}`,
        ]
      }),
  )
  const fields = meaning(body).map(([field, sentence]): Row => {
    const value = values.get(field)
    return [field, value === undefined ? sentence : `${value} (${sentence})`]
  })
  return [...counts, ...fields, ...HEADERS]
}

const valueIn = ({ value }: Pair) => value.boolValue ?? value.stringValue!
const timeIn = (nanoseconds: string) =>
  new Date(Number(nanoseconds.slice(0, -6))).toISOString().replace(/\.\d+Z/, 'Z')

/** The one header that is made of what is stored. */
const HEADERS: readonly Row[] = [
  [
    'otlp-tally-shard',
    'a header: the first four digits of user.fingerprint; if there are several servers, the same one always counts you',
  ],
]
