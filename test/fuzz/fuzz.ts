import { accessSync, appendFileSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll } from 'vitest'
import { anyText } from '../arbitraries.ts'

const seed = Number(process.env.FUZZ_SEED)
/** What has failed on this machine, with the seed that makes it fail again. */
const FAILURES = join(tmpdir(), 'otlp-tally-fuzz-failures.txt')
/** Of all numbers of cases: 10 for a long night, 0.01 while a test is written. */
const factor = Number(process.env.FUZZ_FACTOR ?? 1)

/**
 * Tries a property on this many cases and says how many there were. Fewer where the machine is slow: what was tried
 * by then counts, so that the whole suite ends in its time.
 */
export async function fuzz<T>(what: string, cases: number, property: fc.IRawProperty<T>): Promise<void> {
  const details = await fc.check(property, {
    seed,
    numRuns: Math.ceil(cases * factor),
    interruptAfterTimeLimit: 50_000 * Math.max(factor, 1),
  })
  if (details.failed) {
    const report = fc.defaultReportMessage(details as fc.RunDetails<T>)
    keepFailure(what, `${report}\n${details.errorInstance}`, details.errorInstance)
  }
  console.log(`${what}: ${details.numRuns} cases, FUZZ_SEED=${seed}`)
}

/** Kept in a file too: a seed that scrolled away was lost once, and with it the counterexample. */
export function keepFailure(what: string, report: string, cause?: unknown): never {
  appendFileSync(FAILURES, `FUZZ_SEED=${seed} ${what}: ${report}\n\n`)
  throw new Error(`FUZZ_SEED=${seed} (kept in ${FAILURES}) ${what}: ${report}`, { cause })
}

/** A folder of this test file, in memory where there is such a file system. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(inMemory('/dev/shm') ? '/dev/shm' : tmpdir(), 'otlp-tally-fuzz-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
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

/** Strings that are the names of something in every object, beside ordinary odd ones. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.string(),
  fc.constantFrom('constructor', '__proto__', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length'),
  fc.constantFrom('', ' ', '\0', '\n', '\u001b[2J', '\u009b2J', '\u202e', '\ud800', '../..', 'x'.repeat(65)),
)
