import { supported } from '../node.ts'
import { homeProblem, optionProblems, type TelemetryOptions } from '../options.ts'
import { readConfig } from './config.ts'
import type { Facts } from './decide.ts'
import { foldersOf, NO_HOME, stateProblem } from './folders.ts'
import { environmentPrefix, noticeSeen, showNotice } from './notice.ts'
import { forbidden, lacking } from './permissions.ts'

/** Facts about the process that the caller passes in. */
export interface Situation extends Pick<Facts, 'env' | 'disabled'> {
  /** False where nothing may be shown or written: another tool of this process has shown its notice, or a person looks. */
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
    noticeSeen: notice => noticeSeen(folders()!.state, notice, mayShow),
    showNotice: notice => mayShow && showNotice(options, folders()!, notice),
  }
}

function once<T>(ask: () => T): () => T {
  let answer: { value: T } | undefined
  return () => (answer ??= { value: ask() }).value
}
