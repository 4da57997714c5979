import { isTypo } from '../typo.ts'
import type { Environment } from './folders.ts'

/** What the environment variables say: an opt-out in any spelling, a CI, a test runner, a place where nobody reads. */

/** `on`: count and send. `local`: count, never send. `log`: print what would be sent. `off`: nothing. */
export type Mode = 'on' | 'local' | 'log' | 'off'

/** Holds the job of the helper process, and marks it: it delivers, and must never count or start a helper. */
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

/** The variable by which the user says no to this tool: its own, or a no by another name, as people try them. */
export function optOutVariable(env: Environment, prefix: string): string | undefined {
  const own = `${prefix}_TELEMETRY`
  if (modeFrom(env[own]) === 'off') return own
  for (const name of Object.keys(env)) {
    const upper = name.toUpperCase()
    // Other spellings of a yes are ignored.
    if (upper.startsWith(`${prefix}_`) && name !== own && isOptOut(upper.slice(prefix.length + 1), env[name]))
      return name
  }
  return undefined
}

function isOptOut(name: string, value: string | undefined): boolean {
  if (/^(TELEMETRY_(DISABLED?|OPT_?OUT|OFF)|(DISABLE|NO)_TELEMETRY)$/.test(name)) return isSet(value)
  const isSwitch = /^(TELEMETRY_ENABLED?|ENABLE_TELEMETRY)$/.test(name) || isTypo(name, 'TELEMETRY')
  return isSwitch && modeFrom(value) === 'off'
}

/** Services that do not all set `CI`. */
const CI_VARIABLES = [
  ...['CI', 'GITHUB_ACTIONS', 'GITLAB_CI', 'TF_BUILD', 'TEAMCITY_VERSION', 'JENKINS_URL', 'BUILDKITE'],
  ...['CODEBUILD_BUILD_ID', 'CIRCLECI', 'TRAVIS', 'APPVEYOR', 'DRONE', 'BITBUCKET_BUILD_NUMBER', 'CIRRUS_CI'],
]

/** The variable by which a CI service shows; undefined where none does. */
export function ciVariable(env: Environment): string | undefined {
  return CI_VARIABLES.find(name => isSet(env[name]))
}

const TEST_VARIABLES = [
  'VITEST',
  'JEST_WORKER_ID',
  'NODE_TEST_CONTEXT',
  'AVA_PATH',
  'PLAYWRIGHT_TEST',
  'CYPRESS',
]

/** The variable by which a test runner shows. */
export function testVariable(env: Environment): string | undefined {
  return TEST_VARIABLES.find(name => isSet(env[name]))
}

/** What bash, zsh (`bashcompinit`) and the completion libraries of Node set while they ask a tool for completions. */
const COMPLETION_VARIABLES = ['COMP_LINE', 'COMP_POINT', 'COMP_CWORD', '_ARGCOMPLETE']

/** Why nobody reads what a command writes on this terminal: a variable; undefined where nothing says so. */
export function unreadVariable(env: Environment): string | undefined {
  if (env.TERM === 'dumb') return 'TERM'
  return COMPLETION_VARIABLES.find(name => env[name] !== undefined)
}
