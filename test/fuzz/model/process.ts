import { type Disk, hash, isNamed, withFile, withNames, withNew, withText } from './disk.ts'
import type { Host } from './library.ts'

/**
 * A process of the model runs the code of the library on a disk in memory. It is held before each change that others can
 * see, and at each step of the sender. Synchronous code cannot be held, so it is run again each time: it gets the results
 * that it had before, goes on to the next change, and is stopped by an exception. That is exact as long as it does the same
 * for the same results. All that it reads between two holds, it reads at one moment.
 */
export interface Process {
  told: readonly Result[]
  /** Equal for processes that do the same from here. */
  key: number
  /** What it does next. Undefined when it has ended. */
  held: Held | undefined
}

export interface Held {
  name: string
  /** What is written, or renamed; the step of a generator. */
  args: readonly unknown[]
}

interface Result {
  value?: unknown
  code?: string
}

/** How a process goes on. */
export interface Fate {
  /** The result of the step of a generator. */
  answer?: unknown
  /** The next write or sync fails, or only a part is written. */
  trouble?: 'EIO' | 'torn'
}

/** What a process has done until its next hold. */
export interface Progress {
  process: Process
  disk: Disk
  /** What it has appended to files. */
  written: readonly string[]
}

interface Run {
  disk: Disk
  now: number
  id: number
  told: Result[]
  position: number
  fate: Fate
  /** The call before which it was held is not made yet. */
  due: boolean
  /** Nothing was read since the last change, so another change belongs to it. */
  fresh: boolean
  /** Never held. */
  free: boolean
  /** It is held before a read after a change too. */
  slow: boolean
  held: Held | undefined
  stopped: boolean
  written: string[]
  descriptors: Map<number, { ino: number; append: boolean }>
  randoms: number
}

const STOPPED = Object.assign(new Error('stopped'), { code: 'ESTOPPED' })
let run: Run

