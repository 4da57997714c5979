/**
 * A file system in memory that can hold a process between any two of its calls. The code under test is synchronous and
 * cannot be held, so it is run anew for each call: it is given the results that it has had already, and is stopped at the
 * call after them. That is exact as long as it does the same for the same results.
 */

/** What there is, by path. All else is a folder or nothing. */
export type Disk = ReadonlyMap<string, string>

export interface Call {
  name: 'readdir' | 'open' | 'read' | 'create' | 'write' | 'rm'
  path: string
  more: string
}

export type Result = { value: unknown } | { code: string }

/** What a process is about to do, or what it has come to. */
export type Pending<T> = { call: Call } | { end: T }

/** Answers a call. */
let answer: (call: Call) => Result

/** What a process does next that was told these results. `id` makes its random numbers its own. */
export function pending<T>(told: readonly Result[], id: number, run: () => T): Pending<T> {
  let position = 0
  let call: Call | undefined
  answer = asked => {
    if (!call && position < told.length) return told[position++]!
    call ??= asked
    return { code: 'ESTOPPED' }
  }
  // The same for the same place in a process, and another one in every process.
  const end = withRandom(
    () => ((id + 1) * 0.037 + position * 0.0011) % 1,
    run,
    () => call !== undefined,
  )
  return call ? { call } : { end: end as T }
}

/** Runs a process to its end, with nobody in between. */
export function runAlone<T>(disk: Disk, id: number, run: () => T): { disk: Disk; end: T } {
  let now = disk
  let calls = 0
  answer = call => {
    calls++
    const done = perform(now, call)
    now = done.disk
    return done.result
  }
  const end = withRandom(
    () => ((id + 1) * 0.037 + calls * 0.0011) % 1,
    run,
    () => false,
  )
  return { disk: now, end: end as T }
}

function withRandom<T>(random: () => number, run: () => T, stopped: () => boolean): T | undefined {
  const { random: before } = Math
  Math.random = random
  try {
    return run()
  } catch (error) {
    if (!stopped()) throw error
    return undefined
  } finally {
    Math.random = before
  }
}

/** Does a call for real. */
export function perform(disk: Disk, { name, path, more }: Call): { disk: Disk; result: Result } {
  const content = disk.get(path)
  const told = (result: Result, after: Disk = disk) => ({ disk: after, result })
  const missing = { code: 'ENOENT' }
  switch (name) {
    // Those of folders have a `/` behind them.
    case 'readdir': {
      const names = new Set<string>()
      for (const file of disk.keys())
        if (file.startsWith(`${path}/`)) names.add(/^[^/]*\/?/.exec(file.slice(path.length + 1))![0])
      return told(names.size ? { value: [...names].sort() } : missing)
    }
    case 'open':
      if (content !== undefined) return told({ value: { content } })
      if (more !== 'a') return told(missing)
      return told({ value: { content: '' } }, new Map(disk).set(path, ''))
    case 'read':
      return told(content === undefined ? missing : { value: content })
    case 'create':
      if (content !== undefined) return told({ code: 'EEXIST' })
      return told({ value: undefined }, new Map(disk).set(path, ''))
    case 'write':
      // To the file that was created: what somebody has removed meanwhile stays removed, and nobody hears of it.
      return told({ value: undefined }, content === undefined ? disk : new Map(disk).set(path, more))
    case 'rm': {
      if (content === undefined) return told({ value: undefined })
      const after = new Map(disk)
      after.delete(path)
      return told({ value: undefined }, after)
    }
  }
}

function ask(name: Call['name'], path: string, more = ''): unknown {
  const result = answer({ name, path, more })
  if ('code' in result) throw Object.assign(new Error(result.code), { code: result.code, syscall: name })
  return result.value
}

interface Descriptor {
  content: string
}

/** What the protocol uses of `node:fs`. A descriptor is what the file held when it was opened. */
export const fs = {
  constants: { O_RDONLY: 0, O_NOFOLLOW: 0, O_NONBLOCK: 0 },
  readdirSync(path: string, options?: { withFileTypes?: boolean }): unknown[] {
    const names = ask('readdir', path.replace(/\/$/, '')) as string[]
    return names.map(text => {
      const name = text.replace(/\/$/, '')
      return options?.withFileTypes ? { name, isDirectory: () => name !== text } : name
    })
  },
  openSync: (path: string, flags: unknown): unknown => ask('open', path, `${flags}`),
  closeSync(): void {},
  fstatSync: ({ content }: Descriptor): object => ({ size: content.length, isFile: () => true }),
  readSync: ({ content }: Descriptor, to: Buffer, at: number, length: number, position: number): number =>
    to.write(content.slice(position, position + length), at, 'latin1'),
  readFileSync: (path: string): unknown => ask('read', path),
  /** Two steps: a process can be killed after the first one, and the file is empty then. */
  writeFileSync(path: string, text: string, { flag }: { flag: string }): void {
    if (flag !== 'wx') throw new TypeError(`no model of the flag ${flag}`)
    ask('create', path)
    ask('write', path, text)
  },
  rmSync: (path: string): void => void ask('rm', path),
}
