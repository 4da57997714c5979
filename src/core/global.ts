import type { Tool } from './tool.ts'

/**
 * The global handle: what all copies of this library in one process share, so that two bundled copies of one tool count
 * as one, and two tools (a plugin with telemetry of its own) never count into each other. One per major version, per
 * minor while the major is 0, since only those may break each other.
 */
const HANDLE = Symbol.for('otlp-tally@0.3')

export interface Global {
  /** The tools that `initTelemetry` was called for in this process, by name. The first is the host. */
  tools: Map<string, Tool>
  /** Calls that came before `initTelemetry`. They were not counted. */
  early: number
  /** A tool has shown its notice in this process. */
  noticed: boolean
  /** Of all tools, the one that has counted a command last: a process fails once. */
  last?: Tool
}

const own: Global = { tools: new Map(), early: 0, noticed: false }

export function shared(): Global {
  const globals = globalThis as { [HANDLE]?: Global }
  try {
    return (globals[HANDLE] ??= own)
  } catch {
    return own // nothing can be added to the global object (hardened JavaScript): then this copy is alone
  }
}
