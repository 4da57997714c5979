import { fs } from './node.ts'

/** `/dev/null` of Linux, a character device as terminals are: major 1, minor 3. */
const NULL_DEVICE = 0x103

/** For a pipe, a file or `/dev/null` this is one system call. `process.stderr` would load streams, 2 ms. */
export function isTerminal(): boolean {
  const stats = fs.fstatSync(2)
  return stats.isCharacterDevice() && stats.rdev !== NULL_DEVICE && process.stderr.isTTY
}

/**
 * Writes all of the text to stderr before it returns. Throws if that fails, for example because the terminal is gone:
 * `process.stderr` would emit an event for such an error, and the event would end the tool.
 */
export function writeStderr(text: string): void {
  for (let rest = Buffer.from(text); rest.length; ) rest = rest.subarray(fs.writeSync(2, rest))
}
