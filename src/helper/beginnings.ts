import type { Note } from '../core/deliver/job.ts'
import { fs, hasCode, SEP } from '../core/node.ts'
import { parentOf, random } from '../core/tally/files.ts'

/**
 * A backend misses the first count of a series unless a point of zero comes before it, and counts too much if a zero
 * comes after a count that it has taken. So a series begins once, and a laptop that was offline must be able to begin
 * later. A series has begun where there is a file `T!<start>` beside its tally `T`: a body with its zero may have been
 * accepted. It is never removed.
 *
 * In each stream, one process at a time may begin series. It leaves a note in the stream's folder, `!<until>-<random>`, with
 * the series that it is about to begin, and then looks whether it is alone. When the answer is known, the note is
 * settled: nothing was taken → the series stay as they were; anything else → they have begun. After `until` its process
 * was killed, and it is settled as "anything else".
 *
 * docs/exactness.md has the argument, and test/fuzz/zero.model.test.ts every interleaving.
 */

/**
 * No process that delivers lives longer than the longest timeout, 60 s, and a second. The other 4 s are tolerance: a
 * process may have read the clock before the process whose note it now finds.
 */
const LONGEST_MS = 65_000

/** The path of the mark which says that a series has begun, below the stream like that of its tally. */
export function beginning(path: string, start: number): string {
  return `${path}!${start}`
}

/**
 * Announces that these series are about to begin, by a process that ends at `until`. Undefined where another one is about
 * to begin some: then nothing is left, and this one may try again. Each first leaves its note and then looks, so that of
 * two at once at most one is alone. Whoever slept and was taken for dead misses its own note, and is not alone either.
 * `all` returns the paths of the marks of every series of the stream, begun or not: they are needed to settle the note of a
 * process that was killed.
 */
export function announce(
  folder: string,
  now: number,
  until: number,
  series: readonly string[],
  all: () => readonly string[],
): Note | undefined {
  const own = `!${until}-${random()}`
  const path = `${folder}${SEP}${own}`
  const notes = () => fs.readdirSync(folder).filter(name => name.startsWith('!'))
  const isAlive = (name: string) => {
    const left = Number.parseInt(name.slice(1), 10) - now
    return left > 0 && left <= LONGEST_MS
  }
  // Two processes that both leave a note both give way. This check, before a note is written, makes that rare.
  if (notes().some(isAlive)) return undefined
  let alone = false
  try {
    fs.writeFileSync(path, `${JSON.stringify(series)}\n`, { flag: 'wx', mode: 0o600 })
    const found = notes()
    if (found.filter(isAlive).join() !== own) return undefined
    const dead = found.filter(name => name !== own)
    // Looked up after the notes were listed, and once for all of them.
    const known = dead.length ? all() : []
    for (const name of dead) bury(`${folder}${SEP}${name}`, known)
    alone = true
    return { path, series }
  } finally {
    if (!alone) fs.rmSync(path, { force: true })
  }
}

/**
 * Settles the note of a process that was killed. `all`: the paths of the marks of every series of the stream, looked up after
 * the note was found, also of series that this process may not send. What was in the body of the other is among them.
 */
function bury(path: string, all: readonly string[]): void {
  let series = all
  try {
    const known = JSON.parse(fs.readFileSync(path, 'latin1')) as string[]
    // Damaged by a power cut, it may have been any of them.
    if (known.every(one => all.includes(one))) series = known
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return // it has settled it itself
    // damaged too, not readable, or its process was killed before it had written it
  }
  settle({ path, series }, false)
}

/**
 * Settles a note. `nothingTaken`: it is certain that nothing of the body was accepted. Leaves the note where a mark
 * cannot be written: then it is settled later, as that of a dead process.
 */
export function settle({ path, series }: Note, nothingTaken: boolean): void {
  const folder = parentOf(path)
  if (!nothingTaken) for (const one of series) fs.closeSync(fs.openSync(`${folder}${SEP}${one}`, 'a', 0o600))
  fs.rmSync(path, { recursive: true, force: true })
}
