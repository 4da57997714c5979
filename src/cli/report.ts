import { type Config, type ConfigProblem, readConfig } from '../decide/config.ts'
import { type Decision, decide, endpointOf } from '../decide/decision.ts'
import { factsOf } from '../decide/facts.ts'
import { type Environment, type Folders, foldersOf } from '../decide/folders.ts'
import { noticeShown } from '../decide/notice.ts'
import { chooseRoute, type Route } from '../deliver/route.ts'
import { findInstallation } from '../tally/installation.ts'
import type { Tallied } from '../tally/stream.ts'
import type { Tool } from '../telemetry.ts'

/** All that can be known of a tool's telemetry without changing anything. */
export interface Report {
  name: string
  version: string
  decision: Decision
  endpoint: ReturnType<typeof endpointOf>
  folders: Folders | undefined
  config: Config | ConfigProblem
  fingerprint: string | undefined
  /** Of the stream of this version. */
  instance: string | undefined
  tallied: Tallied[]
  /** The version of the notice that was shown, 0 for none. */
  notice: number
  delivery: Route
  /** What stood in the way of reading the state, a sentence each. */
  problems: string[]
}

/** Decides as a command would, but shows no notice and makes no file. Never throws. */
export function report({ options, problems }: Tool, env: Environment): Report {
  const folders = problems.length ? undefined : foldersOf(options.name, options.home, env)
  const facts = { ...factsOf(options, problems, env, folders), showNotice: () => false }
  const unreadable: string[] = []
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read()
    } catch (error) {
      unreadable.push((error as Error).message)
      return otherwise
    }
  }
  const { fingerprint, stream } = folders ? attempt(() => findInstallation(options, folders.state), {}) : {}
  return {
    name: options.name,
    version: options.version,
    decision: decide(facts),
    endpoint: endpointOf(facts),
    folders,
    config: folders ? readConfig(folders.config) : {},
    fingerprint,
    instance: stream?.instance,
    tallied: stream ? attempt(() => stream.read(Date.now()), []) : [],
    notice: folders ? attempt(() => noticeShown(folders.state), 0) : 0,
    delivery: chooseRoute(options.delivery),
    problems: [...new Set(unreadable)],
  }
}
