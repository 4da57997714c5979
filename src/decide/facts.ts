import { homeProblem, type TelemetryOptions } from '../options.ts'
import { readConfig } from './config.ts'
import { endpointOf, type Facts } from './decision.ts'
import { type Environment, foldersOf, ownedByAnother } from './folders.ts'
import { noticeShown, noticeText, showNotice } from './notice.ts'

/** `TRIX` for the tool `trix`, `MY_TOOL` for `my-tool`: the beginning of its environment variables. */
export function environmentPrefix(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

/** What the decision about this tool depends on. Files are looked at when a rule asks for them, each once. */
export function factsOf(options: TelemetryOptions, problems: readonly string[], env: Environment): Facts {
  const folders = homeProblem(problems) ? undefined : foldersOf(options.name, options.home, env)
  const version = options.noticeVersion ?? 1
  const facts: Facts = {
    prefix: environmentPrefix(options.name),
    env,
    problems,
    disabled: options.disabled ?? false,
    consent: options.consent ?? 'notice',
    endpoint: options.endpoint,
    folders,
    foreign: () => !folders || ownedByAnother(folders.state),
    config: once(() => (folders ? readConfig(folders.config) : {})),
    noticeSeen: () => folders !== undefined && noticeShown(folders.state) >= version,
    showNotice: () =>
      folders !== undefined &&
      showNotice(
        folders.state,
        version,
        columns => options.notice ?? noticeText(options.name, `${endpointOf(facts).endpoint}`, columns),
      ),
  }
  return facts
}

function once<T>(ask: () => T): () => T {
  let answer: { value: T } | undefined
  return () => (answer ??= { value: ask() }).value
}
