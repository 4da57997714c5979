import { shared } from './global.ts'
import type { TelemetryOptions } from './options.ts'
import { createTelemetry } from './telemetry.ts'
import type { Telemetry, Tool } from './tool.ts'
import type { Attributes, EventList } from './vocabulary.ts'

/** The first tool that this copy of the library was initialised for. */
let first: Tool | undefined

/**
 * Remembers the options of a tool. Reads nothing, checks nothing, starts nothing, never throws.
 *
 * Of later calls for the same name, only `disabled` is used, and only for what comes after it. So pass it in the first
 * call.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 *
 * const { trackCommand } = initTelemetry({
 *   name: 'trix',
 *   version: '0.19.3',
 *   endpoint: 'https://otel.example.com',
 *   commands: ['build', 'db migrate'],
 *   disabled: process.argv.includes('--no-telemetry'),
 * })
 * trackCommand('build')
 * ```
 */
export function initTelemetry<
  const Command extends string = string,
  // biome-ignore lint/complexity/noBannedTypes: no events
  const Events extends EventList = {},
>(options: TelemetryOptions<Command, Events>): Telemetry<Command, Events> {
  try {
    const { tools, early } = shared()
    const name = `${options.name}`
    const { disabled } = options
    let tool = tools.get(name)
    if (!tool) tools.set(name, (tool = createTelemetry(options as unknown as TelemetryOptions)))
    else if (disabled !== undefined && disabled !== false) tool.disable(disabled)
    first ??= tool
    if (early) tool.explain('trackCommand was called before initTelemetry: that was not counted')
    return tool as unknown as Telemetry<Command, Events>
  } catch {
    // Options that cannot be read at all: the tool works, and nothing is counted.
    return noTool as unknown as Telemetry<Command, Events>
  }
}

/**
 * Counts one invocation of a command, for the first tool that was initialised. Call it at the command's entry, with the
 * resolved name, never with argv.
 *
 * @example
 * ```js
 * import { initTelemetry, trackCommand } from 'otlp-tally'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build'] })
 * trackCommand('build')
 * ```
 */
export function trackCommand(name: string): void {
  firstTool().trackCommand(name)
}

/**
 * Counts one event of the first tool that was initialised. What is not in its `events` is not counted.
 *
 * @example
 * ```js
 * import { initTelemetry, trackEvent } from 'otlp-tally'
 *
 * const events = { deploy: { target: ['staging', 'production'], forced: Boolean } }
 * initTelemetry({ name: 'trix', version: '0.19.3', commands: [], events })
 * trackEvent('deploy', { target: 'staging', forced: true })
 * ```
 */
export function trackEvent(metric: string, attributes?: Attributes): void {
  firstTool().trackEvent(metric, attributes)
}

/**
 * Delivers now what was counted. Resolves within `timeoutMs`, when that is done or given up; never rejects. A command
 * does not need it, because its counts are delivered when it ends.
 *
 * @example
 * ```js
 * import { flushTelemetry, initTelemetry, trackCommand } from 'otlp-tally'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', commands: ['watch'] })
 * trackCommand('watch')
 * await flushTelemetry()
 * ```
 */
export function flushTelemetry(): Promise<void> {
  return firstTool().flushTelemetry()
}

/**
 * Stands for a tool where there is none: before `initTelemetry`, or with options that cannot be read. Counts nothing.
 */
const noTool: Pick<Tool, 'trackCommand' | 'trackEvent' | 'flushTelemetry'> = {
  trackCommand: tooEarly,
  trackEvent: tooEarly,
  async flushTelemetry() {},
}

function tooEarly(): void {
  shared().early++
}

/**
 * The first tool that this copy of the library was initialised for; without one, the first of the process. So the host
 * keeps counting for itself when a plugin that uses the same copy calls `initTelemetry`, and a plugin with a copy of
 * its own counts for the plugin.
 */
function firstTool(): typeof noTool {
  return first ?? shared().tools.values().next().value ?? noTool
}
