import type { Series } from '../core/vocabulary.ts'

/** A series in words: `build` for a command, else `safety_triggered blocked=true`. */
export function label({ metric, attributes }: Series, commandMetric = 'command_invocation'): string {
  const entries = Object.entries(attributes)
  if (metric === commandMetric && entries.length === 1) return String(attributes.command_name)
  return [metric, ...entries.map(([key, value]) => `${key}=${value}`)].join(' ')
}
