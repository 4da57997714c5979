import { isTypo } from '../typo.ts'
import type { Environment } from './folders.ts'

/**
 * What the environment variables say: an opt-out in any spelling, a CI, a test runner, a terminal that nobody reads.
 */

/** `on`: count and send. `local`: count, never send. `log`: print what would be sent. `off`: nothing. */
export type Mode = 'on' | 'local' | 'log' | 'off'

/** Holds the job of a helper process. A process that has it must never count or start a helper. */
export const HELPER_VARIABLE = 'OTLP_TALLY_HELPER'

/** `TRIX` for the tool `trix`, `ACME_CLI` for `@acme/cli`, `_2FAST` for `2fast`: always a valid shell identifier. */
export function environmentPrefix(name: string): string {
  return name
    .replace('@', '')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^\d/, '_$&')
}

/** What the tool's own variable asks for. Any value that is not understood means off. */
export function modeFrom(value: string | undefined): Mode | undefined {
  switch (value?.trim().toLowerCase()) {
    case undefined:
      return undefined
    case 'on':
    case '1':
    case 'true':
    case 'yes':
      return 'on'
    case 'local':
      return 'local'
    case 'log':
      return 'log'
    default:
      return 'off'
  }
}

/** How `DO_NOT_TRACK`, `CI` and their like are read: set to anything but empty, `0` and `false`. */
export function isSet(value: string | undefined): boolean {
  return value !== undefined && !/^(|0|false)$/i.test(value.trim())
}

/** A no by a variable. */
export interface OptOut {
  variable: string
  /** Its value, if that is not understood. */
  value?: string
  /** The tool's own variable, if `variable` is another name for it. */
  meant?: string
}

/** The variable by which the user says no to this tool: its own, or another name that people try. */
export function optOutIn(env: Environment, prefix: string): OptOut | undefined {
  const own = `${prefix}_TELEMETRY`
  const value = env[own] ?? ''
  if (modeFrom(env[own]) === 'off')
    return { variable: own, ...(!/^(off|0|false|no)$/i.test(value.trim()) && { value }) }
  for (const variable of Object.keys(env)) {
    const upper = variable.toUpperCase()
    if (!upper.startsWith(`${prefix}_`) || variable === own) continue
    if (isOptOut(upper.slice(prefix.length + 1), env[variable])) return { variable, meant: own }
  }
  return undefined
}

/** Names that say no with any value but empty, `0` and `false`. */
const NOES = [
  ...['TELEMETRY_DISABLED', 'TELEMETRY_DISABLE', 'DISABLE_TELEMETRY', 'NO_TELEMETRY'],
  ...['TELEMETRY_OPTOUT', 'TELEMETRY_OPT_OUT', 'TELEMETRY_OFF', 'DO_NOT_TRACK'],
]

/** True for a no by another name, also if that is misspelt. A misspelt yes is never taken for a no. */
function isOptOut(name: string, value: string | undefined): boolean {
  if (NOES.some(no => isTypo(name, no, 1))) return isSet(value)
  const isSwitch =
    isTypo(name, 'TELEMETRY') || isTypo(name, 'TELEMETRY_ENABLED', 1) || isTypo(name, 'ENABLE_TELEMETRY', 1)
  return isSwitch && modeFrom(value) === 'off'
}

/** Some of these services do not set `CI`, and a container may be given only one of their variables. */
const CI_VARIABLES = [
  ...['CI', 'GITHUB_ACTIONS', 'GITLAB_CI', 'TF_BUILD', 'TEAMCITY_VERSION', 'JENKINS_URL', 'BUILDKITE'],
  ...['CODEBUILD_BUILD_ID', 'CIRCLECI', 'TRAVIS', 'APPVEYOR', 'DRONE', 'BITBUCKET_BUILD_NUMBER', 'CIRRUS_CI'],
  ...['bamboo_planKey', 'GO_PIPELINE_LABEL', 'HUDSON_URL'],
]

/** The variable that shows a CI service; undefined where none does. */
export function ciVariable(env: Environment): string | undefined {
  return CI_VARIABLES.find(name => isSet(env[name]))
}

/** Of Vitest, Jest, `node --test`, Mocha, Playwright, tap and Cypress. AVA and Bun set only `NODE_ENV`. */
const TEST_VARIABLES = [
  ...['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT', 'MOCHA_WORKER_ID'],
  ...['TEST_WORKER_INDEX', 'TAP', 'CYPRESS'],
]

/** The variable that shows a test runner. Workers are numbered from 0, so `0` counts as set too. */
export function testVariable(env: Environment): string | undefined {
  return env.NODE_ENV === 'test' ? 'NODE_ENV' : TEST_VARIABLES.find(name => env[name])
}

/** What bash, zsh (`bashcompinit`) and the completion libraries of Node set while they ask a tool for completions. */
const COMPLETION_VARIABLES = ['COMP_LINE', 'COMP_POINT', 'COMP_CWORD', '_ARGCOMPLETE']

/** The variable that shows that nobody reads this terminal; undefined where none does. */
export function unreadVariable(env: Environment): string | undefined {
  if (env.TERM === 'dumb') return 'TERM'
  return COMPLETION_VARIABLES.find(name => env[name] !== undefined)
}
