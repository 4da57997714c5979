import { fs, hasCode, SEP } from '../node.ts'
import { random } from './files.ts'

/**
 * A backend misses the first count of a series unless a point of zero comes before it, and counts too much if a zero
 * comes after a count that it has taken. So a series begins once, and a laptop that was offline must be able to begin
 * later. Beside a tally `T` there are, with the start of its series in the name:
 *
 *     T!<start>-   claimed: a body with its zero is under way
 *     T!<start>    begun: a body with it may have been accepted. Never removed.
 *
 * Every body that carries a series which has not begun first leaves a note in the stream's folder, `!<time>-<random>`,
 * with the series that it claims and those for which it relies on the claim of another. When the answer is known, the
 * note is settled: nothing was taken → its claims are given back; anything else → its series have begun. A note whose
 * process was killed is settled as "anything else" after `DEAD_AFTER_MS`.
 *
 * Who finds a series that nobody claims may begin it late, with a zero just before its point, only while no other note
 * is there: a body that relied on a claim since given back may still be accepted. docs/exactness.md has the argument, and
 * test/fuzz/zero.model.test.ts every interleaving.
 */

/** A series in a note: its tally's path below the stream, `!` and its start. */
export interface Sending {
  /** The path of the note. */
  note: string
  claimed: string[]
  relied: string[]
}

/** No helper lives longer than the longest timeout, 60 s, and a half. */
const DEAD_AFTER_MS = 65_000

/** The name of the file that says that a series has begun, or `-` behind it, that it is claimed. */
export function beginning(path: string, start: number): string {
  return `${path}!${start}`
}

export function isNote(name: string): boolean {
  return name.startsWith('!')
}

/** Announces a body that carries series which have not begun. To be called before the folder is listed. */
export function announce(folder: string, now: number): Sending {
  const note = `${folder}${SEP}!${now}-${random()}`
  fs.closeSync(fs.openSync(note, 'wx', 0o600))
  return { note, claimed: [], relied: [] }
}

/** True for the one body, of all processes, that is to begin this series. Throws where that cannot be stored. */
export function claim(folder: string, series: string): boolean {
  try {
    fs.closeSync(fs.openSync(`${folder}${SEP}${series}-`, 'wx', 0o600))
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Writes down what the body carries. From here on it may be sent. */
export function commit({ note, claimed, relied }: Sending): void {
  fs.writeFileSync(note, JSON.stringify({ claimed, relied }))
}

/**
 * Takes the consequence of an answer, and removes the note. `nothingTaken`: it is certain that nothing of the body was
 * accepted. Leaves the note where something cannot be written: then the series are not begun late by anybody.
 */
export function settle(note: string, nothingTaken: boolean): void {
  const folder = note.slice(0, Math.max(note.lastIndexOf('/'), note.lastIndexOf(SEP)))
  const text = fs.readFileSync(note, 'utf8')
  // Without a text its process ended before it sent anything; its claims, if any, stay, and others rely on them.
  const { claimed, relied } = text ? (JSON.parse(text) as Sending) : { claimed: [], relied: [] }
  for (const series of nothingTaken ? claimed : [...claimed, ...relied]) {
    const path = `${folder}${SEP}${series}`
    if (nothingTaken) fs.rmSync(`${path}-`, { force: true })
    else confirm(path)
  }
  fs.rmSync(note, { force: true })
}

/** Whoever made the claim: it stays, or comes back. */
function confirm(path: string): void {
  try {
    fs.renameSync(`${path}-`, path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    fs.closeSync(fs.openSync(path, 'a', 0o600))
  }
}

/** Settles what processes have left that were killed. Returns the notes of those that may still be under way. */
export function alive(
  folder: string,
  notes: readonly string[],
  own: string | undefined,
  now: number,
): string[] {
  return notes.filter(name => {
    if (`${folder}${SEP}${name}` === own) return false
    const age = now - Number(name.slice(1).split('-')[0])
    if (Math.abs(age) < DEAD_AFTER_MS) return true
    settleQuietly(`${folder}${SEP}${name}`, false)
    return false
  })
}

/** The same, for where nobody can be told that it failed. */
export function settleQuietly(note: string, nothingTaken: boolean): void {
  try {
    settle(note, nothingTaken)
  } catch {
    // the stream was removed meanwhile, or the disk is full
  }
}
