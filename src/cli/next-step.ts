import { environmentPrefix } from '../core/decide/environment.ts'
import { telemetryCommandOf } from '../core/options.ts'
import type { Tool } from '../core/tool.ts'
import { lineOf } from './config-line.ts'
import { type Inspection, setBy } from './inspect.ts'

/** How a user changes the decision: what to run, which variable to unset, which line of which file to change. */
export function nextStep(inspection: Inspection, { options }: Tool): string[] {
  const { decision, folders, endpoint } = inspection
  const { name } = options
  const { row, mode, cause = {} } = decision
  const { variable, file } = cause
  const command = telemetryCommandOf(options)
  const own = `${environmentPrefix(name)}_TELEMETRY`
  const disable = command ? `"${command} disable"` : `[telemetry] enabled = false in ${folders?.config}`
  const enable = command ? `"${command} enable"` : `[telemetry] enabled = true in ${folders?.config}`
  const line = file === undefined ? undefined : lineOf(file, row)
  const where = line ? `line ${line} of ${file}` : `${file}`
  if (mode === 'on') return [`${disable}, or DO_NOT_TRACK=1, switches it off`]
  switch (row) {
    case 3:
    case 4:
    case 11:
      return [`unset ${variable}`]
    case 5:
      if (cause.config) return [`make ${file} your own, or remove it`]
      return [
        cause.message === 'no home'
          ? 'create it, or set HOME'
          : `run ${name} as the owner of ${folders?.stateFolder}`,
      ]
    case 6:
      return [`correct ${where}; until then it stays off`]
    case 7:
      return [
        file === folders?.config
          ? `remove ${line ? where : `"enabled = false" from ${where}`}, then ${enable}`
          : `ask who administers this computer: ${file} says no for all its users`,
      ]
    case 8:
      return [cause.message ? `remove ${file}, or correct it, then ${enable}` : `${enable} switches it on`]
    case 9:
      return [
        variable
          ? `unset ${variable} to send`
          : `remove ${line ? where : `air_gapped from ${where}`} to send`,
      ]
    case 10:
      if (endpoint.source === 'environment') return [`correct ${own}_ENDPOINT, or unset it`]
      if (endpoint.source === 'config') return [`correct the endpoint in ${setBy(inspection, name)}`]
      return [
        `set an endpoint: endpoint = "https://…" below [telemetry] in ${folders?.config}`,
        `or, as the author of ${name}, pass ${endpoint.endpoint ? 'a valid' : 'an'} \`endpoint\` to initTelemetry`,
      ]
    case 12:
      return [`none: tests of a tool are not counted. ${own}=on counts them too`]
    case 14:
      return [`${own}=on counts and sends in CI too`]
    case 16:
      return [`${enable} switches it on`]
    case 18:
    case 19:
      return [`run ${name} once in a terminal, or ${enable}`]
    default:
      return [] // the tool or the runtime, which a user cannot change
  }
}
