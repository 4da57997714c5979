import { type Attributes, copyOf } from './names.ts'
import { optionProblems, type TelemetryOptions } from './options.ts'
import { createTelemetry, type Telemetry, type Tool } from './telemetry.ts'

/**
 * The global handle: one per major version, the tools of this process by name. Two bundled copies of one tool find
 * the same `Tool` and count as one; two tools (a plugin with telemetry of its own) never count into each other.
 */
const HANDLE = Symbol.for('otlp-tally@0')

/** The tools that `initTelemetry` was called for in this process, by name. */
export function tools(): Map<string, Tool> {
  const globals = globalThis as { [HANDLE]?: Map<string, Tool> }
  return (globals[HANDLE] ??= new Map())
}

/** The tools that this copy of the library was initialised for: more than one where a plugin shares its host's copy. */
const mine = new Set<Tool>()

/**
 * Remembers who is counting. Reads nothing, starts nothing, never throws.
 *
 * The first call for a name decides; of later ones only `disabled: true` is taken, so that a `--no-telemetry` which
 * is parsed late is obeyed. The result is the same as the functions of this module, bound to this tool.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 *
 * const telemetry = initTelemetry({
 *   name: 'trix',
 *   version: '0.19.3',
 *   endpoint: 'https://otel.example.com',
 *   disabled: process.argv.includes('--no-telemetry'),
 * })
 * telemetry.trackCommand('build')
 * ```
 */
export function initTelemetry(options: TelemetryOptions): Telemetry {
  try {
    const given = copyOf(options)
    const problems = optionProblems(given)
    const name = String(given.name)
    const known = tools().get(name)
    const tool = known ?? createTelemetry(given, problems)
    if (known && given.disabled !== undefined && given.disabled !== false) known.disable()
    tools().set(name, tool)
    mine.add(tool)
    return tool
  } catch {
    return nobody // options that cannot even be read: the tool goes on without us
  }
}

/**
 * Counts one invocation of a command. Call it at the command's entry, with the resolved name, never with argv.
 *
 * @example
 * ```js
 * import { initTelemetry, trackCommand } from 'otlp-tally'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com' })
 * trackCommand('db migrate')
 * ```
 */
export function trackCommand(name: string): void {
  only().trackCommand(name)
}

/**
 * Counts one event of any other metric, by the same rules: at most 8 attributes, each a short name or a boolean.
 *
 * @example
 * ```js
 * import { initTelemetry, trackEvent } from 'otlp-tally'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com' })
 * trackEvent('safety_triggered', { risk_level: 'high', blocked: true })
 * ```
 */
export function trackEvent(metric: string, attributes?: Attributes): void {
  only().trackEvent(metric, attributes)
}

/**
 * Delivers now what was counted. Resolves when that is done or given up, within `timeoutMs`; never rejects. A command
 * does not need it: what it counted is delivered at its exit.
 *
 * @example
 * ```js
 * import { flushTelemetry, initTelemetry, trackCommand } from 'otlp-tally'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com' })
 * trackCommand('watch')
 * await flushTelemetry()
 * ```
 */
export function flushTelemetry(): Promise<void> {
  return only().flushTelemetry()
}

/** Off is a state of the same object: before `initTelemetry`, everybody calls this one. */
const nobody: Telemetry = { trackCommand() {}, trackEvent() {}, async flushTelemetry() {} }

function only(): Telemetry {
  const [tool, ...others] = mine
  if (!tool) return nobody
  if (!others.length) return tool
  // Whose command it is cannot be known here, and to count it for the wrong one would be worse than not to.
  for (const { explain } of mine)
    explain('several tools share this copy of otlp-tally: use what initTelemetry returns')
  return nobody
}
