import { endpointHash, parseLogName } from '../../../src/core/log/name.ts'
import type { Fold } from '../../../src/helper/fold.ts'
import { type Arrival, consume, type Sums } from './consumers.ts'
import { type Disk, hash } from './disk.ts'
import { type Healthy, type Message, type Model, partsIn, type State, withMarks } from './model.ts'
import { goOn } from './process.ts'
import { runAlone } from './programs.ts'
import { type Command, Counterexample, type Event, FIRST, HOME } from './scenario.ts'

/** Throws a `Counterexample` where a state is not as it must be. */
export function check(model: Model, state: State): void {
  const { disk, clock, messages, marked, runners } = state
  const stored = state.arrivals.map(index => arrivalOf(model, messages[index]!))
  neverMore(stored, marked, 'now')
  if (runners.every(({ phase }) => phase !== 'running')) checkQuiet(model, state)
  const late = messages
    .filter(message => message.state === 'under way')
    .map(message => ({ ...arrivalOf(model, message), late: true }))
  const certain = isCertain(model, state)
  const sent = messages.map(({ body, state }) => [hash(body), state])
  const key = hash(JSON.stringify([disk.key, clock, sent, state.arrivals, marked, certain, state.budget.cut]))
  if (model.known.ends.has(key)) return
  model.known.ends.add(key)
  model.checked.ends++
  if (certain) model.checked.exact++
  checkEnd(model, state, stored, late, certain)
}

const happened = ({ scenario: { budget = {} } }: Model, state: State, ...events: Event[]) =>
  events.some(event => budget[event] !== state.budget[event])

/** Each process knows whether its request was stored, and none was killed while it sent. */
function isCertain(model: Model, state: State): boolean {
  const isKilled = state.runners.some(({ claimed }) => claimed !== undefined)
  if (isKilled || state.cutClaim || state.ticks > 0) return false
  if (happened(model, state, 'unknown', 'exit', 'EIO', 'torn')) return false
  return !state.messages.some(({ state }) => state === 'late')
}

/** Checks the disk while no process runs. */
function checkQuiet(model: Model, state: State): void {
  const { disk, runners } = state
  const names = [...disk.names.keys()]
  if (model.scenario.disable && runners.every(({ phase }) => phase === 'ended'))
    for (const name of names)
      if (/fingerprint|\.log/.test(name)) throw new Counterexample(`left after the user has said no: ${name}`)
  if (happened(model, state, 'cut', 'EIO', 'torn', 'damage', 'copy')) return
  const read = () => {
    for (const name of names)
      if (name.includes('.log') && model.library.foldAt(name).open)
        throw new Counterexample(`a claim is left open in ${name}`)
  }
  goOn(undefined, read, { disk, now: 0, id: 99, free: true })
}

/** Kills all that run. Later, healthy commands run, and then the requests that were under way arrive. */
function checkEnd(model: Model, state: State, stored: Arrival[], late: Arrival[], certain: boolean): void {
  const { scenario, known } = model
  const key = hash(`${state.disk.key} ${state.clock}`)
  let healthy = known.healthy.get(key)
  if (!healthy) known.healthy.set(key, (healthy = runHealthy(model, state)))
  const marked = withMarks(state.marked, healthy.commands)
  const sums = neverMore([...stored, ...healthy.arrivals], marked, 'at the end')
  if (late.length) neverMore([...stored, ...healthy.arrivals, ...late], marked, 'late')
  if (scenario.disable || scenario.mayMiss || happened(model, state, 'clear', 'damage', 'copy')) return
  for (const [name, all] of Object.entries(marked)) {
    if (!name.startsWith(FIRST)) continue
    // What a power cut has taken from the disk is lost. What was delivered before stays.
    const count = happened(model, state, 'cut') ? (healthy.left.get(name) ?? 0) : all
    for (const [consumer, byName] of Object.entries(sums))
      if ((certain || consumer === 'max') && !((byName.get(name) ?? 0) >= count))
        throw new Counterexample(`${consumer}: only ${byName.get(name)} of ${count} ${name} at the end`)
  }
}

const FIRST_ENDPOINT = endpointHash(FIRST)

/**
 * What healthy commands deliver, one after the other, and what is in the logs of the first endpoint then. Two run in each
 * home, and more while there are logs: one that a server may have refused is sent alone, one with each command.
 */
function runHealthy(model: Model, { disk, clock }: State): Healthy {
  const { library, scenario } = model
  const arrivals: Arrival[] = []
  const commands: Command[] = []
  let now = clock + (scenario.later ?? 600_000)
  for (const home of new Set(scenario.commands.map(({ home = HOME }) => home)))
    for (let index = 0; index < 2 || (index < 9 && !isDone(model, disk, home)); index++) {
      const command = { home, series: index % 2 ? 'y' : 'x' }
      const done = runAlone(library, scenario, command, { disk, now, id: 80 + commands.length })
      disk = done.disk
      arrivals.push(...done.sent.map(one => arrivalOf(model, { ...one, by: -1, state: 'stored' })))
      commands.push(command)
      now += 1000
    }
  const left = new Map<string, number>()
  // A power cut may have taken the head of a log that was set aside. Then nobody knows whose it is.
  for (const { head, series } of foldsOf(model, disk, HOME))
    for (const [text, { value }] of head ? series : []) {
      const key = `${FIRST} ${text.slice(-1)}`
      left.set(key, (left.get(key) ?? 0) + value)
    }
  return { arrivals, commands, left }
}

const isDone = (model: Model, disk: Disk, home: string) =>
  foldsOf(model, disk, home).every(({ head, taken, total }) => !head || taken === total)

/** The logs of the first endpoint. */
function foldsOf({ library }: Model, disk: Disk, home: string): Fold[] {
  const folds: Fold[] = []
  const read = () => {
    for (const path of disk.names.keys()) {
      const name = path.startsWith(`${home}/v1/`) && parseLogName(path.slice(home.length + 4))
      if (name && name.endpoint === FIRST_ENDPOINT) folds.push(library.foldAt(path))
    }
  }
  goOn(undefined, read, { disk, now: 0, id: 99, free: true })
  return folds
}

function neverMore(arrivals: readonly Arrival[], marked: State['marked'], when: string): Sums {
  const sums = consume(arrivals)
  const late = arrivals.some(one => one.late)
  for (const [consumer, byName] of Object.entries(sums)) {
    // It ignores times: what is stored after a later request is counted twice, whatever the sender does.
    if (late && /delta/i.test(consumer)) continue
    for (const [name, sum] of byName)
      if (sum > (marked[name] ?? 0))
        throw new Counterexample(`${consumer}, ${when}: ${sum} of ${marked[name] ?? 0} ${name}`)
  }
  return sums
}

function arrivalOf(model: Model, { url, body, state }: Message): Arrival {
  const points = partsIn(model, body).flatMap(part =>
    part.points.map(point => ({ ...point, series: `${url} ${point.series}` })),
  )
  return { points, late: state === 'late' }
}
