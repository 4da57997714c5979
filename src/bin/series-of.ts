import { type Attribute, labelsOf, named } from '../body/metrics-of.ts'
import { COMMAND_METRIC, FAILURE_METRIC } from '../core/vocabulary.ts'
import type { Use } from '../report/use.ts'
import { printable } from '../terminal/printable.ts'

/** What a series counts. */
export type SeriesMeaning = Pick<Use, 'kind' | 'name' | 'agent'>

/**
 * What a series counts, with names that are safe to print; undefined if the series is not shown. `wanted` is the metric
 * to count in place of commands; its series are named by their attributes if they have no `command_name`.
 */
export function seriesOf(
  metric: string,
  attributes: readonly Attribute[] | null | undefined,
  wanted: string = COMMAND_METRIC,
): SeriesMeaning | undefined {
  const all = attributes ?? []
  const isCommand =
    all.some(({ key }) => key === 'command_name') &&
    all.every(({ key }) => key === 'command_name' || key === 'agent')
  const agent = isCommand ? named('agent', all) : ''
  const of = (kind: Use['kind'], name: string) => ({ kind, name, ...(agent && { agent }) })
  if (isCommand && (metric === wanted || metric === FAILURE_METRIC))
    return of(metric === wanted ? 'run' : 'failure', named('command_name', all))
  if (metric === wanted && wanted !== COMMAND_METRIC)
    return of('run', all.length === 1 ? named(all[0]!.key, all) : labelsOf(all) || printable(metric))
  // Another metric is not shown beside commands.
  if (wanted !== COMMAND_METRIC && (metric === COMMAND_METRIC || metric === FAILURE_METRIC)) return undefined
  return of('event', `${printable(metric)} ${labelsOf(all)}`.trim())
}
