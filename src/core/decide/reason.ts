import { type Decision, endpointOf, type Facts, settingsOf } from './decide.ts'

/** Why a decision was made, in words: for `status` and `log` mode. An ordinary run never evaluates this. */
export function reasonFor({ rule, detail }: Decision, facts: Facts): string {
  const { env, prefix, denied, disabled } = facts
  const variable = `${prefix}_TELEMETRY`
  const file = denied ? '' : `${facts.folders()?.config}`
  const reasons: readonly (string | (() => string))[] = [
    () => denied ?? `initTelemetry: ${facts.problems().join('; ')}`,
    'this is the helper process',
    // On one line, whatever the tool wrote.
    () =>
      `${disabled}`.replace(/^true$|[\s\p{Cc}]+/gu, ' ').trim() ||
      'the tool switched it off (`disabled: true`)',
    'DO_NOT_TRACK is set',
    // Deno would ask for permission where row 0 says that it is missing.
    () => `${variable} is "${env[variable]}"`,
    () => facts.stateProblem() ?? 'the state folder cannot be read',
    () => `${file}: ${(facts.config() as { problem?: string }).problem}`,
    `enabled = false in ${file}`,
    'CI is set',
    `air_gapped = true in ${file}`,
    () => {
      const { endpoint, source } = endpointOf(facts, settingsOf(facts))
      const whose = { environment: `${variable}_ENDPOINT`, config: file, tool: 'the tool' }[source]
      return endpoint
        ? `the endpoint of ${whose} is not an http(s) URL without user name and password`
        : 'there is no endpoint'
    },
    `enabled = true in ${file}`,
    'consent has not been given',
    'the notice has not been shown yet',
    'the notice was shown',
  ]
  const reason = reasons[rule]!
  return detail ?? (typeof reason === 'string' ? reason : reason())
}
