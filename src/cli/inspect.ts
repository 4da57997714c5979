import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, ConfigProblem } from '../core/decide/config.ts'
import { type Endpoint, endpointOf, type Facts, headersOf, settingsOf } from '../core/decide/decide.ts'
import { factsOf } from '../core/decide/facts.ts'
import type { Environment, Folders } from '../core/decide/folders.ts'
import { marksIn } from '../core/decide/notice.ts'
import { chooseRoute, type Route } from '../core/deliver/route.ts'
import { type Fingerprint, readFingerprint } from '../core/tally/fingerprint.ts'
import type { Tool } from '../core/tool.ts'
import { type Ruling, rulingsOf } from './otherwise.ts'
import { type StoredStream, storedStreams } from './storage.ts'

/** All that can be known of a tool's telemetry without changing anything. */
export interface Inspection {
  facts: Facts
  decision: Ruling
  /** The rulings that would follow if the earlier ones did not apply. */
  otherwise: Ruling[]
  endpoint: Endpoint
  /** The names of the headers that go to the endpoint. */
  headers: string[]
  folders: Folders | undefined
  config: Config | ConfigProblem
  fingerprint: Pick<Fingerprint, 'fingerprint' | 'state'> | undefined
  /** The file of the fingerprint holds none. The next run sets it aside, and makes a new one. */
  damaged: boolean
  /** The version of the notice that was shown, 0 for none, and when. */
  notice: { version: number; shown?: Date }
  streams: StoredStream[]
  /** Undefined where nothing can be sent at all. */
  delivery: Route | undefined
  /** Problems with reading the state, one sentence per problem. */
  problems: string[]
}

/** The facts as a command would find them, but nothing is shown and nothing is written. */
export function quietFacts({ options, disabled }: Tool, env: Environment): Facts {
  return factsOf(options, { env, disabled, mayShow: false })
}

/** Decides as a command would, and looks at what is stored. Never throws. */
export function inspect(tool: Tool, env: Environment): Inspection {
  const facts = quietFacts(tool, env)
  const [decision, ...otherwise] = rulingsOf(facts) as [Ruling, ...Ruling[]]
  // Without permission, or without what the library needs of the runtime, nothing may be looked at.
  if (facts.denied)
    return {
      ...{ facts, decision, otherwise, endpoint: endpointOf(facts, {}), headers: [], folders: undefined },
      ...{
        config: {},
        fingerprint: undefined,
        damaged: false,
        notice: { version: 0 },
        streams: [],
        problems: [],
      },
      delivery: undefined,
    }
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
  const stored = folders && attempt(() => readFingerprint(folders.state, Date.now()), undefined)
  const damaged = stored?.state === 'damaged'
  const fingerprint = damaged ? undefined : stored
  const config = folders ? facts.config() : {}
  const endpoint = endpointOf(facts, settingsOf({ ...facts, config: () => config }))
  const settings = 'problem' in config ? {} : config
  return {
    ...{ facts, decision, otherwise, endpoint, folders, config, fingerprint },
    damaged,
    headers: Object.keys(headersOf(facts, settings, endpoint.source)),
    notice: (folders && attempt(() => noticeOf(folders, tool.options.name), undefined)) ?? { version: 0 },
    streams: folders
      ? attempt(() => storedStreams(tool.options, folders.state, fingerprint?.fingerprint), [])
      : [],
    delivery: chooseRoute(tool.options.delivery),
    problems: [...problems],
  }
}

function noticeOf({ state }: Folders, name: string): Inspection['notice'] {
  const versions = marksIn(state).filter(([, tool]) => tool === undefined || tool === name)
  const version = Math.max(0, ...versions.map(([version]) => Number(version)))
  return version ? { version, shown: statSync(join(state, 'notice')).mtime } : { version }
}

/** Who set the endpoint, as a user can find it: a variable, a file, or the tool. */
export function setBy({ facts, endpoint, folders }: Inspection): string {
  const { source } = endpoint
  if (source === 'environment') return `${facts.prefix}_TELEMETRY_ENDPOINT`
  return source === 'config' ? `${folders?.config}` : 'the tool'
}
