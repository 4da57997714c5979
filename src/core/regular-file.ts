// Not imported: an ECMAScript import of `node:fs` makes a namespace of all its functions first, and so costs every start
// of a command 1 ms, `node:path` as much. The same holds in each file that a normal command loads.
const { closeSync, constants, fstatSync, openSync, readFileSync, statSync } =
  process.getBuiltinModule('node:fs')

/**
 * The bytes of a small file that may be anything; undefined where there is none. Throws for what is not a regular file,
 * is larger than `maxBytes` or cannot be read. Never waits: a FIFO is not opened for reading.
 */
export function readRegularFile(path: string, maxBytes: number): Buffer | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return undefined
  // Looked at before it is opened, because opening a device can do things.
  if (!found.isFile()) throw new Error('it is not a regular file')
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    if (fstatSync(fd).size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The same as text. Throws also for what is not UTF-8. A byte order mark stays in it. */
export function readText(path: string, maxBytes: number): string | undefined {
  const bytes = readRegularFile(path, maxBytes)
  return bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}
