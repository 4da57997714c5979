import { homeProblem, type TelemetryOptions } from '../options.ts'
import { readConfig } from './config.ts'
import { endpointOf, type Facts } from './decision.ts'
import { type Environment, type Folders, foldersOf, ownedByAnother } from './folders.ts'
import { noticeShown, noticeText, showNotice } from './notice.ts'
import { lacking } from './permissions.ts'

/** `TRIX` for the tool `trix`, `MY_TOOL` for `my-tool`: the beginning of its environment variables. */
export function environmentPrefix(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

/** What the decision about this tool depends on. Files are looked at when a rule asks for them, each once. */
export function factsOf(options: TelemetryOptions, problems: readonly string[], env: Environment): Facts {
  const denied = lacking('env', 'read', 'write', 'sys', 'net')
  const folders = once(() =>
    denied || homeProblem(problems) ? undefined : foldersOf(options.name, options.home, env),
  )
  const ifKnown = <T>(ask: (known: Folders) => T, otherwise: T) => {
    const known = folders()
    return known ? ask(known) : otherwise
  }
  const version = options.noticeVersion ?? 1
  const notice = (columns: number | undefined) =>
    options.notice ?? noticeText(options.name, `${endpointOf(facts).endpoint}`, columns)
  const facts: Facts = {
    prefix: environmentPrefix(options.name),
    env,
    problems,
    denied,
    disabled: options.disabled ?? false,
    consent: options.consent ?? 'notice',
    endpoint: options.endpoint,
    folders,
    foreign: () => ifKnown(({ state }) => ownedByAnother(state), true),
    config: once(() => ifKnown(({ config }) => readConfig(config), {})),
    noticeSeen: () => ifKnown(({ state }) => noticeShown(state) >= version, false),
    showNotice: () => ifKnown(({ state }) => showNotice(state, version, notice), false),
  }
  return facts
}

function once<T>(ask: () => T): () => T {
  let answer: { value: T } | undefined
  return () => (answer ??= { value: ask() }).value
}
