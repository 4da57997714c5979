import { type Decision, endpointOf, type Facts, settingsOf } from './decide.ts'

/** Why a decision was made, in words: for `status` and `log` mode. An ordinary run never evaluates this. */
export function reasonFor({ rule, detail }: Decision, facts: Facts): string {
  if (detail) return detail
  const { env, prefix, disabled } = facts
  const variable = `${prefix}_TELEMETRY`
  const file = facts.denied ? '' : `${facts.folders()?.config}`
  switch (rule) {
    case 0:
      return facts.denied ?? `initTelemetry: ${facts.problems().join('; ')}`
    case 1:
      return 'this is the helper process'
    case 2:
      // On one line, whatever the tool wrote.
      return (
        `${disabled}`.replace(/^true$|[\s\p{Cc}]+/gu, ' ').trim() ||
        'the tool switched it off (`disabled: true`)'
      )
    case 3:
      return 'DO_NOT_TRACK is set'
    case 4:
      return `${variable} is "${env[variable]}"`
    case 5:
      return facts.stateProblem() ?? 'the state folder cannot be read'
    case 6: {
      const config = facts.config()
      return `${file}: ${'problem' in config ? config.problem : 'it is not valid'}`
    }
    case 7:
      return `enabled = false in ${file}`
    case 8:
      return 'CI is set'
    case 9:
      return `air_gapped = true in ${file}`
    case 10: {
      const { endpoint, source } = endpointOf(facts, settingsOf(facts))
      const whose = { environment: `${variable}_ENDPOINT`, config: file, tool: 'the tool' }[source]
      return endpoint
        ? `the endpoint of ${whose} is not an http(s) URL without user name and password`
        : 'there is no endpoint'
    }
    case 11:
      return `enabled = true in ${file}`
    case 12:
      return 'consent has not been given'
    case 13:
      return 'the notice has not been shown yet'
    default:
      return 'the notice was shown'
  }
}
