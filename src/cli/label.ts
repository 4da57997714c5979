import type { Series } from '../core/vocabulary.ts'
import type { Kind } from './logs.ts'

/** A series in words: `build` for a command, else `deploy dry=true target=a`. */
export function label({ metric, attributes, kind }: Series & { kind: Kind }): string {
  const { command_name: command, ...others } = attributes
  const words = kind === 'event' ? [metric] : [`${command}`]
  const attributesOf = kind === 'event' ? attributes : others
  return [...words, ...Object.entries(attributesOf).map(([key, value]) => `${key}=${value}`)].join(' ')
}
