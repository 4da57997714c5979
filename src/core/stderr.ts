const { writeSync } = process.getBuiltinModule('node:fs')

/**
 * Writes to stderr, whole, before it returns. Throws where that cannot be (a terminal that is gone). Not by
 * `process.stderr`, which reports such an error by an event, and the event would end the tool.
 */
export function writeStderr(text: string): void {
  for (let rest = Buffer.from(text); rest.length; ) rest = rest.subarray(writeSync(2, rest))
}
