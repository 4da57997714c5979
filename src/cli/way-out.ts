import { NO_HOME } from '../core/decide/folders.ts'
import { commandOf } from '../core/decide/notice.ts'
import type { Tool } from '../core/tool.ts'
import { type Inspection, setBy } from './inspect.ts'

/** How a user changes what is in effect, by what exists: the command, or where there is none, the config file. */
export function wayOut(inspection: Inspection, { options }: Tool): string[] {
  const { decision, otherwise, facts, folders, endpoint } = inspection
  const { name } = options
  const command = commandOf(options)
  const set = (enabled: boolean) =>
    command
      ? `"${command} ${enabled ? 'enable' : 'disable'}"`
      : `[telemetry] enabled = ${enabled} in ${folders?.config}`
  const variable = `${facts.prefix}_TELEMETRY`
  // The variable wins over the config, so that there `disable` would change nothing.
  if (decision.mode === 'on' && decision.rule === 4) {
    const next = otherwise[0]?.mode === 'on' ? `, then ${set(false)}` : ''
    return [`unset ${variable}${next}; or DO_NOT_TRACK=1, which wins over it`]
  }
  if (decision.mode === 'on') return [`${set(false)}, or DO_NOT_TRACK=1, switches it off`]
  switch (decision.rule) {
    case 3:
      return ['unset DO_NOT_TRACK']
    case 4:
      return [`unset ${variable}`]
    case 5:
      return [
        decision.reason === NO_HOME ? 'create it, or set HOME' : `run ${name} as the owner of that folder`,
      ]
    case 6:
      return ['correct the file; until then it stays off']
    case 7:
      return [`${set(true)} switches it on`]
    case 8:
      return [`${variable}=on counts and sends in CI too`]
    case 9:
      return ['remove air_gapped to send']
    case 10:
      if (endpoint.source === 'environment') return [`correct ${variable}_ENDPOINT, or unset it`]
      if (endpoint.source === 'config') return [`correct the endpoint in ${setBy(inspection)}`]
      return [
        `set an endpoint: endpoint = "https://…" below [telemetry] in ${folders?.config}`,
        `or, as the author of ${name}, pass ${endpoint.endpoint ? 'a valid' : 'an'} \`endpoint\` to initTelemetry`,
      ]
    case 12:
      return [`${set(true)} switches it on`]
    case 13:
      return [`run ${name} once in a terminal, or ${set(true)}`]
    default:
      return [] // the tool, or the runtime: nothing that a user could change
  }
}
