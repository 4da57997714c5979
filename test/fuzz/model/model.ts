import { WRITTEN } from '../../../src/core/version.ts'
import { type Arrival, consume, type Point } from './consumers.ts'
import {
  afterPowerCut,
  type Disk,
  emptyDisk,
  hash,
  isNamed,
  synced,
  withNames,
  withNew,
  withText,
} from './disk.ts'
import type { Library } from './library.ts'
import { partsOf } from './parts.ts'
import { atOnce, type Fate, fs, goOn, now, type Process, step } from './process.ts'

/**
 * Commands and their helpers, what they do to one disk in every order, and what becomes of their requests. The code of a
 * command and of its helper is the library's own, from `count` to the last line in a log.
 */
export interface Scenario {
  commands: readonly Command[]
  /** Marks that are there already, delivered by nobody. */
  before?: readonly Command[]
  /** How often each of these may happen. */
  budget?: Partial<Record<Event, number>>
  /** The times that may pass meanwhile, in ms, in this order. */
  ticks?: readonly number[]
  /** How often each waits while another process sends. */
  tries?: number
  /** The user says no, as `telemetry disable` does it, while commands run. */
  disable?: boolean
  /** The disk before all this. */
  prepare?: (disk: Disk) => Disk
  /** Where it is known what may be missing in the end. */
  mayMiss?: boolean
  /** When the last healthy commands run, in ms after all else: by then no helper lives, and no claim. */
  later?: number
  intervalMs?: number
  /** A command is not held between its calls, only its helper: for what would take too long otherwise. */
  marksAtOnce?: boolean
}

export type Event = 'unknown' | 'cut' | 'torn' | 'EIO' | 'clear' | 'aside' | 'exit' | 'copy' | 'damage'

export interface Command {
  series: string
  /** It starts no helper. */
  silent?: boolean
  endpoint?: string
  version?: string
  /** Before the beginning, in ms. */
  ago?: number
  /** The copied home. */
  home?: string
}

interface Runner {
  process: Process | undefined
  phase: 'new' | 'running' | 'ended'
  /** Its claim may be open. */
  claimed: number | undefined
  /** The disk and time at which it began to wait. */
  seen: number
  posts: number
}

interface Message {
  /** Of whom. */
  by: number
  body: string
  url: string
  state: 'under way' | 'stored' | 'late' | 'gone'
}

export interface State {
  disk: Disk
  clock: number
  runners: readonly Runner[]
  messages: readonly Message[]
  /** Of the messages that were stored, in this order. */
  arrivals: readonly number[]
  /** By endpoint and series: how many marks were ever stored. */
  marked: Readonly<Record<string, number>>
  budget: Readonly<Partial<Record<Event, number>>>
  ticks: number
  /** Something was claimed when a power cut came. */
  cutClaim: boolean
}

/** What may happen next. */
export interface Act {
  name: string
  weight: number
  then: () => State
}

export class Counterexample extends Error {}

export const HOME = '/s'
export const COPY = '/c'
export const FIRST = 'http://e'
export const CLOCK: number = WRITTEN + 100 * 86_400_000
const LIFE_MS = 3000
const TIMEOUT_MS = LIFE_MS - 1000

export class Model {
  readonly library: Library
  readonly scenario: Scenario
  /** What was found out once is not found out again. */
  private readonly parts = new Map<string, ReturnType<typeof goOn>>()
  private readonly healthy = new Map<number, ReturnType<Model['runHealthy']>>()
  private readonly ends = new Set<number>()
  private readonly points = new Map<string, Point[]>()
  /** How many ends were checked, and of how many it was certain that nothing may be missing. */
  readonly checked = { ends: 0, exact: 0 }

  constructor(library: Library, scenario: Scenario) {
    this.library = library
    this.scenario = scenario
  }

  initial(): State {
    const { before = [], commands, budget = {}, prepare = disk => disk, disable } = this.scenario
    let disk = withFingerprint(emptyDisk, HOME, 'f'.repeat(64))
    const marked: Record<string, number> = {}
    for (const [index, command] of before.entries()) {
      const program = () => this.count(command, index)
      const at = CLOCK - (command.ago ?? 60_000)
      disk = goOn(undefined, program, { disk, now: at, id: 100 + index, free: true }).disk
      const name = nameOf(command)
      marked[name] = (marked[name] ?? 0) + 1
    }
    const fresh: Runner = { process: undefined, phase: 'new', claimed: undefined, seen: 0, posts: 0 }
    return {
      ...{ disk: synced(prepare(disk)), clock: CLOCK, marked, budget, ticks: 0, cutClaim: false },
      ...{ runners: [...commands, ...(disable ? [commands[0]!] : [])].map(() => fresh) },
      ...{ messages: [], arrivals: [] },
    }
  }

