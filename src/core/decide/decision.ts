import { HELPER_MARK } from '../deliver/helper-mark.ts'
import { metricsUrl } from '../otlp/endpoint.ts'
import type { Config, ConfigProblem } from './config.ts'
import type { Environment, Folders } from './folders.ts'
import { lacking } from './permissions.ts'

/** All that a decision depends on. What costs a system call is a function, asked only when a rule needs it. */
export interface Facts {
  /** Of the environment variables: `TRIX` for `TRIX_TELEMETRY`. */
  prefix: string
  env: Environment
  /** What is wrong with the options of `initTelemetry`. */
  problems: readonly string[]
  /** What the runtime would have to ask the user for. Then nothing else is looked at. */
  denied?: string | undefined
  disabled: boolean
  consent: 'notice' | 'explicit'
  /** The default endpoint, from the options. */
  endpoint: string | undefined
  /** Where the tool's files lie. Undefined where there is no home. */
  folders: () => Folders | undefined
  /** True where the state folder belongs to another user. */
  foreign: () => boolean
  config: () => Config | ConfigProblem
  noticeSeen: () => boolean
  /** Shows the notice if it can; whatever it answers, this run stays off. */
  showNotice: () => boolean
}

/** `on`: count and send. `local`: count, never send. `log`: print what would be sent. `off`: nothing. */
export type Mode = 'on' | 'local' | 'log' | 'off'

/** What one rule says. */
export interface Ruling {
  /** The row of the table, 0 for options that are not valid. */
  rule: number
  mode: 'on' | 'local' | 'off'
  /** Why, in words: the same in `status` and in `log` mode. */
  reason: string
}

export interface Decision {
  mode: Mode
  rule: number
  reason: string
  /** The user said yes, in the environment or in the config; a notice that was shown is not that. */
  explicit: boolean
}

type Verdict = [mode: 'on' | 'local' | 'off', reason: string] | false | '' | undefined
type Rule = [number: number, judge: (facts: Facts) => Verdict]

/**
 * Who decides: the first rule that answers. This is the table of the README, in its order. Two rows are not verdicts
 * yet when they match: `TRIX_TELEMETRY=on|log|local` only skips rows 7, 8 and 11 to 14, so it answers after row 10.
 */
const rules: readonly Rule[] = [
  [0, ({ denied }) => denied && ['off', denied]],
  [0, ({ problems }) => problems.length > 0 && ['off', `initTelemetry: ${problems.join('; ')}`]],
  [1, ({ env }) => env[HELPER_MARK] !== undefined && ['off', 'this is the helper process']],
  [2, ({ disabled }) => disabled && ['off', 'the tool switched it off (`disabled: true`)']],
  [3, ({ env }) => isSet(env.DO_NOT_TRACK) && ['off', 'DO_NOT_TRACK is set']],
  [4, facts => asked(facts) === 'off' && ['off', `${variable(facts)} is "${facts.env[variable(facts)]}"`]],
  [5, ({ folders }) => !folders() && ['off', 'there is no home folder']],
  [5, ({ foreign }) => foreign() && ['off', 'the state folder belongs to another user']],
  [
    6,
    ({ config, folders }) =>
      'problem' in config() && ['off', `${folders()?.config}: ${(config() as ConfigProblem).problem}`],
  ],
  [
    7,
    facts =>
      !asked(facts) &&
      settings(facts).enabled === false && ['off', `enabled = false in ${facts.folders()?.config}`],
  ],
  [8, facts => !asked(facts) && isSet(facts.env.CI) && ['off', 'CI is set']],
  [4, facts => asked(facts) === 'local' && ['local', `${variable(facts)} is "local"`]],
  [9, facts => settings(facts).air_gapped && ['local', `air_gapped = true in ${facts.folders()?.config}`]],
  [10, facts => endpointOf(facts).url === undefined && ['off', noEndpoint(facts)]],
  [4, facts => asked(facts) && ['on', `${variable(facts)} is "${facts.env[variable(facts)]}"`]],
  [11, facts => settings(facts).enabled && ['on', `enabled = true in ${facts.folders()?.config}`]],
  [12, ({ consent }) => consent === 'explicit' && ['off', 'consent has not been given']],
  [
    13,
    ({ noticeSeen, showNotice }) =>
      !noticeSeen() && [
        'off',
        showNotice() ? 'the notice was shown in this run' : 'the notice has not been shown yet',
      ],
  ],
  [14, () => ['on', 'the notice was shown']],
]

