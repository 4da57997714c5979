import { fs } from './node.ts'

/** A pipe or a file costs one system call here; to ask `process.stderr` would load all of `node:net`, 3 ms. */
export function isTerminal(): boolean {
  return fs.fstatSync(2).isCharacterDevice() && process.stderr.isTTY
}

/**
 * Writes all of the text to stderr before it returns. Throws if that fails, for example because the terminal is gone.
 * Not by `process.stderr`, which reports such an error by an event, and the event would end the tool.
 */
export function writeStderr(text: string): void {
  for (let rest = Buffer.from(text); rest.length; ) rest = rest.subarray(fs.writeSync(2, rest))
}