  /** All that makes a state another one. */
  keyOf({ disk, clock, runners, messages, arrivals, marked, budget, ticks }: State): number {
    const running = runners.map(({ phase, process, seen }) => [phase[0], process?.key, seen])
    const sent = messages.map(({ by, body, state }) => [by, hash(body), state])
    return hash(
      JSON.stringify([disk.key, clock, running, sent, arrivals, Object.values(marked), budget, ticks]),
    )
  }

  *next(state: State): Generator<Act> {
    const { runners, messages, budget, ticks, clock, disk } = state
    const { commands, ticks: times = [], tries = 1 } = this.scenario
    for (const [index, runner] of runners.entries()) {
      const who = index === commands.length ? 'disable' : `P${index}`
      const { phase, process, seen } = runner
      if (phase === 'new') {
        // Of commands that are the same, the first one begins first.
        const same = (other: Command | undefined) =>
          JSON.stringify(other) === JSON.stringify(commands[index])
        const first = commands.findIndex((other, at) => same(other) && runners[at]!.phase === 'new')
        if (index < commands.length && first !== index) continue
        yield this.act(state, index, `${who} begins`)
      }
      if (phase !== 'running') continue
      const { name } = process!.held!
      if (name === 'wait') {
        // Nothing is new before something has changed.
        if (seen !== seenAt(state)) yield this.act(state, index, `${who} looks again`)
      } else if (name === 'post') {
        const outcomes = [this.isUnderWay(state, index) ? 'refused' : 'taken']
        if (budget.unknown) outcomes.push('unknown')
        for (const what of outcomes) yield this.act(state, index, `${who}: ${what}`, { answer: { what, why: '200' } })
      } else yield this.act(state, index, `${who}: ${name}`)
      if (budget.exit && ['pause', 'wait', 'sync', 'post'].includes(name))
        for (const left of name !== 'post' ? [false] : this.isUnderWay(state, index) ? [true, false] : [true])
          yield this.act(state, index, `${who} exits`, { answer: { exit: true, left } }, 'exit')
      for (const trouble of ['EIO', 'torn'] as const) {
        if (!budget[trouble] || name === 'wait') continue
        const answer = name === 'post' ? { what: 'taken', why: '200' } : undefined
        if (name === 'post' && this.isUnderWay(state, index)) continue
        yield this.act(state, index, `${who}: ${name}, then ${trouble}`, { answer, trouble }, trouble)
      }
    }
    for (const [index, message] of messages.entries()) {
      if (message.state !== 'under way') continue
      const sender = runners[message.by]!
      const inTime =
        sender.process?.held?.name === 'post' && Math.abs(clock - (sender.claimed ?? 0)) < LIFE_MS
      const stored: Message = { ...message, state: inTime ? 'stored' : 'late' }
      yield {
        ...{ name: `the server stores that of P${message.by}`, weight: 0.3 },
        then: () => ({
          ...state,
          messages: messages.with(index, stored),
          arrivals: [...state.arrivals, index],
        }),
      }
    }
    const spent = (event: Event, changed: Partial<State>, name: string = event): Act => ({
      ...{ name, weight: event === 'cut' ? 0.01 : 0.02 },
      then: () => ({ ...state, ...changed, budget: { ...budget, [event]: budget[event]! - 1 } }),
    })
    if (ticks < times.length)
      yield {
        ...{ name: `${times[ticks]} ms pass`, weight: 0.05 },
        then: () => ({ ...state, clock: clock + times[ticks]!, ticks: ticks + 1 }),
      }
    const logs = [...disk.names].filter(([name]) => name.startsWith(`${HOME}/v1/`))
    if (budget.clear && logs.length)
      yield spent('clear', { disk: withNames(disk, without(disk, logs)) })
    if (budget.aside)
      for (const [name, ino] of logs.filter(([name]) => name.endsWith('.log')).slice(0, 1)) {
        const names = without(disk, [[name]]).set(`${name}~aside${budget.aside}`, ino)
        yield spent('aside', { disk: withNames(disk, names) }, 'a command sets it aside')
      }
    if (budget.damage)
      for (const [, ino] of logs.slice(0, 1)) {
        // A mark that another machine has written over, of those that the last claim has seen.
        const { text } = disk.files[ino]!
        const marks = text.slice(0, text.lastIndexOf('\n!send ')).match(/\n[a-z][^\n]* \d{13}(?=\n|$)/g) ?? []
        const [, seen] = /\n!send \w+ (\d+) (?!.*\n!send )/s.exec(text) ?? []
        const record = marks[0]
        if (record && Number(seen) === marks.length)
          yield spent('damage', { disk: withText(disk, ino, text.replace(record, ' '.repeat(record.length)), clock) })
      }
    if (budget.copy) yield spent('copy', { disk: copied(disk, clock) }, 'the home is copied')
    if (budget.cut)
      for (let which = 0; which < 15; which++) {
        const cut = afterPowerCut(disk, which)
        if (which && cut.key === disk.key) continue
        const dead = runners.map(runner => (runner.phase === 'new' ? runner : ended(runner)))
        const cutClaim = runners.some(({ claimed }) => claimed !== undefined)
        yield spent('cut', { disk: cut, runners: dead, cutClaim }, `a power cut, ${which}`)
      }
  }

