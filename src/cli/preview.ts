import { fieldMeanings } from '../body/field-meanings.ts'
import { type Attribute, metricsOf } from '../body/metrics-of.ts'
import { draftOf } from '../core/counter.ts'
import type { Row } from '../core/layout.ts'
import { seriesText } from '../core/log/record.ts'
import { isValue } from '../core/option-problems.ts'
import { commandSeries, UNKNOWN } from '../core/vocabulary.ts'
import { optionSentence } from '../explain/option.ts'
import { preview as previewBody } from '../helper/preview.ts'
import { readLog } from '../helper/read-log.ts'
import { visible } from '../terminal/printable.ts'
import { type Context, commandText, type Flags } from './context.ts'
import { type Inspection, inspect, ownLog } from './inspect.ts'
import { currentLog, kindOf, seriesIn } from './logs.ts'
import { rows, sentences } from './print.ts'
import { seriesLabelWithKind } from './series-label.ts'
import { Stop } from './stop.ts'

/**
 * `preview`: what would be sent if the command was run now, and what each field is for; with `--raw` only the body. Counts
 * nothing, and makes no file and no id.
 */
export function preview(context: Context, { raw }: Flags, given?: string): number {
  const { tool, stdout } = context
  const { options } = tool
  const inspection = inspect(context)
  const { decision, folders, target, optionProblems } = inspection
  const [problem] = optionProblems
  if (problem || !folders) throw new Stop(problem ? optionSentence(problem) : decision.reason)
  if (given !== undefined && !isValue(given))
    throw new Stop(`${JSON.stringify(given)} is not the name of a command`, 2)
  const command = given ?? lastCommand(inspection, options.commands)
  const series = commandSeries(command, options)!
  const path = currentLog(folders.stateFolder, options, target?.url ?? '')
  const body = previewBody(
    { path, stateFolder: folders.stateFolder, draft: draftOf(options) },
    [seriesText(series)],
    Date.now(),
  )
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
      rows(stdout, countRows(JSON.parse(body), options.metricName)),
      rows(stdout, fieldRows(JSON.parse(body))),
      sentences(
        stdout,
        `${PROTOCOL_FIELDS.slice(0, -1).join(', ')} and ${PROTOCOL_FIELDS.at(-1)} are also in the body, and say nothing about you.`,
        ...(isListed ? [] : [`"${command}" is not in the list of commands: it is counted as "${UNKNOWN}".`]),
        ...(given === undefined ? [`For another command: ${commandText(tool, 'preview NAME')}`] : []),
        `The same as JSON: ${commandText(tool, `preview ${quoted(given)}--raw`)}`,
        `All that can ever be sent: ${commandText(tool, 'preview --all')}`,
      ),
    ].join('\n'),
  )
  return 0
}

/** The listed command that was counted last; if there is none, the first of the list. */
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

/** Each count, and since when. */
function countRows(body: unknown, commandMetric: string | undefined): Row[] {
  return metricsOf(body).flatMap(({ metric: { name, sum } }) =>
    sum!.dataPoints!.flatMap(({ attributes, asInt, startTimeUnixNano }): Row[] => {
      const pairs = Object.fromEntries(attributes!.map(pair => [pair.key, valueIn(pair)]))
      const text = seriesLabelWithKind({ metric: name, attributes: pairs, kind: kindOf(name, commandMetric) })
      // The zero at the start of a series is only for the protocol.
      return asInt === '0' ? [] : [[text, `${asInt}, since ${timeIn(`${startTimeUnixNano}`)}`]]
    }),
  )
}

/** Fields with which OTLP describes a metric. */
const PROTOCOL_FIELDS = ['scope', 'description', 'unit', 'aggregationTemporality', 'isMonotonic']

/** What the other fields are for, with the values of the resource. */
function fieldRows(body: unknown): Row[] {
  const { resource } = metricsOf(body)[0]!
  const values = new Map(resource.map(pair => [pair.key, `${valueIn(pair)}`]))
  const fields = fieldMeanings(body)
    .filter(([field]) => !PROTOCOL_FIELDS.includes(field))
    .map(([field, sentence]): Row => {
      const value = values.get(field)
      return [field, value === undefined ? sentence : `${value} (${sentence})`]
    })
  // The only header with something stored.
  return [
    ...fields,
    ['otlp-tally-shard', 'a header: the first four digits of user.fingerprint, for load balancers'],
  ]
}

const valueIn = ({ value }: Attribute) => Object.values(value!)[0] as string | boolean
const timeIn = (nanoseconds: string) =>
  new Date(Number(nanoseconds.slice(0, -6))).toISOString().replace(/\.\d+Z/, 'Z')
