import type { Series } from '../core/vocabulary.ts'
import type { Kind } from './logs.ts'

/** A series in words: `build`, `build agent=claude`, `deploy dry=true target=a`. */
export function label({ metric, attributes, kind }: Series & { kind: Kind }): string {
  const { command_name: command, ...others } = attributes
  const pairs = Object.entries(kind === 'event' ? attributes : others).map(
    ([key, value]) => `${key}=${value}`,
  )
  return [kind === 'event' ? metric : `${command}`, ...pairs].join(' ')
}

/** The same, and what was counted where it was no run. */
export function labelOfKind(series: Series & { kind: Kind }): string {
  return label(series) + { run: '', failure: ' (failed)', event: ' (event)' }[series.kind]
}
