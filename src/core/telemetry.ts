import { agentOf } from './agent.ts'
import { type Batch, openBatch } from './batch.ts'
import { decide, type Mode, optOut, wordOf } from './decide/decide.ts'
import { factsOf } from './decide/facts.ts'
import { environmentPrefix, writeStderr } from './decide/notice.ts'
import { lacking } from './decide/permissions.ts'
import { reasonFor } from './decide/reason.ts'
import { deliverDetached, here } from './deliver/detached.ts'
import type { Job } from './deliver/job.ts'
import { chooseRoute, type Route } from './deliver/route.ts'
import { shared } from './global.ts'
import { supported } from './node.ts'
import { nameOf, type TelemetryOptions } from './options.ts'
import type { Tool } from './tool.ts'
import {
  type Attributes,
  COMMAND_METRIC,
  copyOf,
  FAILURE_METRIC,
  seriesProblem,
  show,
  UNKNOWN,
} from './vocabulary.ts'

/** A command that ends sooner delivers at its exit, one that runs on after this. */
const DELIVER_AFTER_MS = 1000
/** Exit codes of a tool that caught a signal and then ended: 128 + SIGHUP, SIGINT, SIGTERM. */
const SIGNAL_CODES = [129, 130, 143]

/** A delivery that has begun. `inline`: this process does it, and has no answer yet. */
interface UnderWay {
  job: Job
  done: Promise<void>
  inline?: boolean
}

