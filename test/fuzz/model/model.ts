import type { Arrival } from './consumers.ts'
import { type Disk, emptyDisk, hash, synced } from './disk.ts'
import { ENDED, happenings, withFingerprint } from './happenings.ts'
import type { Library } from './library.ts'
import { type Part, partsOf } from './parts.ts'
import { type Fate, goOn, type Process, type Progress } from './process.ts'
import { type Answer, count, programOf, runAlone } from './programs.ts'
import {
  CLOCK,
  type Command,
  Counterexample,
  type Event,
  HOME,
  LIFE_MS,
  nameOf,
  type Scenario,
} from './scenario.ts'

/** Commands and helpers that run the code of the library on one disk, in any order, and the fate of their requests. */
export interface Model {
  library: Library
  scenario: Scenario
  /** What was computed once. */
  known: {
    runs: Map<string, Progress>
    bodies: Map<string, Part[]>
    healthy: Map<number, Healthy>
    ends: Set<number>
  }
  /** How many ends were checked, and in how many of them all counts must have arrived. */
  checked: { ends: number; exact: number }
}

/** What healthy commands deliver in the end, and what is left in the logs. */
export interface Healthy {
  arrivals: Arrival[]
  commands: Command[]
  left: ReadonlyMap<string, number>
}

export function modelOf(library: Library, scenario: Scenario): Model {
  const known = { runs: new Map(), bodies: new Map(), healthy: new Map(), ends: new Set<number>() }
  return { library, scenario, known, checked: { ends: 0, exact: 0 } }
}

export interface State {
  disk: Disk
  clock: number
  /** Of each command, and of `disable`. */
  runners: readonly Runner[]
  messages: readonly Message[]
  /** The messages that were stored, in this order. */
  arrivals: readonly number[]
  /** How many marks were ever stored, by name. */
  marked: Readonly<Record<string, number>>
  /** How often each event may still happen, and how many ticks have passed. */
  budget: Readonly<Partial<Record<Event, number>>>
  ticks: number
  /** A claim was open at a power cut. */
  cutClaim: boolean
}

export interface Runner {
  phase: 'new' | 'running' | 'ended'
  process: Process | undefined
  /** When it has made a claim that may be open. */
  claimed: number | undefined
  /** The disk and the time at which it began to wait. */
  seen: number
}

export interface Message {
  by: number
  url: string
  body: string
  state: 'under way' | 'stored' | 'late' | 'gone'
}

/** What may happen next. */
export interface Act {
  name: string
  /** How likely it is in a walk. */
  weight: number
  take(): State
}

export function initial({ library, scenario }: Model): State {
  const { delivered = [], before = [], commands, budget = {}, prepare = disk => disk, disable } = scenario
  let disk = withFingerprint(emptyDisk, 'f'.repeat(64))
  const messages: Message[] = []
  for (const [index, command] of [...delivered, ...before].entries()) {
    const around = { disk, now: CLOCK - (command.ago ?? 60_000), id: 100 + index }
    if (index < delivered.length) {
      const done = runAlone(library, scenario, command, around)
      disk = done.disk
      messages.push(...done.sent.map(one => ({ ...one, by: -1, state: 'stored' as const })))
    } else ({ disk } = goOn(undefined, () => count(library, scenario, command), { ...around, free: true }))
  }
  const fresh: Runner = { ...ENDED, phase: 'new' }
  return {
    ...{ disk: synced(prepare(disk)), clock: CLOCK, budget, ticks: 0, cutClaim: false },
    runners: [...commands, ...(disable ? ['disable'] : [])].map(() => fresh),
    ...{ messages, arrivals: messages.map((_, index) => index) },
    marked: withMarks({}, [...delivered, ...before]),
  }
}

export function withMarks(marked: State['marked'], commands: readonly Command[]): State['marked'] {
  const sums = { ...marked }
  for (const command of commands) sums[nameOf(command)] = (sums[nameOf(command)] ?? 0) + 1
  return sums
}

/** Equal for states after which the same may happen. */
export function keyOf(state: State): number {
  const { disk, clock, runners, messages, arrivals, marked, budget, ticks, cutClaim } = state
  const running = runners.map(({ phase, process, seen }) => [phase[0], process?.key, seen])
  const sent = messages.map(({ by, body, state }) => [by, hash(body), state])
  const more = [Object.values(marked), Object.values(budget), ticks, cutClaim]
  return hash(JSON.stringify([disk.key, clock, running, sent, arrivals, more]))
}

