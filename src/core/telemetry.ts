import { type Batch, openBatch } from './batch.ts'
import { decide, wantsLog } from './decide/decision.ts'
import { factsOf } from './decide/facts.ts'
import { postDetached } from './deliver/detached.ts'
import { type Post, post } from './deliver/post.ts'
import { chooseRoute, type Route } from './deliver/route.ts'
import { type Attributes, attributesProblem, copyOf, nameProblem, show } from './names.ts'
import type { TelemetryOptions } from './options.ts'
import { writeStderr } from './stderr.ts'

/** One tool's counting. Nothing here throws, rejects, waits, or writes to stdout. */
export interface Telemetry {
  /** Counts one invocation of a command: `trackEvent(metricName, { command_name: name })`. Never pass argv. */
  trackCommand(name: string): void
  /** Counts one event. Metric name and attributes are as the README's "Names and values" says; else it is not counted. */
  trackEvent(metric: string, attributes?: Attributes): void
  /** Delivers now. Resolves when that is done or given up, within `timeoutMs`. */
  flushTelemetry(): Promise<void>
}

/** What lies on the global handle: the same, and what `tool telemetry …` needs to know. */
export interface Tool extends Telemetry {
  readonly options: TelemetryOptions
  /** What is wrong with the options. Then everything is off. */
  readonly problems: readonly string[]
  /** Off for the rest of this process: a `--no-telemetry` that was parsed late. */
  disable(): void
  /** Sends nothing of what this process has counted up to now: the user is managing telemetry. */
  discard(): void
  /** Tells the user who asked for `log` mode why something is not counted. */
  explain(reason: string): void
}

/** Who counts in a hook that sees every command meets these too. Managing telemetry is nobody's business. */
const NO_COMMAND = /^(-|telemetry([ :.]|$))/

/** A command that ends sooner delivers at its exit, one that runs on after this. */
const DELIVER_AFTER_MS = 1000

/** The telemetry of one tool: when to decide, when to deliver, and that nobody hears of it. Reads nothing yet. */
export function createTelemetry(options: TelemetryOptions, problems: readonly string[]): Tool {
  let batch: Batch | undefined
  let disabled = options.disabled ?? false
  let timer: NodeJS.Timeout | undefined
  let exiting = false
  let lastTime = 0
  let since: number | undefined
  let route: Route | undefined
  let underWay: { done: Promise<void>; timeoutMs: number } | undefined

  const facts = () => factsOf({ ...options, disabled }, problems, process.env)

  function current(): Batch {
    if (batch) return batch
    const now = facts()
    return (batch = openBatch(options, now, decide(now), since ?? processStart()))
  }

  function say(text: string): void {
    writeStderr(`${options.name} telemetry: ${text}\n`)
  }

  function explain(reason: string): void {
    if (wantsLog(facts())) say(`none (${reason})`)
  }

  function track(metric: string, attributes: Attributes): void {
    try {
      const known = batch
      const { decision, count } = current()
      if (decision.mode === 'off') {
        if (!known) explain(decision.reason)
        return
      }
      const series = { metric, attributes: copyOf(attributes) }
      const problem = nameProblem(metric) ?? attributesProblem(series.attributes)
      if (problem) {
        explain(problem)
        return
      }
      count(series, Date.now())
      schedule()
    } catch (error) {
      silently(() => explain(error instanceof Error ? error.message : 'it cannot be stored'))
    }
  }

  function schedule(): void {
    if (!exiting) {
      exiting = true
      atExit(() => silently(() => deliver({ atExit: true })))
    }
    if (timer) return
    // Inline has to begin while the event loop still turns, detached has time until the end.
    timer = inline() ? setTimeout(run, 0) : setTimeout(run, DELIVER_AFTER_MS).unref()
  }

  const inline = () =>
    batch?.decision.mode === 'on' && (route ??= chooseRoute(options.delivery)).route === 'inline'
  const run = () => silently(() => deliver())

  function deliver({ atExit = false, anyway = false } = {}): void {
    clearTimeout(timer)
    timer = undefined
    const time = Math.max(Date.now(), lastTime + 1)
    const request = batch?.request(time, anyway)
    const mode = batch?.decision.mode
    const detached = !inline()
    // Off is for the whole run: the next decision could find the notice that this run has shown.
    if (mode !== 'off') batch = undefined
    if (!request) return
    lastTime = since = time
    if (mode === 'log') say(`this would be sent to ${request.url}\n${request.body}`)
    else send(request, detached, atExit)
  }

  function send(request: Post, detached: boolean, atExit: boolean): void {
    // At exit there is no event loop left to turn for `fetch`. The next command's body carries this one's count.
    const done = (detached && postDetached(request)) || (!atExit && post(request))
    if (done) underWay = { done, timeoutMs: request.timeoutMs }
  }

  function discard(): void {
    batch = undefined
    clearTimeout(timer)
    timer = undefined
  }

  return {
    options,
    problems,
    trackCommand(name) {
      if (typeof name === 'string' && NO_COMMAND.test(name))
        silently(() => explain(`${show(name)}: flags and the telemetry command are never counted`))
      else track(options.metricName ?? 'command_invocation', { command_name: name })
    },
    trackEvent(metric, attributes = {}) {
      track(metric, attributes)
    },
    async flushTelemetry() {
      silently(() => deliver({ anyway: true }))
      if (!underWay) return
      const { done, timeoutMs } = underWay
      let timeout: NodeJS.Timeout | undefined
      // Held open on purpose: a helper that is waited for does not keep the event loop alive by itself.
      await Promise.race([done, new Promise<void>(resolve => (timeout = setTimeout(resolve, timeoutMs)))])
      clearTimeout(timeout)
    },
    disable() {
      disabled = true
      discard()
    },
    discard,
    explain: reason => silently(() => explain(reason)),
  }
}

/** Node warns on stderr of the eleventh listener. The tool may have ten, and ours must not be the one too many. */
function atExit(act: () => void): void {
  const limit = process.getMaxListeners()
  if (limit && process.listenerCount('exit') >= limit) process.setMaxListeners(limit + 1)
  process.once('exit', act)
}

/** When this process began, in ms since 1970. `performance.timeOrigin` says the same, but costs 0.7 ms to load. */
function processStart(): number {
  return Math.floor(Date.now() - process.uptime() * 1000)
}

/** Whatever goes wrong here is ours, and the person who ran a command is not the one to mend it. */
function silently(act: () => void): void {
  try {
    act()
  } catch {
    // the contract of this library: `tool telemetry status` and `log` mode explain
  }
}