const words: Readonly<Record<string, Mode>> = {
  ...{ off: 'off', 0: 'off', false: 'off', no: 'off' },
  ...{ on: 'on', 1: 'on', true: 'on', yes: 'on' },
  ...{ local: 'local', log: 'log' },
}

const variable = ({ prefix }: Facts): string => `${prefix}_TELEMETRY`

/** What the tool's own variable asks for. Any value that is not understood means off. */
function asked(facts: Facts): Mode | undefined {
  const value = facts.env[variable(facts)]?.trim().toLowerCase()
  // Own words only: "constructor" is in every object.
  return value === undefined ? undefined : Object.hasOwn(words, value) ? words[value] : 'off'
}

/** How `DO_NOT_TRACK` and `CI` are read: set to anything but empty, `0` and `false`. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && !/^(|0|false)$/i.test(value.trim())
}

/** The config where it is valid, an empty one where it is not: then rule 6 has answered. */
export function settings(facts: Facts): Config {
  const config = facts.config()
  return 'problem' in config ? {} : config
}

/** Which endpoint is in force and who set it; `url` is undefined where it is not one. */
export function endpointOf(facts: Facts): {
  endpoint: string | undefined
  url: string | undefined
  source: string
} {
  const name = `${variable(facts)}_ENDPOINT`
  const [endpoint, source] = facts.env[name]
    ? [facts.env[name], name]
    : settings(facts).endpoint !== undefined
      ? [settings(facts).endpoint, `${facts.folders()?.config}`]
      : [facts.endpoint, 'the tool']
  return { endpoint, url: metricsUrl(endpoint ?? ''), source }
}

function noEndpoint(facts: Facts): string {
  const { endpoint, source } = endpointOf(facts)
  return endpoint
    ? `the endpoint of ${source} is not an http(s) URL without user name and password`
    : 'there is no endpoint'
}

/** Decides by the table above. Reads what the facts read, writes nothing but the notice, never throws. */
export function decide(facts: Facts): Decision {
  const { rule, mode, reason } = rulings(facts).next().value!
  const explicit = mode !== 'off' && rule !== 14
  // `log` prints what `on` would send. Where that is nothing, it counts nothing either.
  return { mode: wantsLog(facts) ? (mode === 'on' ? 'log' : 'off') : mode, rule, reason, explicit }
}

/** The user asked for `log` mode: what is not counted or sent is to be explained on stderr. */
export function wantsLog(facts: Facts): boolean {
  return !lacking('env') && asked(facts) === 'log'
}

/**
 * The ruling that decides, then, for `status`, the one that would decide if what made the first were not there, and so
 * on. Ends with row 12, 13 or 14, of which one always answers.
 */
export function* rulings(facts: Facts): Generator<Ruling, undefined> {
  const passed = new Set<number>()
  for (let rule = 0; rule < 12; passed.add(rule)) {
    const ruling = firstRuling(passed.has(4) ? withoutVariable(facts) : facts, passed)
    yield ruling
    if (facts.denied) return
    rule = ruling.rule
  }
}

function firstRuling(facts: Facts, passed: Set<number>): Ruling {
  for (const [rule, judge] of rules) {
    if (passed.has(rule)) continue
    try {
      const verdict = judge(facts)
      if (verdict) return { rule, mode: verdict[0], reason: verdict[1] }
    } catch (error) {
      // A state folder that cannot be entered, a notice mark that is a folder: what is not known means off.
      return { rule, mode: 'off', reason: (error as Error).message }
    }
  }
  throw new Error('row 14 always answers')
}

function withoutVariable(facts: Facts): Facts {
  return { ...facts, env: { ...facts.env, [variable(facts)]: undefined } }
}