/** Runs a process on to its next hold. `undefined` starts one. */
export function goOn(
  process: Process | undefined,
  program: () => void,
  around: { disk: Disk; now: number; id: number; fate?: Fate; free?: boolean; slow?: boolean },
): Progress {
  const told = [...(process?.told ?? [])]
  const before = told.length
  run = {
    ...{ disk: around.disk, now: around.now, id: around.id },
    ...{ free: around.free ?? false, slow: around.slow ?? false },
    ...{ told, position: 0, fate: { ...around.fate }, due: process !== undefined, fresh: false },
    ...{ held: undefined, stopped: false, written: [], descriptors: new Map(), randoms: 0 },
  }
  const { stackTraceLimit } = Error
  // Stack traces take time, and it throws often.
  Error.stackTraceLimit = 0
  try {
    program()
  } catch (error) {
    // `initTelemetry` hides the errors of the library from the tool. Any other is a fault of the model.
    if (!run.stopped && !isExpected(error)) throw error
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  const { held, disk, written } = run
  const results = told.slice(before).map(({ value, code }) => code ?? JSON.stringify(value))
  const key = held ? hash(`${results}${held.name}`, process?.key ?? around.id + 1) : 0
  return { process: { told: held ? told : [], key, held }, disk, written }
}

function isExpected(error: unknown): boolean {
  const { code, message } = error as { code?: string; message: string }
  return (
    code !== undefined ||
    /the disk is full|disabled just now|cannot be stored|does not stay|not a regular file/.test(message)
  )
}

type Perform = (fate: Fate) => unknown

/** A system call. `changes`: others can see what it does, or it is a step of the sender. */
function call(
  name: string,
  args: readonly unknown[],
  perform: Perform,
  changes: boolean | 'step' = false,
): unknown {
  if (run.stopped) throw STOPPED
  const known = run.told[run.position]
  if (known) {
    run.position++
    return given(known)
  }
  const isHeld = changes ? !run.fresh || changes === 'step' : run.slow && run.fresh && name !== 'now'
  if (isHeld && !run.due && !run.free) {
    run.held = { name, args }
    run.stopped = true
    throw STOPPED
  }
  if (name !== 'now') {
    run.due = false
    run.fresh = Boolean(changes)
  }
  let result: Result
  try {
    result = { value: perform(run.fate) }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    result = { code }
  }
  run.told.push(result)
  run.position++
  return given(result)
}

function given({ value, code }: Result): unknown {
  if (code !== undefined) fail(code)
  return value
}

function fail(code: string): never {
  throw Object.assign(new Error(code), { code })
}

/** Runs `part` without holds. */
export function atOnce<T>(part: () => T): T {
  const { free } = run
  run.free = true
  try {
    return part()
  } finally {
    run.free = free
  }
}

/** The clock, as the process reads it. */
export const now = (): number => call('now', [], () => run.now) as number

/** A step of the sender, which the model performs. */
export function step(step: { do: string; fds?: readonly number[] }): unknown {
  return call(
    step.do,
    [step],
    ({ answer }) => {
      if (step.do === 'sync') for (const fd of step.fds!) sync(fd)
      return answer
    },
    'step',
  )
}

/** Fails with EIO, or returns 'torn', once. */
function trouble(): Fate['trouble'] {
  const { trouble } = run.fate
  run.fate = {}
  if (trouble === 'EIO') fail('EIO')
  return trouble
}

function sync(fd: number): void {
  trouble()
  const { ino } = run.descriptors.get(fd)!
  const file = run.disk.files[ino]!
  run.disk = withFile(run.disk, ino, { ...file, synced: file.text.length })
}

const constants = {
  O_RDONLY: 0,
  O_RDWR: 2,
  O_CREAT: 64,
  O_NONBLOCK: 2048,
  O_APPEND: 1024,
  O_NOFOLLOW: 131072,
}

function statsOf(disk: Disk, ino: number) {
  const { text, born, touched } = disk.files[ino]!
  return { ino, size: text.length, born, touched, links: isNamed(disk, ino) ? 1 : 0 }
}

function toStats(value: unknown): object | undefined {
  if (!value) return undefined
  const { ino, size, born, touched, links } = value as ReturnType<typeof statsOf>
  const times = { birthtimeMs: born, ctimeMs: touched + 1, mtimeMs: touched }
  return { ino, size, nlink: links, isFile: () => true, isDirectory: () => false, ...times }
}

function stat(name: string, path: string, options?: { throwIfNoEntry?: boolean }): object | undefined {
  const value = call(name, [path], () => {
    const ino = run.disk.names.get(path)
    if (ino === undefined && options?.throwIfNoEntry !== false) fail('ENOENT')
    return ino === undefined ? 0 : statsOf(run.disk, ino)
  })
  return toStats(value)
}

/** What the library uses of `node:fs`. All folders are there. */
export const fs: Readonly<Record<string, unknown>> & {
  rmSync(path: string): void
  readdirSync(path: string): string[]
} = {
  constants,
  openSync(path: string, flags: number | string): number {
    const isNew = flags === 'wx'
    const creates = isNew || ((flags as number) & constants.O_CREAT && !run.disk.names.has(path))
    const ino = call(
      'open',
      [path],
      () => {
        const found = run.disk.names.get(path)
        if (found !== undefined) return isNew ? fail('EEXIST') : found
        if (!isNew && !((flags as number) & constants.O_CREAT)) fail('ENOENT')
        const [disk, made] = withNew(run.disk, path, run.now)
        run.disk = disk
        return made
      },
      Boolean(creates),
    ) as number
    const fd = 10 + run.position
    run.descriptors.set(fd, { ino, append: !isNew })
    return fd
  },
  closeSync(fd: number): void {
    run.descriptors.delete(fd)
  },
  fstatSync(fd: number): object {
    const { ino } = run.descriptors.get(fd)!
    return toStats(call('fstat', [], () => statsOf(run.disk, ino)))!
  },
  statSync: (path: string, options?: object) => stat('stat', path, options),
  lstatSync: (path: string, options?: object) => stat('lstat', path, options),
  readSync(fd: number, to: Buffer, at: number, length: number, from: number): number {
    const { ino } = run.descriptors.get(fd)!
    const text = call('read', [], () => run.disk.files[ino]!.text.slice(from, from + length)) as string
    return to.write(text, at, 'latin1')
  },
  writeSync(fd: number, data: Buffer | string): number {
    const text = typeof data === 'string' ? data : data.toString('latin1')
    const { ino } = run.descriptors.get(fd)!
    return call(
      'write',
      [text, ino],
      () => {
        const part = trouble() === 'torn' ? text.slice(0, Math.floor(text.length * 0.6)) : text
        run.disk = withText(run.disk, ino, run.disk.files[ino]!.text + part, run.now)
        if (part === text) run.written.push(text)
        return part.length
      },
      true,
    ) as number
  },
  fdatasyncSync: (fd: number) => void call('sync', [], () => sync(fd), true),
  renameSync: (from: string, to: string) =>
    void call(
      'rename',
      [from, to],
      () => {
        const names = new Map(run.disk.names)
        const ino = names.get(from) ?? fail('ENOENT')
        names.delete(from)
        run.disk = withNames(run.disk, names.set(to, ino))
      },
      true,
    ),
  linkSync: (from: string, to: string) =>
    void call(
      'link',
      [from, to],
      () => {
        const ino = run.disk.names.get(from) ?? fail('ENOENT')
        if (run.disk.names.has(to)) fail('EEXIST')
        run.disk = withNames(run.disk, new Map(run.disk.names).set(to, ino))
      },
      true,
    ),
  rmSync: (path: string) =>
    void call(
      'rm',
      [path],
      () => {
        const names = new Map(run.disk.names)
        if (names.delete(path)) run.disk = withNames(run.disk, names)
      },
      run.disk.names.has(path),
    ),
  mkdirSync(): void {},
  readdirSync: (path: string) =>
    call('readdir', [path], () =>
      [...run.disk.names.keys()]
        .filter(name => name.startsWith(`${path}/`) && !name.includes('/', path.length + 1))
        .map(name => name.slice(path.length + 1)),
    ) as string[],
}

/** The same number at the same place in a process, and another one in each process. */
function random(): number {
  run.randoms++
  return ((run.id + 1) * 0.0173 + run.randoms * 0.000331) % 1
}

const digits = (count: number) => {
  let text = ''
  while (text.length < count) text += Math.floor(random() * 16 ** 6).toString(16)
  return text.slice(0, count)
}

export const host: Host = {
  fs,
  crypto: () => ({
    randomUUID: () => digits(32),
    randomBytes: () => digits(8),
    createHash: () => {
      const made = { update: () => made, digest: () => digits(64) }
      return made
    },
  }),
  random,
  pid: 1,
}
