import type { Series } from '../core/vocabulary.ts'
import type { Kind } from './logs.ts'

/** `build`, `build agent=claude`, `deploy dry=true target=a` */
export function seriesLabel({ metric, attributes, kind }: Series & { kind: Kind }): string {
  const { command_name: command, ...others } = attributes
  const pairs = Object.entries(kind === 'event' ? attributes : others).map(
    ([key, value]) => `${key}=${value}`,
  )
  return [kind === 'event' ? metric : `${command}`, ...pairs].join(' ')
}

/** The same, with `(failed)` or `(event)`. */
export function seriesLabelWithKind(series: Series & { kind: Kind }): string {
  return seriesLabel(series) + { run: '', failure: ' (failed)', event: ' (event)' }[series.kind]
}
