import { readConfigText } from '../core/decide/config.ts'
import { type Inspection, setBy } from './inspect.ts'
import { locateTelemetry } from './locate.ts'

/** Where a ruling comes from: a variable, a place in the config, a file, or the tool itself. */
export function sourceOf(rule: number, inspection: Inspection): string {
  const { facts, folders } = inspection
  const state = folders ? folders.state : 'the home folder'
  const variables: Record<number, string> = { 3: 'DO_NOT_TRACK', 4: `${facts.prefix}_TELEMETRY`, 8: 'CI' }
  if (variables[rule]) return variables[rule]
  if (rule === 5 || rule >= 13) return state
  if (rule === 10) return setBy(inspection)
  const number = configLine(rule, folders?.config)
  if (number) return `${folders?.config}:${number}`
  return rule === 6 ? `${folders?.config}` : 'the tool'
}

/** ` (line 2)`, of the config file; nothing where a ruling does not come from there. */
export function lineOf(rule: number, { folders }: Inspection): string {
  const number = configLine(rule, folders?.config)
  return number ? ` (line ${number})` : ''
}

/** The line of the key that a rule reads in the config, where it has one. */
function configLine(rule: number, path: string | undefined): number | undefined {
  const key = { 7: 'enabled', 9: 'air_gapped', 11: 'enabled' }[rule]
  if (!key || !path) return undefined
  try {
    return locateTelemetry(readConfigText(path) ?? '').values.get(key)?.line
  } catch {
    return undefined // what cannot be read is row 6's
  }
}