export function* next(model: Model, state: State): Generator<Act> {
  for (const [index, { phase, process, seen }] of state.runners.entries()) {
    if (phase === 'ended') continue
    const act = (name: string, fate: Fate = {}, event?: Event): Act => ({
      name: `${model.scenario.commands[index] ? `P${index}` : 'disable'} ${name}`,
      weight: event && event !== 'unknown' ? 0.05 : 1,
      take: () => {
        const { budget } = state
        const after = run(model, state, index, fate)
        return event ? { ...after, budget: { ...budget, [event]: budget[event]! - 1 } } : after
      },
    })
    if (phase === 'new') {
      if (isFirst(model.scenario, state, index)) yield act('begins')
      continue
    }
    const { name } = process!.held!
    const { budget } = state
    const underWay = name === 'post' && isUnderWay(state, index)
    const answer = (what: string, why: string): Fate => ({ answer: { what, why } })
    const outcome = name !== 'post' ? {} : underWay ? answer('refused', '404') : answer('taken', '200')
    // A process that waits finds nothing new before something has changed.
    if (name !== 'wait' || seen !== seenAt(state))
      yield act(`${name} ${(outcome.answer as Answer)?.why ?? ''}`, outcome)
    if (name === 'post' && budget.unknown) yield act('has no answer', answer('unknown', 'timeout'), 'unknown')
    if (underWay && budget['413']) yield act('gets 413', answer('refused', '413'), '413')
    if (budget.exit && STEPS.includes(name)) {
      const lefts = name !== 'post' ? [false] : underWay ? [true, false] : [true]
      for (const left of lefts) yield act(`exits, ${left}`, { answer: { exit: true, left } }, 'exit')
    }
    // Where `disable` cannot write, it says so, and the user tries again.
    for (const trouble of model.scenario.commands[index] ? (['EIO', 'torn'] as const) : [])
      if (budget[trouble] && name !== 'wait' && !underWay)
        yield act(`${name}, then ${trouble}`, { ...outcome, trouble }, trouble)
  }
  yield* happenings(state, model.scenario)
}

/** The steps of the sender. */
const STEPS = ['pause', 'wait', 'sync', 'post']

/** Of equal commands the first one begins first. */
function isFirst({ commands }: Scenario, { runners }: State, index: number): boolean {
  const same = (other: Command) => JSON.stringify(other) === JSON.stringify(commands[index])
  return !commands.some((other, at) => at < index && runners[at]!.phase === 'new' && same(other))
}

function isUnderWay({ messages }: State, index: number): boolean {
  return messages.findLast(({ by }) => by === index)?.state === 'under way'
}

const seenAt = ({ disk, clock }: Pick<State, 'disk' | 'clock'>) => hash(`${disk.key} ${clock}`)

/** Runs one process to its next hold. */
function run(model: Model, state: State, index: number, fate: Fate): State {
  const { library, scenario, known } = model
  const { clock } = state
  const runner = state.runners[index]!
  const key = `${index} ${runner.process?.key} ${state.disk.key} ${clock} ${JSON.stringify(fate)}`
  let progress = known.runs.get(key)
  if (!progress) {
    if (known.runs.size > 300_000) known.runs.clear()
    const around = { disk: state.disk, now: clock, id: index, fate, slow: scenario.slow ?? false }
    progress = goOn(runner.process, programOf(library, scenario, index), around)
    known.runs.set(key, progress)
  }
  const { process, written, disk } = progress
  const { held } = process
  const command = scenario.commands[index]
  const marks = written.filter(isMark).flatMap(() => command ?? [])
  const claimed = !held || held.name === 'wait' ? undefined : written.some(isClaim) ? clock : runner.claimed
  const seen = held?.name === 'wait' ? seenAt({ disk, clock }) : 0
  const changed: Runner = held ? { process, phase: 'running', claimed, seen } : ENDED
  let { messages } = state
  if (runner.process?.held?.name === 'post') messages = withoutRefused(messages, index, fate.answer as Answer)
  if (held?.name === 'post') {
    const { url, body } = (held.args[0] as { request: { url: string; body: string } }).request
    messages = [...messages, { by: index, url, body, state: 'under way' }]
    checkRequest(model, disk, body)
    if (Math.abs(clock - claimed!) >= LIFE_MS) throw new Counterexample('a request after its claim was over')
  }
  const marked = marks.length ? withMarks(state.marked, marks) : state.marked
  return { ...state, disk, runners: state.runners.with(index, changed), messages, marked }
}

/** A mark, or a head and a mark. */
const isMark = (text: string) => /^\n(\{.*\n)?[a-z][^\n]* \d{13}$/.test(text)
const isClaim = (text: string) => text.startsWith('\n!send ')

/** A request that was certainly not stored is not stored later either. */
function withoutRefused(messages: State['messages'], index: number, answer: Answer): State['messages'] {
  if (answer?.what !== 'refused' && answer?.left !== false) return messages
  return messages.map(one =>
    one.by === index && one.state === 'under way' ? { ...one, state: 'gone' } : one,
  )
}

/** Checks a request at the moment when it leaves. */
function checkRequest(model: Model, disk: Disk, body: string): void {
  if (disk.names.has(`${HOME}/consent.json`)) throw new Counterexample('a request after the user has said no')
  const files = [...disk.names].map(([name, ino]) => ({ name, ...disk.files[ino]! }))
  for (const { id, fingerprint } of partsIn(model, body)) {
    const log = files.find(({ text }) => text.includes(`"id":"${id}"`))
    if (!log) throw new Counterexample('a request with marks that were cleared')
    if (!log.text.includes(`"fingerprint":"${fingerprint}"`)) throw new Counterexample('ids of two logs')
    if (!files.some(({ name, text }) => /fingerprint$/.test(name) && text.startsWith(fingerprint)))
      throw new Counterexample('a fingerprint that had ended')
  }
}

export function partsIn({ known }: Model, body: string): Part[] {
  let parts = known.bodies.get(body)
  if (!parts) known.bodies.set(body, (parts = partsOf(body)))
  return parts
}
