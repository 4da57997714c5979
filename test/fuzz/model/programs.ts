import type { Job } from '../../../src/core/deliver/job.ts'
import type { Disk } from './disk.ts'
import type { Library } from './library.ts'
import { atOnce, fs, goOn, now, step } from './process.ts'
import { CLOCK, type Command, FIRST, HOME, type Scenario, TIMEOUT_MS } from './scenario.ts'

/** What a process does: a command and its helper, or `telemetry disable` after the last command. */
export function programOf(library: Library, scenario: Scenario, index: number): () => void {
  const command = scenario.commands[index]
  if (!command) return () => disable(library)
  return () => {
    const run = () => count(library, scenario, command)
    const { job, isHeld } = scenario.marksAtOnce ? atOnce(run) : run()
    if (command.silent || isHeld || !job) return
    // The helper is another process.
    step({ do: 'pause' })
    deliver(library, scenario, job)
  }
}

/** What a command does after it has decided. */
export function count(
  library: Library,
  scenario: Scenario,
  command: Command,
): { job: Job | undefined; isHeld: boolean } {
  const { endpoint = FIRST, version = '1.0.0', home = HOME, series } = command
  const { intervalMs = 0 } = scenario
  const options = { name: 'trix', version, endpoint, commands: [], intervalMs }
  const target = { url: endpoint, headers: {}, timeoutMs: TIMEOUT_MS }
  const folders = { config: '', machine: [], stateFolder: home, fallback: `${home}-default` }
  const counter = library.counterFor(options, { mode: 'on', row: 15, folders, target: target as never })
  const time = now()
  counter.count({ metric: 'm', attributes: { k: series } }, time)
  return { job: counter.job(), isHeld: counter.heldUntil > time }
}

/** Performs the steps like `helper/drive.ts`. */
function deliver(library: Library, { tries = 1 }: Scenario, job: Job): void {
  let waits = 0
  const steps = library.send(job, { now, isPatient: () => waits < tries })
  let next = steps.next()
  while (!next.done) {
    const { value } = next
    if (value.do === 'wait') waits++
    let answer: Answer
    try {
      answer = step(value) as Answer
    } catch (error) {
      if ((error as { code?: string }).code !== 'EIO') throw error
      next = steps.throw(error)
      continue
    }
    if (answer?.exit) {
      if (value.do === 'post') value.request.sent = answer.left!
      next = steps.return()
    } else next = steps.next(answer as never)
  }
}

/** The result of a step: an outcome, or the end of the process. */
export type Answer = { what?: string; why?: string; exit?: boolean; left?: boolean } | undefined

/** Like the command: it first writes the no at both places, then removes all that could be sent. */
function disable(library: Library): void {
  for (const folder of [HOME, `${HOME}-default`])
    library.writeAnswers(`${folder}/consent.json`, { no: CLOCK })
  fs.rmSync(`${HOME}/fingerprint`)
  for (const name of fs.readdirSync(`${HOME}/v1`)) fs.rmSync(`${HOME}/v1/${name}`)
}

/** Runs one command and its helper alone, with an endpoint that takes everything. */
export function runAlone(
  library: Library,
  scenario: Scenario,
  command: Command,
  around: { disk: Disk; now: number; id: number },
): { disk: Disk; sent: { url: string; body: string }[] } {
  const sent: { url: string; body: string }[] = []
  const program = () => {
    const { job } = count(library, scenario, command)
    if (!job) return
    const steps = library.send({ ...job, ignoreHold: true }, { now, isPatient: () => false })
    for (let next = steps.next(); !next.done; next = steps.next({ what: 'taken', why: '200' })) {
      const { value } = next
      if (value.do === 'post') sent.push({ url: value.request.url, body: value.request.body })
      else step(value)
    }
  }
  const { disk } = goOn(undefined, program, { ...around, free: true })
  return { disk, sent }
}