/** One tool's telemetry: when it decides (docs/decision.md), when it delivers, and that every failure is silent. */
export function createTelemetry(given: TelemetryOptions): Tool {
  let options: TelemetryOptions | undefined
  let disabled: boolean | string = given.disabled ?? false
  let batch: Batch | undefined
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  let watching = false
  let lastTime = 0
  let since: number | undefined
  let route: Route | undefined
  let failing: Attributes | undefined
  let underWay: UnderWay | undefined

  /** What the tool's own variable asks for; `denied` where the environment cannot be looked at. */
  function asked(): Mode | 'denied' | undefined {
    if (!supported || lacking('env')) return 'denied'
    return wordOf(process.env[`${environmentPrefix(nameOf(`${given.name}`))}_TELEMETRY`])
  }

  /** An opt-out by the environment is looked for first, and then nothing else is done: it is what costs least. */
  function optedOut(): boolean {
    const word = batch ? 'denied' : asked()
    if (word === 'denied' || word === 'log') return false
    return optOut({ disabled, env: process.env }, word) !== undefined
  }

  /** A copy, made when it is first needed: what was found valid is what is used. */
  function settled(): TelemetryOptions {
    if (options) return options
    const copy = copyOf(given)
    // What is not a text stays what it is, and is not valid.
    return (options = typeof copy.name === 'string' ? { ...copy, name: nameOf(copy.name) } : copy)
  }

  function current(): Batch {
    if (batch) return batch
    const facts = factsOf(settled(), { env: process.env, disabled, mayShow: !shared().noticed })
    const decision = decide(facts)
    if (decision.rule === 13 && decision.detail) shared().noticed = true
    return (batch = openBatch(facts, decision, since ?? processStart()))
  }

  function say(text: string): void {
    writeStderr(`${settled().name} telemetry: ${text}\n`)
  }

  function explain(reason: string): void {
    if (asked() === 'log') say(`none (${reason})`)
  }

  /** False where it is not counted. */
  function track(metric: string, attributes: Attributes): boolean {
    try {
      const known = batch
      const { decision, facts, count } = current()
      if (decision.mode === 'off') {
        if (!known && asked() === 'log') explain(reasonFor(decision, facts))
        return false
      }
      const series = { metric, attributes: copyOf(attributes) }
      const problem = seriesProblem(series, settled())
      if (problem) throw new Error(problem)
      count(series, Date.now())
      schedule()
      return true
    } catch (error) {
      silently(() => explain(error instanceof Error ? error.message : 'it cannot be stored'))
    }
    return false
  }

  function trackCommand(name: string): void {
    const { commands, metricName = COMMAND_METRIC, failures, agents } = settled()
    if (typeof name === 'string' && isNoCommand(name, settled())) {
      explain(`${show(name)}: flags and the telemetry command are never counted`)
      return
    }
    // A value that is not a string is not a command; `seriesProblem` refuses it.
    const listed = commands && typeof name === 'string' && !commands.includes(name) ? UNKNOWN : name
    const agent = agents ? agentOf(process.env) : undefined
    const attributes = { command_name: listed, ...(agent && { agent }) }
    if (!track(metricName, attributes) || !failures) return
    failing = attributes
    shared().last = tool
  }

  function schedule(): void {
    if (!watching) atExit(code => silently(() => end(code)))
    watching = true
    if (timer || soon) return
    // Inline has to begin while the event loop still turns, detached has time until the end. The first timer of a
    // process costs 0.3 ms: a synchronous command starts none, since its event loop turns once at most.
    const start = () => (timer ??= setTimeout(run, DELIVER_AFTER_MS).unref())
    if (isInline()) timer = setTimeout(run, 0)
    else soon = setImmediate(() => (soon = setImmediate(start).unref())).unref()
  }

  function unschedule(): void {
    clearTimeout(timer)
    clearImmediate(soon)
    timer = soon = undefined
  }

  const isInline = () =>
    batch?.decision.mode === 'on' && (route ??= chooseRoute(settled().delivery)).route === 'inline'
  const run = () => silently(() => deliver())

  function end(code: number): void {
    if (failing && code && !SIGNAL_CODES.includes(code) && shared().last === tool)
      track(FAILURE_METRIC, failing)
    deliver({ atExit: true })
  }

  function deliver({ atExit = false, anyway = false } = {}): void {
    unschedule()
    const inline = isInline()
    const mode = batch?.decision.mode
    const time = Math.max(Date.now(), lastTime + 1)
    const job = batch?.job(time, anyway)
    // Once off, off for the whole run. Otherwise the next decision would find the notice that this run has just shown.
    if (mode !== 'off') batch = undefined
    // At exit the event loop has stopped, so `fetch` cannot run here. Then a helper sends also on the inline route, unless
    // no helper can work.
    const start = (job: Job) => (atExit && route?.never ? undefined : deliverDetached(job))
    if (job) {
      lastTime = since = time
      const done = mode === 'on' && (!inline || atExit) && start(job)
      if (mode === 'log') preview(job)
      else if (done) underWay = { job, done }
      else if (!atExit) {
        const state: UnderWay = (underWay = { job, done: here().send(job), inline: true })
        void state.done.then(() => (state.inline = false))
      }
    } else if (atExit && underWay?.inline && settled().temporality !== 'delta') {
      // Its `fetch` was not answered yet. To send the same totals twice is harmless; to send a delta twice is not.
      start(underWay.job)
    }
  }

  function preview(job: Job): void {
    const body = here().bodyOf(job, Date.now(), false)
    if (typeof body === 'object') say(`this would be sent to ${job.url}\n${body.text}`)
  }

  function discard(): void {
    batch = failing = undefined
    unschedule()
  }

  const tool: Tool = {
    get options() {
      return settled()
    },
    get disabled() {
      return disabled
    },
    trackCommand: name => silently(() => optedOut() || trackCommand(name)),
    trackEvent: (metric, attributes = {}) =>
      silently(() => optedOut() || track(metric, attributes as Attributes)),
    async flushTelemetry() {
      silently(() => deliver({ anyway: true }))
      if (!underWay) return
      const { done, job } = underWay
      let timeout: NodeJS.Timeout | undefined
      // Held open on purpose: a helper that is waited for does not keep the event loop alive by itself.
      await Promise.race([done, new Promise<void>(resolve => (timeout = setTimeout(resolve, job.timeoutMs)))])
      clearTimeout(timeout)
    },
    disable(reason) {
      disabled = reason
      discard()
    },
    discard,
    explain: reason => silently(() => explain(reason)),
  }
  return tool
}

/** A hook that fires for every command also fires for these. Nobody counts that a user manages telemetry. */
function isNoCommand(name: string, { name: tool, command }: TelemetryOptions): boolean {
  if (/^(-|telemetry([ :.]|$))/.test(name)) return true
  // `analytics` of `ng analytics`.
  const [, own = ''] = command ? (/^\S+ (.+)$/.exec(command) ?? []) : []
  return own !== '' && (name === own || name.startsWith(`${own} `) || name === `${tool} ${own}`)
}

/**
 * Before all other listeners, so that one that exits or throws changes nothing. Node warns on stderr of the eleventh
 * listener. The tool may have ten, and ours must not be the one too many.
 */
function atExit(act: (code: number) => void): void {
  const limit = process.getMaxListeners()
  if (limit && process.listenerCount('exit') >= limit) process.setMaxListeners(limit + 1)
  let ended = false
  process.prependListener('exit', code => {
    if (!ended) act(code)
    ended = true
  })
}

/** When this process began, in ms since 1970. `performance.timeOrigin` says the same, but costs 0.7 ms to load. */
function processStart(): number {
  return Math.floor(Date.now() - process.uptime() * 1000)
}

/** Failures of telemetry are silent: the user of the tool cannot fix them. */
function silently(act: () => unknown): void {
  try {
    act()
  } catch {
    // the contract of this library: `tool telemetry status` and `log` mode explain
  }
}
