/**
 * Node's builtins for everything that an ordinary command runs. They are not imported: an ECMAScript import of
 * `node:fs` first makes a namespace of all its functions, which costs every start of a command 1 ms, and `node:path`
 * as much again. A runtime that lacks `process.getBuiltinModule` (Node before 20.16 and 22.3) can still import this
 * library: then `supported` is false, and everything is off.
 */
const load = <T>(name: string): T => process.getBuiltinModule?.(name) as T

/** False where this runtime lacks what the library needs. Then nothing below may be used. */
export const supported: boolean = typeof process.getBuiltinModule === 'function'

export const fs: typeof import('node:fs') = load('node:fs')

/** Loaded when first needed: each costs more than everything else that a command does. */
export const crypto = (): typeof import('node:crypto') => load('node:crypto')
export const childProcess = (): typeof import('node:child_process') => load('node:child_process')
export const vm = (): typeof import('node:vm') => load('node:vm')
export const os = (): typeof import('node:os') => load('node:os')

export const WINDOWS: boolean = process.platform === 'win32'

/** Windows also opens paths with `/`, but people see these. `path.join` would cost 0.05 ms more. */
export const SEP: string = WINDOWS ? '\\' : '/'

/** True for an error of the system with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code
}