  private isUnderWay({ messages }: State, index: number): boolean {
    return messages.findLast(({ by }) => by === index)!.state === 'under way'
  }

  private act(state: State, index: number, name: string, fate: Fate = {}, event?: Event): Act {
    const then = () => {
      const { budget } = state
      const spends = event ?? (name.endsWith(': unknown') ? 'unknown' : undefined)
      const next = this.run(state, index, fate)
      return spends ? { ...next, budget: { ...budget, [spends]: budget[spends]! - 1 } } : next
    }
    return { name, weight: event ? 0.02 : 1, then }
  }

  /** One part of one process. */
  private run(state: State, index: number, fate: Fate): State {
    const { disk, clock, runners } = state
    const runner = runners[index]!
    const key = `${index} ${runner.process?.key} ${disk.key} ${clock} ${JSON.stringify(fate)}`
    let part = this.parts.get(key)
    if (!part) {
      if (this.parts.size > 300_000) this.parts.clear()
      part = goOn(runner.process, this.program(index), { disk, now: clock, id: index, fate })
      this.parts.set(key, part)
    }
    const { process, written } = part
    const { held } = process
    const { commands } = this.scenario
    let { messages, marked } = state
    let { posts } = runner
    for (const text of index < commands.length ? written : []) {
      if (!isMark(text)) continue
      const name = nameOf(commands[index]!)
      marked = { ...marked, [name]: (marked[name] ?? 0) + 1 }
    }
    // What was answered, or given up, comes no more where it was certain that it did not.
    if (runner.process?.held?.name === 'post') {
      const answer = fate.answer as { what?: string; left?: boolean } | undefined
      if (answer?.what === 'refused' || answer?.left === false)
        messages = messages.map(one => (one.by === index && one.state === 'under way' ? { ...one, state: 'gone' } : one))
    }
    if (held?.name === 'post') {
      const { url, body } = (held.args[0] as { request: { url: string; body: string } }).request
      messages = [...messages, { by: index, body, url, state: 'under way' }]
      posts++
      this.checkPost(part.disk, body, url)
    }
    const claims = written.some(text => text.startsWith('\n!send '))
    const claimed = !held || held.name === 'wait' ? undefined : claims ? clock : runner.claimed
    const changed: Runner = {
      ...{ process: held ? process : undefined, phase: held ? 'running' : 'ended', claimed, posts },
      seen: held?.name === 'wait' ? seenAt({ disk: part.disk, clock }) : 0,
    }
    return { ...state, disk: part.disk, runners: runners.with(index, changed), messages, marked }
  }

  private program(index: number): () => void {
    const { commands } = this.scenario
    if (index === commands.length) return () => this.disable()
    const command = commands[index]!
    return () => {
      const count = () => this.count(command, index)
      const job = this.scenario.marksAtOnce ? atOnce(count) : count()
      if (command.silent || !job) return
      // The helper is another process.
      step({ do: 'pause' })
      this.deliver(job)
    }
  }

  private count(command: Command, index: number) {
    const { endpoint = FIRST, version = '1.0.0', home = HOME, series } = command
    const options = { name: 'trix', version, endpoint, commands: [] }
    const target = { url: endpoint, headers: {}, timeoutMs: TIMEOUT_MS }
    const folders = { config: '', machine: [], state: home, fallback: `${home}-default` }
    const { intervalMs } = this.scenario
    const counter = this.library.counterFor(
      { ...options, ...(intervalMs && { intervalMs }) } as never,
      { mode: 'on', row: index, folders, target } as never,
    )
    counter.count({ metric: 'm', attributes: { k: series } }, now())
    return counter.job()
  }

