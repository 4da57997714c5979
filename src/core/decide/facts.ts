import { supported } from '../node.ts'
import { homeProblem, optionProblems, type TelemetryOptions } from '../options.ts'
import { readConfig } from './config.ts'
import type { Facts } from './decide.ts'
import { type Environment, foldersOf, NO_HOME, stateProblem } from './folders.ts'
import { environmentPrefix, markNotice, noticeSeen, showNotice } from './notice.ts'
import { forbidden, lacking } from './permissions.ts'

/** Facts about the process that the caller passes in. */
export interface Situation {
  env: Environment
  disabled: boolean | string
  /** False where another tool of this process has shown its notice: one is enough for a run. */
  mayShow: boolean
}

/** What the decision about this tool depends on. Files are looked at when a row asks for them, each once. */
export function factsOf(options: TelemetryOptions, { env, disabled, mayShow }: Situation): Facts {
  const problems = once(() => optionProblems(options))
  const folders = once(() =>
    homeProblem(problems()) ? undefined : foldersOf(options.name, options.home, env),
  )
  const denied = supported
    ? lacking('env', 'read', 'write', 'sys', 'net')
    : `this runtime (${process.version}) lacks process.getBuiltinModule, which came with Node 20.16 and 22.3`
  return {
    options,
    prefix: environmentPrefix(`${options.name}`),
    env,
    denied,
    disabled,
    problems,
    folders,
    stateProblem: once(() => {
      const known = folders()
      return known ? (stateProblem(known) ?? forbidden(known.state)) : NO_HOME
    }),
    config: once(() => readConfig(folders()!.config)),
    noticeSeen(notice) {
      const { state } = folders()!
      const seen = noticeSeen(state, notice)
      if (seen === 'unbound') bind(() => markNotice(state, notice))
      return seen !== undefined
    },
    showNotice: notice => mayShow && showNotice(options, folders()!.state, notice, folders()!.config),
  }
}

/** Version 0.1 wrote marks without tool and host. The first tool that finds one adds its own. */
function bind(mark: () => void): void {
  try {
    mark()
  } catch {
    // where it cannot be written it stays as it is
  }
}

function once<T>(ask: () => T): () => T {
  let answer: { value: T } | undefined
  return () => (answer ??= { value: ask() }).value
}
