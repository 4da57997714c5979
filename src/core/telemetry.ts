import { type Counter, counterFor } from './counter.ts'
import { type Decision, decide, optOut, type Situation } from './decide/decide.ts'
import { showNotice } from './decide/notice.ts'
import { loadHelper, startHelper } from './deliver/detached.ts'
import type { Inline, Job } from './deliver/job.ts'
import { chooseRoute, type Route } from './deliver/route.ts'
import { atExit, isFailure } from './exit.ts'
import { shared } from './global.ts'
import { explain, isLogMode, say, shortReason } from './log-mode.ts'
import { isNoCommand, type TelemetryOptions } from './options.ts'
import type { Tool } from './tool.ts'
import { commandSeries, copyOf, eventSeries, FAILURE_METRIC, type Series } from './vocabulary.ts'

/** A command that ends sooner delivers at its exit; one that runs longer, after this time. */
const DELIVER_AFTER_MS = 1000
/** What one tool's telemetry knows. It counts, schedules and delivers, in this order. */
interface State {
  given: TelemetryOptions
  tool: Tool
  /** A copy, made when it is first needed: what was found valid is what is used. */
  options?: TelemetryOptions
  disabled: boolean | string
  /** Lasts until the next delivery: a program that runs on obeys an opt-out. Where it is off, for the whole process. */
  decision?: Decision | undefined
  /** What counts by the last decision, until that is delivered. */
  counter?: Counter | undefined
  /** The command that this process has counted last, where failures are counted. */
  running?: Series | undefined
  timer?: NodeJS.Timeout | undefined
  watching: boolean
  route?: Route
  /** Resolves when the last delivery has ended. */
  delivered?: Promise<void>
  /** Deliveries by this process that have not ended. */
  inline: Set<Inline & { job: Job }>
}

/** One tool's telemetry. Every failure in here is silent, and `log` mode explains it. */
export function createTelemetry(given: TelemetryOptions): Tool {
  const state = {
    given,
    disabled: given.disabled ?? false,
    watching: false,
    inline: new Set(),
  } as unknown as State
  const tool: Tool = {
    get options() {
      return optionsOf(state)
    },
    get disabled() {
      return state.disabled
    },
    trackCommand: name => silently(state, () => countCommand(state, name)),
    trackEvent: (metric, attributes = {}) => silently(state, () => countEvent(state, metric, attributes)),
    flushTelemetry: () => flush(state),
    disable(reason) {
      state.disabled = reason
      discard(state)
    },
    discard: () => discard(state),
    explain: why => silently(state, () => explain(given, why)),
  }
  state.tool = tool
  return tool
}

function optionsOf(state: State): TelemetryOptions {
  return (state.options ??= copyOf(state.given))
}

// Count

function countCommand(state: State, name: unknown): void {
  if (isOptedOut(state)) return
  const options = optionsOf(state)
  if (typeof name === 'string' && isNoCommand(name, options)) {
    explain(state.given, `${name}: flags and the telemetry command are never counted`)
    return
  }
  const series = mayCount(state) ? commandSeries(name, options) : undefined
  if (!series) return
  count(state, series)
  if (options.failures) {
    state.running = series
    shared().last = state.tool
  }
}

function countEvent(state: State, metric: string, attributes: unknown): void {
  if (isOptedOut(state) || !mayCount(state)) return
  const series = eventSeries(metric, attributes, optionsOf(state))
  if (series) count(state, series)
  else explain(state.given, `${metric} with these attributes is not in \`events\``)
}

/** Looks for an opt-out in the environment before anything else: the cheapest path. */
function isOptedOut(state: State): boolean {
  if (state.decision || isLogMode(state.given)) return false
  return optOut({ options: state.given, env: process.env, disabled: state.disabled }) !== undefined
}

/** Decides, unless that was done since the last delivery. */
function mayCount(state: State): boolean {
  if (!state.decision) {
    const options = optionsOf(state)
    const show: Situation['show'] = (folders, target, seen, agreed) =>
      !shared().noticed && (shared().noticed = showNotice(options, folders, target, seen, agreed))
    const decision = decide({ options, env: process.env, disabled: state.disabled, show })
    state.decision = decision
    state.counter = decision.mode === 'off' ? undefined : counterFor(options, decision)
    if (decision.mode === 'off' && isLogMode(state.given))
      explain(options, shortReason(options, decision, state.disabled))
  }
  return state.decision.mode !== 'off'
}

