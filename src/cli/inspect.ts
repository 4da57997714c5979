import { type Config, type ConfigProblem, isProblem, readConfig } from '../core/decide/config.ts'
import { type Answers, consentPath, noticePath, readAnswers } from '../core/decide/consent.ts'
import { parseEndpoint } from '../core/decide/endpoint.ts'
import { environmentPrefix } from '../core/decide/environment.ts'
import type { Folders } from '../core/decide/folders.ts'
import { type ChosenEndpoint, endpointOf, type Target, targetOf } from '../core/decide/target.ts'
import { chooseRoute, type Route } from '../core/deliver/route.ts'
import { shared } from '../core/global.ts'
import { type Fingerprint, readFingerprint } from '../core/log/fingerprint.ts'
import { endpointHash } from '../core/log/name.ts'
import { type OptionProblem, optionProblems } from '../core/option-problems.ts'
import { plural } from '../terminal/plural.ts'
import { type Context, foldersIn } from './context.ts'
import { type Ruling, rulingsOf } from './counterfactuals.ts'
import { currentLog, type StoredLog, storedLogs } from './logs.ts'
import { storeProblem } from './write-problem.ts'

/** The state of a tool's telemetry. */
export interface Inspection {
  decision: Ruling
  /** What would be decided without the cause of `decision`, then without that cause too, and so on. */
  counterfactuals: Ruling[]
  optionProblems: OptionProblem[]
  folders: Folders | undefined
  config: Config | ConfigProblem
  endpoint: ChosenEndpoint
  /** Undefined if the endpoint is not a URL, or an option is not valid. */
  target: Target | undefined
  /** The URLs that the tool, the config or the environment names, by the hash of `StoredLog.endpoint`. */
  urls: ReadonlyMap<string, string>
  /** The user's answer. */
  answers: Answers
  /** The notices that were shown. */
  notice: Answers
  fingerprint: Fingerprint | undefined
  /** Undefined if this runtime can send nothing. */
  route: Route | undefined
  logs: StoredLog[]
  /** Why `logs` cannot be read. */
  unreadable: string | undefined
  /** What is wrong with the stored files, the state folder or the calls of the tool, as sentences. */
  problems: string[]
}

const NO_ANSWER: Answers = { agreed: {} }

/** Decides as a command would, and reads what is stored. Changes nothing, never throws. */
export function inspect(context: Pick<Context, 'tool' | 'env'>): Inspection {
  const { tool, env } = context
  const { options } = tool
  const [decision, ...counterfactuals] = rulingsOf(context)
  const problems = new Set<string>()
  const wrong = optionProblems(options)
  // Without a permission, or in an old runtime, files cannot be read.
  const folders = decision.cause?.missing ? undefined : foldersIn(context)
  const config = folders ? readConfig(folders.config) : {}
  const settings = isProblem(config) ? {} : config
  const endpoint = endpointOf(options, env, settings)
  const target = wrong.length ? undefined : targetOf(options, settings, endpoint)
  const urls = wrong.length
    ? []
    : [endpoint.endpoint, settings.endpoint, options.endpoint].flatMap(
        text => parseEndpoint(text ?? '')?.url ?? [],
      )
  const { stateFolder } = folders ?? {}
  const current =
    stateFolder === undefined || wrong.length
      ? []
      : [target?.url, undefined].map(url => currentLog(stateFolder, options, url))
  let fingerprint: Fingerprint | undefined
  try {
    if (stateFolder !== undefined) fingerprint = readFingerprint(stateFolder, Date.now())
  } catch (error) {
    problems.add(`the fingerprint cannot be read: ${(error as Error).message}`)
  }
  let unreadable: string | undefined
  let logs: StoredLog[] = []
  try {
    if (stateFolder !== undefined) logs = storedLogs(stateFolder, current)
  } catch (error) {
    problems.add((unreadable = (error as Error).message))
  }
  const unstored = stateFolder !== undefined && decision.row !== 5 ? storeProblem(stateFolder) : undefined
  if (unstored) problems.add(unstored)
  const { early } = shared()
  if (early)
    problems.add(
      `${plural(early, 'call')} came before ${options.name} had set up its telemetry, and counted nothing`,
    )
  return {
    ...{ decision, counterfactuals, optionProblems: wrong, folders, config },
    ...{ endpoint, target, fingerprint, logs, unreadable },
    urls: new Map(urls.map(url => [endpointHash(url), url])),
    answers: stateFolder === undefined ? NO_ANSWER : readAnswers(consentPath(stateFolder)),
    notice: stateFolder === undefined ? NO_ANSWER : readAnswers(noticePath(stateFolder)),
    route: decision.cause?.missing ? undefined : chooseRoute(options.delivery),
    problems: [...problems],
  }
}

/** What sets the endpoint: a variable, a file, or the tool. */
export function setBy({ endpoint, folders }: Inspection, name: string): string {
  if (endpoint.source === 'environment') return `${environmentPrefix(name)}_TELEMETRY_ENDPOINT`
  return endpoint.source === 'config' ? `${folders?.config}` : 'the tool'
}

/** The log to which commands append for the endpoint in effect; undefined if there is none yet. */
export function ownLog({ logs }: Inspection): StoredLog | undefined {
  return logs.find(({ current, local }) => current && !local)
}
