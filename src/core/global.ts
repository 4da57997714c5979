import type { Tool } from './tool.ts'

/**
 * The key of the global handle: what all copies of this library in one process share. Two bundled copies of one tool
 * count as one, and a host and its plugin count apart. Each major version has a handle of its own, as has each minor
 * version of 0.x, since only these may differ in what they expect of it.
 */
const HANDLE = Symbol.for('otlp-tally@0.3')

export interface Global {
  /** The tools that `initTelemetry` was called for in this process, by name. The first is the host. */
  tools: Map<string, Tool>
  /** Calls that came before `initTelemetry`. They were not counted. */
  early: number
  /** A tool has shown its notice in this process. */
  noticed: boolean
  /** The tool that counted a command last, and so counts the failure of this process, once for all tools. */
  lastTool?: Tool
}

const handle: Global = { tools: new Map(), early: 0, noticed: false }

export function shared(): Global {
  const globals = globalThis as { [HANDLE]?: Global }
  try {
    return (globals[HANDLE] ??= handle)
  } catch {
    return handle // nothing can be added to the global object (hardened JavaScript): this copy shares with none
  }
}
