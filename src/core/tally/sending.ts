import { fs, hasCode, SEP } from '../node.ts'
import { parentOf, random } from './files.ts'

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
 * A zero just before its point is safe only where no other body with this series may be accepted: so whoever claims
 * such a late beginning looks once more, and withdraws where it finds another note, or that the series has begun.
 * docs/exactness.md has the argument, and test/fuzz/zero.model.test.ts every interleaving.
 */

/** What a body carries that has not begun: a series is its tally's path below the stream, `!` and its start. */
export interface Carried {
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
export function announce(folder: string, now: number): string {
  const note = `${folder}${SEP}!${now}-${random()}`
  fs.closeSync(fs.openSync(note, 'wx', 0o600))
  return note
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

/** Gives claims back: of a body that was not sent, or of which nothing was taken. */
export function giveBack(folder: string, claimed: readonly string[]): void {
  for (const series of claimed) fs.rmSync(`${folder}${SEP}${series}-`, { force: true })
}

/**
 * Writes down what the body carries. From here on it may be sent. False where others took this process for dead: it
 * slept, and its note was buried. In this order one of the two always notices: see `bury`.
 */
export function commit(note: string, carried: Carried): boolean {
  try {
    fs.writeFileSync(note, JSON.stringify(carried), { flag: 'r+' })
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  return fs.statSync(note, { throwIfNoEntry: false }) !== undefined
}

/**
 * Settles a note: keeps or gives back its claims, then removes it. `nothingTaken`: it is certain that nothing of the
 * body was accepted. Leaves the note where something cannot be written: then the series are not begun late by anybody.
 */
export function settle(note: string, nothingTaken: boolean, open?: readonly string[]): void {
  const folder = parentOf(note)
  const { claimed, relied } = carriedBy(note, open)
  if (nothingTaken) giveBack(folder, claimed)
  else for (const series of [...claimed, ...relied]) confirm(`${folder}${SEP}${series}`)
  fs.rmSync(note, { force: true })
}

/** An empty note: its process ended before sending. Its claims stay valid for others. */
function carriedBy(note: string, open: readonly string[] | undefined): Carried {
  const text = fs.readFileSync(note, 'utf8')
  if (!text) return { claimed: [], relied: [] }
  try {
    const { claimed, relied } = JSON.parse(text) as Carried
    return { claimed: [...claimed], relied: [...relied] }
  } catch (error) {
    if (!open) throw error
    // Damaged by a power cut. It may have been any of them.
    return { claimed: [], relied: [...open] }
  }
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

/**
 * Settles what processes have left that were killed. `open`: all series that have not begun. Returns the names of the
 * notes of others that may still be under way.
 */
export function settleDead(
  folder: string,
  notes: readonly string[],
  own: string,
  now: number,
  open: readonly string[],
): string[] {
  return notes.filter(name => {
    const note = `${folder}${SEP}${name}`
    if (note === own) return false
    const age = now - Number(name.slice(1).split('-')[0])
    if (Math.abs(age) < DEAD_AFTER_MS) return true
    quietly(() => bury(note, open))
    return false
  })
}

/**
 * A note without a text first gets another name. If its process was only asleep, then either it has written the text
 * by the time at which that is read here, or it finds its note gone and sends nothing.
 */
function bury(note: string, open: readonly string[]): void {
  if (note.endsWith('~') || fs.statSync(note).size > 0) settle(note, false, open)
  else fs.renameSync(note, `${note}~`)
}

/** The same as `settle`, for where nobody can be told that it failed. */
export function settleQuietly(note: string, nothingTaken: boolean): void {
  quietly(() => settle(note, nothingTaken))
}

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // the stream was removed meanwhile, or the disk is full
  }
}
