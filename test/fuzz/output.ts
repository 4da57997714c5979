/** Loaded first (`setupFiles`), because the library takes its functions from `node:fs` when it is loaded. */
const fs = process.getBuiltinModule('node:fs')

export interface Output {
  stdout: string
  stderr: string
}

let output: Output | undefined

/** Keeps what was written. False while nobody asks for it. */
function keep(name: keyof Output, chunk: unknown): boolean {
  if (output) output[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString()
  return output !== undefined
}

const { writeSync } = fs
fs.writeSync = ((fd: number, chunk: string | Uint8Array, ...rest: []) =>
  (fd === 1 || fd === 2) && keep(fd === 1 ? 'stdout' : 'stderr', chunk)
    ? Buffer.byteLength(chunk)
    : writeSync(fd, chunk as string, ...rest)) as typeof writeSync

const { fstatSync } = fs
fs.fstatSync = ((fd: number, ...rest: []) => {
  const stats = fstatSync(fd, ...rest)
  // Each case says by `isTTY` whether stderr is a terminal.
  if (output && fd === 2) stats.isCharacterDevice = () => process.stderr.isTTY
  return stats
}) as typeof fstatSync

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name]
  const write = stream.write
  stream.write = ((chunk: string, ...rest: []) =>
    keep(name, chunk) || write.call(stream, chunk, ...rest)) as typeof write
}

/** What the process writes while `act` runs, by a stream or by a file descriptor. */
export async function outputOf(act: () => unknown): Promise<Output> {
  const kept: Output = { stdout: '', stderr: '' }
  output = kept
  try {
    await act()
  } finally {
    output = undefined
  }
  return kept
}