function count(state: State, series: Series): void {
  state.counter!.count(series, Date.now())
  schedule(state)
}

// Schedule

function schedule(state: State): void {
  if (!state.watching) {
    const late = Boolean(optionsOf(state).failures) && !process.versions.bun && !process.versions.deno
    atExit(code => silently(state, () => end(state, code)), late)
  }
  state.watching = true
  const { mode } = state.counter!
  if (state.timer || mode === 'log') return
  // Inline has to begin while the event loop still turns; a helper has time until the end. `local` only decides anew.
  const now = mode === 'on' && isInline(state)
  startTimer(state, now ? 0 : DELIVER_AFTER_MS)
  if (now) state.timer!.ref()
}

function isInline(state: State): boolean {
  state.route ??= chooseRoute(optionsOf(state).delivery)
  return state.route.route === 'inline'
}

function end(state: State, code: number): void {
  const { running } = state
  if (running && isFailure(code, optionsOf(state)) && shared().last === state.tool && mayCount(state))
    count(state, { metric: FAILURE_METRIC, attributes: running.attributes })
  deliver(state, { atExit: true })
}

// Deliver

function deliver(state: State, { atExit = false, ignoreHold = false } = {}): void {
  clearTimeout(state.timer)
  state.timer = undefined
  // Once off, off for the whole run. Otherwise the next decision would find the notice that this run has just shown.
  if (state.decision?.mode !== 'off') state.decision = undefined
  const { counter } = state
  let job: Job | undefined
  if (atExit) for (const inline of state.inline) if (inline.abandon()) job = inline.job
  const wait = counter && !ignoreHold && !(atExit && counter.leads) ? counter.heldUntil - Date.now() : 0
  if (wait > 0) {
    // Others have just sent, or the interval is not over. If this process is still there then, it looks again.
    if (!atExit) startTimer(state, wait)
  } else if (counter) {
    state.counter = undefined
    job = counter.job(ignoreHold) ?? job
  }
  if (!job) return
  if (counter?.mode === 'log') {
    const body = loadHelper().preview(job, counter.counted, Date.now())
    say(state.given, `this would be sent to ${job.url}\n${body}`)
  } else if (isInline(state) && !atExit) startInline(state, job)
  else start(state, job)
}

/** A timer that keeps no process alive. Longer ones than Node's longest look earlier, and wait again. */
function startTimer(state: State, ms: number): void {
  state.timer = setTimeout(() => silently(state, () => deliver(state)), Math.min(ms, 2 ** 31 - 1)).unref()
}

/** At exit the event loop has stopped, so on the inline route a helper sends too, unless none can work. */
function start(state: State, job: Job): void {
  if (isInline(state) && state.route!.never) return
  const ended = startHelper(job)
  if (ended) state.delivered = ended
}

function startInline(state: State, job: Job): void {
  const inline = { ...loadHelper().sendInline(job), job }
  state.inline.add(inline)
  state.delivered = inline.done.then(() => void state.inline.delete(inline))
}

async function flush(state: State): Promise<void> {
  silently(state, () => deliver(state, { ignoreHold: true }))
  if (!state.delivered) return
  const { timeoutMs = 2000 } = optionsOf(state)
  let timeout: NodeJS.Timeout | undefined
  // Keeps the event loop alive: the helper itself does not, and this call must wait for it.
  await Promise.race([
    Promise.all([state.delivered, ...[...state.inline].map(({ done }) => done)]),
    new Promise<void>(resolve => (timeout = setTimeout(resolve, timeoutMs))),
  ])
  clearTimeout(timeout)
}

function discard(state: State): void {
  clearTimeout(state.timer)
  state.decision = state.counter = state.running = state.timer = undefined
}

/** Failures of telemetry are silent: the user of the tool cannot fix them. `log` mode and `status` explain. */
function silently(state: State, act: () => void): void {
  try {
    act()
  } catch (error) {
    try {
      explain(state.given, error instanceof Error ? error.message : 'it cannot be stored')
    } catch {
      // stderr is gone too
    }
  }
}
