import { type Attribute, labelsOf, named } from '../body/metrics-of.ts'
import type { Use } from '../report/use.ts'
import { printable } from '../terminal/printable.ts'

const USUAL = 'command_invocation'
const FAILURES = 'command_failure'

/** What a series counts. */
export type Found = Pick<Use, 'kind' | 'name' | 'agent'>

/**
 * What a series counts, its names safe to print. `wanted` is the metric that was asked for: it stands in the place of
 * the usual one, and its series are named by their attributes if they have no command. Undefined if it is not
 * shown.
 */
export function seriesOf(
  metric: string,
  attributes: readonly Attribute[] | null | undefined,
  wanted: string = USUAL,
): Found | undefined {
  const all = attributes ?? []
  const isCommand =
    all.some(({ key }) => key === 'command_name') &&
    all.every(({ key }) => key === 'command_name' || key === 'agent')
  const agent = isCommand ? named('agent', all) : ''
  const of = (kind: Use['kind'], name: string) => ({ kind, name, ...(agent && { agent }) })
  if (isCommand && (metric === wanted || metric === FAILURES))
    return of(metric === wanted ? 'run' : 'failure', named('command_name', all))
  if (metric === wanted && wanted !== USUAL)
    return of('run', all.length === 1 ? named(all[0]!.key, all) : labelsOf(all) || printable(metric))
  // If another metric is asked for, the usual ones are not shown beside it.
  if (wanted !== USUAL && (metric === USUAL || metric === FAILURES)) return undefined
  return of('event', `${printable(metric)} ${labelsOf(all)}`.trim())
}
