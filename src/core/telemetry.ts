import { type Counter, counterFor } from './counter.ts'
import { type Decision, decide, optOut, type Situation } from './decide/decide.ts'
import { showNotice } from './decide/notice.ts'
import { loadHelper, startHelper } from './deliver/detached.ts'
import type { Inline, Job } from './deliver/job.ts'
import { chooseRoute, type Route } from './deliver/route.ts'
import { atExit, isFailure } from './exit.ts'
import { shared } from './global.ts'
import { explain, isLogMode, say, shortReason } from './log-mode.ts'
import { isNeverCounted, type TelemetryOptions } from './options.ts'
import type { Tool } from './tool.ts'
import { commandSeries, copyOf, eventSeries, FAILURE_METRIC, type Series } from './vocabulary.ts'

/** A command that ends sooner delivers at its exit; one that runs longer, after this time. */
const DELIVER_AFTER_MS = 1000

/** What one tool's telemetry knows. It counts, schedules and delivers, in this order. */
interface State {
  /** The options as they were passed. */
  given: TelemetryOptions
  tool: Tool
  /** A copy of them, made when first needed: the caller cannot change it after it was checked. */
  options?: TelemetryOptions
  disabled: boolean | string
  /** Kept until the next delivery, so a long-running program sees an opt-out. `off` is kept until the process ends. */
  decision?: Decision | undefined
  /** Counts under that decision, until its counts are delivered. Undefined where the decision is `off`. */
  counter?: Counter | undefined
  /** With `failures`, the command that was counted last: if the process fails, this command has failed. */
  command?: Series | undefined
  timer?: NodeJS.Timeout | undefined
  /** To the exit of this process. */
  listens?: true
  route?: Route
  /** Resolves when the last delivery has ended. */
  delivered?: Promise<void>
  /** Deliveries by this process that have not ended. */
  inline: Set<Inline & { job: Job }>
}

/** One tool's telemetry. Every failure in here is silent, and `log` mode explains it. */
export function createTelemetry(given: TelemetryOptions): Tool {
  const state = { given, disabled: given.disabled ?? false, inline: new Set() } as State
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
    stayOff: () => silently(state, () => stayOff(state)),
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
  if (typeof name === 'string' && isNeverCounted(name, options)) {
    explain(state.given, `${name}: flags and the telemetry command are never counted`)
    return
  }
  const series = mayCount(state) ? commandSeries(name, options) : undefined
  if (!series) return
  count(state, series)
  if (options.failures) {
    state.command = series
    shared().lastTool = state.tool
  }
}

function countEvent(state: State, metric: string, attributes: unknown): void {
  if (isOptedOut(state) || !mayCount(state)) return
  const series = eventSeries(metric, attributes, optionsOf(state))
  if (series) count(state, series)
  else explain(state.given, `${metric} with these attributes is not in \`events\``)
}

/** Looks only in the environment: the cheapest way to be off. Not in `log` mode, which explains the whole decision. */
function isOptedOut(state: State): boolean {
  if (state.decision || isLogMode(state.given)) return false
  return optOut({ options: state.given, env: process.env, disabled: state.disabled }) !== undefined
}

function mayCount(state: State): boolean {
  return (state.decision ?? decideNow(state)).mode !== 'off'
}

function decideNow(state: State): Decision {
  const options = optionsOf(state)
  // One notice per process, whichever tool shows it.
  const show: Situation['show'] = (...about) =>
    !shared().noticed && (shared().noticed = showNotice(options, ...about))
  const decision = ruling(state, show)
  const isOff = decision.mode === 'off'
  state.decision = decision
  state.counter = isOff ? undefined : counterFor(options, decision)
  if (isOff && isLogMode(state.given)) explain(options, shortReason(options, decision, state.disabled))
  return decision
}

/** What is decided now. Without `show`, no notice is shown. */
function ruling(state: State, show?: Situation['show']): Decision {
  const options = optionsOf(state)
  return decide({ options, env: process.env, disabled: state.disabled, ...(show && { show }) })
}

function count(state: State, series: Series): void {
  state.counter!.count(series, Date.now())
  schedule(state)
}