  private deliver(job: Parameters<Library['send']>[0]): void {
    let waits = 0
    const { tries = 1 } = this.scenario
    const steps = this.library.send(job, { now, isPatient: () => waits < tries })
    let next = steps.next()
    while (!next.done) {
      const { value } = next
      if (value.do === 'wait') waits++
      let answer: unknown
      try {
        answer = step(value)
      } catch (error) {
        if ((error as { code?: string }).code !== 'EIO') throw error
        next = steps.throw(error)
        continue
      }
      const { exit, left } = (answer ?? {}) as { exit?: boolean; left?: boolean }
      if (exit) {
        if (value.do === 'post') value.request.left = left!
        next = steps.return()
      } else next = steps.next(answer as never)
    }
  }

  /** As the command does it: first the no, at both places, then all that could be sent. */
  private disable(): void {
    for (const folder of [HOME, `${HOME}-default`])
      this.library.writeAnswers(`${folder}/consent.json`, { no: CLOCK })
    fs.rmSync(`${HOME}/fingerprint`)
    for (const name of fs.readdirSync(`${HOME}/v1`)) fs.rmSync(`${HOME}/v1/${name}`)
  }

  /** What must be true of each request at the moment at which it leaves. */
  private checkPost(disk: Disk, body: string, url: string): void {
    if (disk.names.has(`${HOME}/consent.json`)) throw new Counterexample('a request after the user said no')
    for (const { id, fingerprint } of partsOf(body)) {
      const [path, ino] = [...disk.names].find(([, ino]) => disk.files[ino]!.text.includes(`"id":"${id}"`)) ?? []
      if (!path || !ino) throw new Counterexample('a request with marks that were cleared')
      if (!disk.files[ino]!.text.includes(`"fingerprint":"${fingerprint}"`)) throw new Counterexample('an id of another log')
      const own = [...disk.names].some(([name, ino]) => /fingerprint$/.test(name) && disk.files[ino]!.text.startsWith(fingerprint))
      if (!own) throw new Counterexample('a fingerprint that had ended')
    }
    if (!url) throw new Counterexample('no endpoint')
  }

  /** Throws a `Counterexample` where a state is not as it must be. `after`: the act that has led to it. */
  check(state: State): void {
    const { disk, clock, arrivals, messages, marked, runners } = state
    const stored = arrivals.map(index => this.arrivalOf(messages[index]!))
    this.neverMore(stored, marked, 'now')
    if (runners.every(({ phase }) => phase === 'ended') && this.scenario.disable) checkDisabled(disk)
    const under = messages.filter(one => one.state === 'under way')
    const key = hash(
      JSON.stringify([disk.key, clock, arrivals.map(i => hash(messages[i]!.body)), under.map(({ body }) => hash(body)), marked, state.budget.cut]),
    )
    if (this.ends.has(key)) return
    this.ends.add(key)
    this.checked.ends++
    this.checkEnd(state, stored, under)
  }

  /** All that run are killed. Later, healthy commands run, and then what was under way arrives after all. */
  private checkEnd(state: State, stored: Arrival[], under: Message[]): void {
    const { disk, clock, messages, budget, runners } = state
    const { scenario } = this
    let healthy = this.healthy.get(hash(`${disk.key} ${clock}`))
    if (!healthy) this.healthy.set(hash(`${disk.key} ${clock}`), (healthy = this.runHealthy(disk, clock)))
    const marked = { ...state.marked }
    for (const command of this.healthyCommands()) marked[nameOf(command)] = (marked[nameOf(command)] ?? 0) + 1
    const all = [...stored, ...healthy.arrivals]
    const sums = this.neverMore(all, marked, 'at the end')
    if (under.length) {
      const late = under.map(message => ({ ...this.arrivalOf(message), late: true }))
      this.neverMore([...all, ...late], marked, 'late')
    }
    const { budget: given = {} } = scenario
    const happened = (event: Event) => (given[event] ?? 0) !== (budget[event] ?? 0)
    if (scenario.disable || scenario.mayMiss || happened('clear') || happened('damage') || happened('copy')) return
    const certain =
      !state.cutClaim &&
      !runners.some(({ claimed }) => claimed !== undefined) &&
      !happened('unknown') && !happened('exit') && !happened('EIO') && !happened('torn') &&
      state.ticks === 0 && !messages.some(({ state }) => state === 'late')
    if (certain) this.checked.exact++
    for (const [name, all] of Object.entries(marked)) {
      if (!name.startsWith(FIRST)) continue
      // What a power cut has taken from the disk is lost; what was delivered before is not taken back.
      const count = happened('cut') ? (healthy.left.get(name) ?? 0) : all
      for (const [consumer, byName] of Object.entries(sums))
        if ((certain || consumer === 'max') && !((byName.get(name) ?? 0) >= count))
          throw new Counterexample(`${consumer}: only ${byName.get(name)} of ${count} ${name} at the end`)
    }
  }

