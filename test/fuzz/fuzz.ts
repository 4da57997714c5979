import { accessSync, appendFileSync, constants, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterAll } from 'vitest'
import { shared } from '../../src/core/global.ts'
import { anyText } from '../arbitraries.ts'
import { removeFolder } from '../world.ts'

/** The same seed makes the same cases. */
export const SEED: number = Number(process.env.FUZZ_SEED)
/** Multiplies all numbers of cases: 10 for a long night, 0.01 while a test is written. */
export const FACTOR: number = Number(process.env.FUZZ_FACTOR ?? 1)
/** What has failed on this machine, with its seed. */
const FAILURES = join(tmpdir(), 'otlp-tally-fuzz-failures.txt')

/** Tries a property on this many cases, and on fewer where the machine is slow. Prints how many there were. */
export async function fuzz<T>(what: string, cases: number, property: fc.IRawProperty<T>): Promise<void> {
  const details = await fc.check(property, {
    seed: SEED,
    numRuns: Math.ceil(cases * FACTOR),
    interruptAfterTimeLimit: 50_000 * Math.max(FACTOR, 1),
  })
  if (details.failed) {
    const report = fc.defaultReportMessage(details as fc.RunDetails<T>)
    keepFailure(what, `${report}\n${details.errorInstance}`, details.errorInstance)
  }
  console.log(`${what}: ${details.numRuns} cases, FUZZ_SEED=${SEED}`)
}

/** Throws, and keeps the report in a file, because a seed that has scrolled away is lost. */
export function keepFailure(what: string, report: string, cause?: unknown): never {
  appendFileSync(FAILURES, `FUZZ_SEED=${SEED} ${what}: ${report}\n\n`)
  throw new Error(`FUZZ_SEED=${SEED} (kept in ${FAILURES}) ${what}: ${report}`, { cause })
}

/** A folder that is removed after all tests of the file. In memory where there is such a file system. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(inMemory('/dev/shm') ? '/dev/shm' : tmpdir(), 'otlp-tally-fuzz-'))
  afterAll(() => removeFolder(folder))
  return folder
}

function inMemory(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Runs `act` in this environment. What it leaves in this process is removed: tools, and their listeners for its exit. */
export async function withEnvironment<T>(env: NodeJS.ProcessEnv, act: () => Promise<T>): Promise<T> {
  const before = process.env
  const listeners = process.listeners('exit')
  process.env = env
  shared().tools.clear()
  try {
    return await act()
  } finally {
    process.env = before
    shared().tools.clear()
    for (const listener of process.listeners('exit'))
      if (!listeners.includes(listener)) process.off('exit', listener)
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The bytes that are still in use after a garbage collection. */
export function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Odd strings, and those that are the name of something in every object. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.string(),
  fc.constantFrom('constructor', '__proto__', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length'),
  fc.constantFrom('', ' ', '\0', '\n', '\u001b[2J', '\u009b2J', '\u202e', '\ud800', '../..', 'x'.repeat(65)),
)