// Schedule

function schedule(state: State): void {
  if (!state.listens) {
    // Only a failure depends on the exit code.
    const late = Boolean(optionsOf(state).failures) && !process.versions.bun && !process.versions.deno
    atExit(code => silently(state, () => onExit(state, code)), late)
  }
  state.listens = true
  const { mode } = state.counter!
  if (state.timer || mode === 'log') return
  // An inline delivery needs the event loop, which ends before the exit; a helper can be started at the exit. `local`
  // delivers nothing, but after this time it decides anew.
  const now = mode === 'on' && isInline(state)
  startTimer(state, now ? 0 : DELIVER_AFTER_MS)
  if (now) state.timer!.ref()
}

function isInline(state: State): boolean {
  state.route ??= chooseRoute(optionsOf(state).delivery)
  return state.route.route === 'inline'
}

function onExit(state: State, code: number): void {
  const { command } = state
  if (command && isFailure(code, optionsOf(state)) && shared().lastTool === state.tool && mayCount(state))
    count(state, { metric: FAILURE_METRIC, attributes: command.attributes })
  deliver(state, { exiting: true })
}

// Deliver

function deliver(state: State, { exiting = false, ignoreHold = false } = {}): void {
  clearTimeout(state.timer)
  state.timer = undefined
  if (!state.decision && state.counter && !isStillOn(state)) state.counter = undefined
  // Once off, off for the whole run. Otherwise the next decision would find the notice that this run has just shown.
  if (state.decision?.mode !== 'off') state.decision = undefined
  const { counter } = state
  const abandoned = exiting && abandonInline(state)
  const job = dueJob(state, exiting, ignoreHold) || abandoned
  if (!job) return
  if (counter?.mode === 'log') {
    const body = loadHelper().preview(job, counter.counted, Date.now())
    say(state.given, `this would be sent to ${job.url}\n${body}`)
  } else if (isInline(state) && !exiting) startInline(state, job)
  else startDetached(state, job)
}

/** Whether what was held back may still be sent there. The helper reads only the user's answers again. */
function isStillOn(state: State): boolean {
  const { mode, target } = ruling(state)
  return mode === 'on' && target!.url === state.counter!.job()?.url
}

/**
 * Delivers what this process has counted; undefined where nothing is due. A process that does not exit looks again
 * then.
 */
function dueJob(state: State, exiting: boolean, ignoreHold: boolean): Job | undefined {
  const { counter } = state
  if (!counter) return undefined
  // At the exit of a command that leads, its helper waits instead.
  const isDue = ignoreHold || (exiting && counter.leads)
  const wait = isDue ? 0 : counter.heldUntil - Date.now()
  if (wait > 0) {
    if (!exiting) startTimer(state, wait)
    return undefined
  }
  state.counter = undefined
  return counter.job(ignoreHold)
}

/**
 * Ends the deliveries by this process, and returns the job of the last one that was not done: a helper does it again.
 */
function abandonInline(state: State): Job | undefined {
  return [...state.inline].filter(inline => inline.abandon()).at(-1)?.job
}

/** A timer that keeps no process alive. Node's longest is 24 days: after that, `deliver` waits for the rest. */
function startTimer(state: State, ms: number): void {
  state.timer = setTimeout(() => silently(state, () => deliver(state)), Math.min(ms, 2 ** 31 - 1)).unref()
}

/**
 * Also at the exit of a process on the inline route, since its event loop has stopped; not where no helper can work.
 */
function startDetached(state: State, job: Job): void {
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
  await Promise.race([
    Promise.all([state.delivered, ...[...state.inline].map(({ done }) => done)]),
    // Keeps the event loop alive, which a helper does not do.
    new Promise<void>(resolve => (timeout = setTimeout(resolve, timeoutMs))),
  ])
  clearTimeout(timeout)
}

function stayOff(state: State): void {
  const decision = ruling(state)
  if (decision.mode === 'off') state.decision ??= decision
}

function discard(state: State): void {
  clearTimeout(state.timer)
  state.decision = state.counter = state.command = state.timer = undefined
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
