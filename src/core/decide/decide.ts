import { agentIn } from '../agent.ts'
import { supported } from '../node.ts'
import { homeProblem, type OptionProblem, optionProblems } from '../option-problems.ts'
import type { TelemetryOptions } from '../options.ts'
import { forbidden, lacking } from '../permissions.ts'
import { type Config, type ConfigProblem, isProblem, readConfig } from './config.ts'
import { type Agreements, covers, noticePath, readAnswers } from './consent.ts'
import {
  ciVariable,
  environmentPrefix,
  HELPER_VARIABLE,
  isSet,
  type Mode,
  modeFrom,
  optOutIn,
  testVariable,
  unreadVariable,
} from './environment.ts'
import { answerFiles, type Environment, type Folders, foldersOf, stateProblem } from './folders.ts'
import { type ChosenEndpoint, endpointOf, type Target, targetOf } from './target.ts'

/** All that a decision depends on, except files. */
export interface Situation {
  options: TelemetryOptions
  env: Environment
  disabled: boolean | string
  /** Rows that are skipped: `status` asks what the decision would be without them. */
  without?: ReadonlySet<number>
  /** Shows the notice; false where it could not. Absent where nothing may be shown. */
  show?: (folders: Folders, target: Target, seen: Agreements, agreed: Agreements) => boolean
}

/** What a row found, for a sentence: the name of a variable, a file, or a problem with one. */
export interface Cause {
  variable?: string
  /** The value of that variable, if it is not understood. */
  value?: string
  /** The tool's own variable, if `variable` is most likely a misspelling of it. */
  meant?: string
  file?: string
  missing?: string
  options?: readonly OptionProblem[]
  config?: ConfigProblem
  endpoint?: ChosenEndpoint
  message?: string
}

export interface Decision {
  mode: Mode
  /** The row of the table in docs/decision.md that decided. */
  row: number
  cause?: Cause
  folders?: Folders
  target?: Target
}

/**
 * Decides by the table in docs/decision.md: all the noes first. Reads the environment and files, writes nothing but the
 * notice, never throws.
 */
export function decide(situation: Situation): Decision {
  try {
    return optOut(situation) ?? decideByFiles(situation)
  } catch (error) {
    // A state folder that cannot be entered, a device in place of a file: what is not known means off.
    return { mode: 'off', row: 5, cause: { message: (error as Error).message } }
  }
}

/** Rows 1 to 4, and of row 0 the runtime: what can be told from the environment alone. The cheapest way to be off. */
export function optOut({ options, env, disabled, without }: Situation): Decision | undefined {
  const off = (row: number, cause: Cause = {}): Decision => ({ mode: 'off', row, cause })
  const missing = supported ? lacking('env', 'read', 'write', 'sys', 'net') : 'process.getBuiltinModule'
  if (missing) return off(0, { missing })
  if (!without?.has(1) && env[HELPER_VARIABLE] !== undefined) return off(1)
  if (!without?.has(2) && disabled !== false) return off(2)
  if (!without?.has(3) && isSet(env.DO_NOT_TRACK)) return off(3, { variable: 'DO_NOT_TRACK' })
  const no = without?.has(4) ? undefined : optOutIn(env, environmentPrefix(`${options.name}`))
  return no && off(4, { ...no })
}

/** What rows 0 to 8 have read, where none of them decides. */
interface Known {
  folders: Folders
  config: Config
  /** What the user has said yes to. */
  agreed: Agreements
}

function decideByFiles(situation: Situation): Decision {
  const known = readFiles(situation)
  return 'mode' in known ? known : decideByTarget(situation, known)
}

/** Rows 0 and 5 to 8: the noes that are in files. */
function readFiles({ options, env, without }: Situation): Decision | Known {
  const applies = (row: number) => !without?.has(row)
  const problems = optionProblems(options)
  const folders = homeProblem(problems) ? undefined : foldersOf(options.name, options.home, env)
  const off = (row: number, cause: Cause): Decision => {
    return { mode: 'off', row, cause, ...(folders && { folders }) }
  }
  if (problems.length) return off(0, { options: problems })
  if (!folders) return off(5, { message: 'no home' })
  const missing = forbidden(folders.stateFolder)
  if (missing) return off(0, { missing })
  const foreign = applies(5) && stateProblem(folders)
  if (foreign) return off(5, { message: foreign })

  const file = folders.config
  const read = readConfig(file)
  const row = isProblem(read) && read.why === 'foreign' ? 5 : 6
  if (isProblem(read) && applies(row)) return off(row, { file, config: read })
  const config: Config = isProblem(read) ? {} : read
  if (applies(7)) {
    if (config.enabled === false) return off(7, { file })
    for (const file of folders.machine) {
      // Of this file only a no counts, and a file that cannot be read may hold one.
      const machine = readConfig(file, false)
      if (isProblem(machine)) return off(7, { file, config: machine })
      if (machine.enabled === false) return off(7, { file })
    }
  }
  const answers = answerFiles(folders).map(file => ({ file, ...readAnswers(file) }))
  const no = answers.find(({ no, unreadable }) => no !== undefined || unreadable !== undefined)
  if (no && applies(8)) return off(8, { file: no.file, ...(no.unreadable && { message: no.unreadable }) })
  return { folders, config, agreed: answers[0]!.agreed }
}

/** Rows 9 to 19, where neither the environment nor a file says no. */
function decideByTarget(
  { options, env, without, show }: Situation,
  { folders, config, agreed }: Known,
): Decision {
  const applies = (row: number) => !without?.has(row)
  const variable = `${environmentPrefix(options.name)}_TELEMETRY`
  const asked = applies(4) ? modeFrom(env[variable]) : undefined
  if (applies(9)) {
    if (asked === 'local') return { mode: 'local', row: 9, cause: { variable }, folders }
    if (config.air_gapped) return { mode: 'local', row: 9, cause: { file: folders.config }, folders }
  }
  const endpoint = endpointOf(options, env, config)
  const target = targetOf(options, config, endpoint)
  if (!target) return { mode: 'off', row: 10, cause: { endpoint }, folders }
  const end = (mode: Mode, row: number, cause: Cause = {}): Decision => {
    return { mode, row, cause, folders, target }
  }
  if (asked === 'log') return end('log', 11, { variable })

  const { local, trusted } = target
  const test = applies(12) && !local && asked !== 'on' ? testVariable(env) : undefined
  if (test) return end('off', 12, { variable: test })
  if (applies(13) && (trusted || local)) {
    if (asked === 'on') return end('on', 13, { variable })
    if (config.enabled) return end('on', 13, { file: folders.config })
  }
  const ci = applies(14) ? ciVariable(env) : undefined
  if (ci) return end('off', 14, { variable: ci })
  if (covers(agreed, target)) return end('on', 15)
  if (applies(16) && options.consent === 'explicit') return end('off', 16)
  const { agreed: seen } = readAnswers(noticePath(folders.stateFolder))
  if (covers(seen, target)) return end('on', 17)
  // If `asked` is still `on` here, neither the tool nor the config names the endpoint. That is no yes (row 13), but the
  // notice may be shown.
  const unread = unreadVariable(env) ?? agentIn(env)?.variable
  if (unread) return end('off', 18, { variable: unread })
  return end('off', show?.(folders, target, seen, agreed) ? 19 : 18)
}
