import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, ConfigProblem } from '../core/decide/config.ts'
import {
  type Decision,
  decide,
  endpointOf,
  type Facts,
  type Ruling,
  rulings,
} from '../core/decide/decision.ts'
import { factsOf } from '../core/decide/facts.ts'
import type { Environment, Folders } from '../core/decide/folders.ts'
import { noticeShown } from '../core/decide/notice.ts'
import { chooseRoute, type Route } from '../core/deliver/route.ts'
import { readFingerprint } from '../core/tally/fingerprint.ts'
import type { Tool } from '../core/telemetry.ts'
import { type StoredStream, storedStreams } from './storage.ts'

/** All that can be known of a tool's telemetry without changing anything. */
export interface Inspection {
  facts: Facts
  decision: Decision
  /** What would decide next, and next after that, if what made the rulings before were not there. */
  otherwise: Ruling[]
  endpoint: ReturnType<typeof endpointOf>
  folders: Folders | undefined
  config: Config | ConfigProblem
  fingerprint: string | undefined
  /** The version of the notice that was shown, 0 for none, and when. */
  notice: { version: number; shown?: Date }
  streams: StoredStream[]
  delivery: Route
  /** What stood in the way of reading the state, a sentence each. */
  problems: string[]
}

/** The facts as a command would find them, but nothing is shown and no file is made. */
export function quietFacts({ options, problems }: Tool, env: Environment): Facts {
  return { ...factsOf(options, problems, env), showNotice: () => false }
}

/** Decides as a command would, and looks at what is stored. Never throws. */
export function inspect(tool: Tool, env: Environment): Inspection {
  const facts = quietFacts(tool, env)
  const folders = facts.folders()
  const problems = new Set<string>()
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read()
    } catch (error) {
      problems.add((error as Error).message)
      return otherwise
    }
  }
  const fingerprint = folders && attempt(() => readFingerprint(folders.state), undefined)
  return {
    facts,
    decision: decide(facts),
    otherwise: [...rulings(facts)].slice(1),
    endpoint: endpointOf(facts),
    folders,
    config: facts.config(),
    fingerprint,
    notice: (folders && attempt(() => noticeOf(folders), undefined)) ?? { version: 0 },
    streams: folders ? attempt(() => storedStreams(tool.options, folders.state, fingerprint), []) : [],
    delivery: chooseRoute(tool.options.delivery),
    problems: [...problems],
  }
}

function noticeOf({ state }: Folders): Inspection['notice'] {
  const version = noticeShown(state)
  return version ? { version, shown: statSync(join(state, 'notice')).mtime } : { version }
}