  private healthyCommands(): Command[] {
    const homes = new Set(this.scenario.commands.map(({ home = HOME }) => home))
    return [...homes].flatMap(home => ['x', 'y'].map(series => ({ series, home })))
  }

  /** Commands in whose way nothing is: what they deliver, and what the logs hold then. */
  private runHealthy(disk: Disk, clock: number): { arrivals: Arrival[]; left: ReadonlyMap<string, number> } {
    const arrivals: Arrival[] = []
    let now = clock + (this.scenario.later ?? 600_000)
    for (const [index, command] of this.healthyCommands().entries()) {
      const program = () => {
        const job = this.count(command, index)
        if (!job) return
        const steps = this.library.send({ ...job, anyway: true }, { now: () => now, isPatient: () => false })
        for (let next = steps.next(); !next.done; ) {
          const { value } = next
          if (value.do === 'post') arrivals.push(this.arrivalOf({ ...value.request, by: 0, state: 'stored' }))
          else step(value)
          next = steps.next({ what: 'taken', why: '200' })
        }
      }
      ;({ disk } = goOn(undefined, program, { disk, now, id: 90 + index, free: true }))
      now += 1000
    }
    const left = new Map<string, number>()
    const read = () => {
      for (const log of disk.names.keys()) {
        if (!log.startsWith(`${HOME}/v1/`)) continue
        const { head, series } = this.library.foldAt(log)
        // A power cut has taken the head of a log that was set aside: nobody knows whose it is.
        for (const [text, { value }] of head ? series : []) {
          const name = `${FIRST} ${text.slice(-1)}`
          left.set(name, (left.get(name) ?? 0) + value)
        }
      }
    }
    goOn(undefined, read, { disk, now, id: 99, free: true })
    return { arrivals, left }
  }

  private neverMore(arrivals: readonly Arrival[], marked: Readonly<Record<string, number>>, when: string) {
    const sums = consume(arrivals)
    const late = arrivals.some(one => one.late)
    for (const [consumer, byName] of Object.entries(sums)) {
      // It looks at no times, so a request that is stored after a later one is counted twice, by anybody.
      if (late && /delta/i.test(consumer)) continue
      for (const [name, sum] of byName)
        if (sum > (marked[name] ?? 0))
          throw new Counterexample(`${consumer}, ${when}: ${sum} of ${marked[name] ?? 0} ${name}`)
    }
    return sums
  }

  private arrivalOf({ body, url, state }: Message): Arrival {
    const key = `${url} ${body}`
    let points = this.points.get(key)
    if (!points) this.points.set(key, (points = partsOf(body).flatMap(part => part.points.map(point => ({ ...point, series: `${url} ${point.series}` })))))
    return { points, late: state === 'late' }
  }
}

const nameOf = ({ endpoint = FIRST, series }: Command) => `${endpoint} ${series}`
const ended = (runner: Runner): Runner => ({ ...runner, process: undefined, phase: 'ended', claimed: undefined, seen: 0 })
const seenAt = ({ disk, clock }: Pick<State, 'disk' | 'clock'>) => hash(`${disk.key} ${clock}`)

/** A mark, perhaps behind a head. Not a claim, a settlement or a head alone. */
function isMark(text: string): boolean {
  return /^\n(\{.*\n)?[a-z][^\n]* \d{13}$/.test(text)
}

export function withFingerprint(disk: Disk, home: string, fingerprint: string): Disk {
  const path = `${home}/fingerprint`
  const [made, ino] = withNew(withNames(disk, without(disk, [[path]])), path, CLOCK)
  return withText(made, ino, `${fingerprint} ${CLOCK - 1000} ${ino} ${CLOCK}\n`, CLOCK)
}

function without({ names }: Disk, gone: readonly (readonly [string, ...unknown[]])[]): Map<string, number> {
  const left = new Map(names)
  for (const [name] of gone) left.delete(name)
  return left
}

/** As `cp -a` makes it: other inodes. */
function copied(disk: Disk, clock: number): Disk {
  let copy = disk
  for (const [name, ino] of disk.names) {
    if (!name.startsWith(`${HOME}/`)) continue
    const [made, inode] = withNew(copy, `${COPY}${name.slice(HOME.length)}`, clock)
    copy = withText(made, inode, disk.files[ino]!.text, clock)
  }
  return copy
}

function checkDisabled({ names }: Disk): void {
  for (const name of names.keys())
    if (/fingerprint|\.log/.test(name)) throw new Counterexample(`left after the user said no: ${name}`)
}
