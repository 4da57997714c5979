import { readWhole, rename, writeStamped } from '../files.ts'
import { fs, SEP } from '../node.ts'
import type { TelemetryOptions } from '../options.ts'
import { isCopied, parseStamp, type Stamp } from '../stamp.ts'
import { isRecord } from '../vocabulary.ts'

/**
 * `consent.json` has the user's answer, written only by `enable`, `disable` and the question; `notice` has what was
 * shown, written by commands. So a command that shows a notice cannot overwrite a no.
 *
 * A no counts wherever it is found. A yes and a notice count only in the file that they were written to, not in a copy,
 * and only for the user who wrote it. They hold for one origin, the kinds of what is sent, and a version of the notice.
 */

/** What somebody agreed to, or was shown, for one origin. */
export interface Agreement {
  noticeVersion: number
  /** Sorted. See `kindsOf`. */
  kinds: readonly string[]
  /** When, in ms since 1970. */
  time: number
}

/** By origin: `https://otel.example.com:443`. */
export type Agreements = Readonly<Record<string, Agreement>>

/** What a file of answers says. */
export interface Answers {
  /** When the user said no, in ms since 1970. */
  no?: number
  /** Why it cannot be read. It may then hold a no. */
  unreadable?: string
  /** What the yes, or the notice that was shown, is about. Empty where the file was copied or is another user's. */
  agreed: Agreements
  /** The file was copied or is another user's. */
  copied?: true
}

/** What has to be agreed to before anything is sent. */
export interface Terms {
  origin: string
  noticeVersion: number
  kinds: readonly string[]
}

const MAX_BYTES = 1 << 18

export const consentPath = (stateFolder: string): string => `${stateFolder}${SEP}consent.json`
export const noticePath = (stateFolder: string): string => `${stateFolder}${SEP}notice`

/** Reads `consent.json` or `notice`; without a file nothing is agreed to. Never throws. */
export function readAnswers(path: string): Answers {
  try {
    const content = readWhole(path, MAX_BYTES)
    if (!content) return { agreed: {} }
    const value: unknown = JSON.parse(content.bytes.toString())
    if (!isRecord(value)) return { agreed: {}, unreadable: 'it is not an object' }
    if (value.no !== undefined) return { agreed: {}, no: Number(value.no) || 0 }
    const agreed = value.yes ?? value.shown
    if (!isAgreements(agreed)) return { agreed: {}, unreadable: 'it holds no answer' }
    const stamp = parseStamp(value.file)
    const isOwn = value.user === userId() && ownerOf(content.stats) === userId()
    return isOwn && stamp && !isCopied(stamp, content.stats) ? { agreed } : { agreed: {}, copied: true }
  } catch (error) {
    return { agreed: {}, unreadable: (error as Error).message }
  }
}

function isAgreements(value: unknown): value is Agreements {
  return (
    isRecord(value) &&
    Object.values(value).every(
      one =>
        isRecord(one) &&
        Number.isInteger(one.noticeVersion) &&
        Array.isArray(one.kinds) &&
        one.kinds.every(kind => typeof kind === 'string'),
    )
  )
}

/** Whether one of these files holds a no, or may hold one. Read again before anything is sent. */
export function saysNo(paths: readonly string[]): boolean {
  return paths.some(path => {
    const { no, unreadable } = readAnswers(path)
    return no !== undefined || unreadable !== undefined
  })
}

/**
 * For who has just made a log or an id, even if it could not be written to its end. `disable` first writes its no and
 * then removes these: if it did not see the new files, its no is seen here. Throws the error if it has removed them.
 */
export function removeIfDisabled(answers: readonly string[], files: readonly string[], error: Error): void {
  if (!saysNo(answers)) return
  for (const file of files) fs.rmSync(file, { force: true })
  throw error
}

/**
 * Writes a file of answers, whole and synced. Throws where that is not possible. `show` is called when the text is on
 * the disk but not yet in its place: a notice that cannot be stored is not shown, and one that is not shown is not
 * stored.
 */
export function writeAnswers(
  path: string,
  answer: { no: number } | { yes: Agreements } | { shown: Agreements },
  show?: () => void,
): void {
  const text = (file: Stamp) => JSON.stringify({ ...answer, user: userId(), file })
  writeStamped(path, text, temporary => {
    show?.()
    return rename(temporary, path)
  })
}

/** Whether somebody has agreed to all of this. */
export function covers(agreed: Agreements, { origin, noticeVersion, kinds }: Terms): boolean {
  const agreement = Object.hasOwn(agreed, origin) ? agreed[origin]! : undefined
  return (
    agreement !== undefined &&
    agreement.noticeVersion >= noticeVersion &&
    kinds.every(kind => agreement.kinds.includes(kind))
  )
}

/** The agreements with one more. They add up, so two installed versions of a tool do not ask alternately. */
export function withTerms(agreed: Agreements, terms: Terms, time: number): Agreements {
  const { origin, noticeVersion, kinds } = terms
  const before = Object.hasOwn(agreed, origin) ? agreed[origin] : undefined
  const all = [...new Set([...(before?.kinds ?? []), ...kinds])].sort()
  const version = Math.max(before?.noticeVersion ?? 0, noticeVersion)
  return { ...agreed, [origin]: { noticeVersion: version, kinds: all, time } }
}

/**
 * The kinds of what a tool sends. A new command is no new kind, but each event is one, each value of an attribute of an
 * event, and each resource attribute with its value.
 */
export function kindsOf(options: TelemetryOptions): string[] {
  const { failures, agents, environment, events = {}, resourceAttributes = {} } = options
  const kinds = ['commands']
  if (failures) kinds.push('failures')
  if (agents) kinds.push('agents')
  if (environment) kinds.push('environment')
  for (const metric of Object.keys(events)) {
    kinds.push(`event ${metric}`)
    for (const key of Object.keys(events[metric]!)) {
      const values = events[metric]![key]!
      const texts = Array.isArray(values) ? values : ['true', 'false']
      for (const value of texts) kinds.push(`event ${metric} ${key}=${value}`)
    }
  }
  for (const key of Object.keys(resourceAttributes)) kinds.push(`resource ${key}=${resourceAttributes[key]}`)
  return kinds.sort()
}

/** The system's id of the user. On Windows asking for one costs too much, and a home belongs to one user anyway. */
function userId(): number {
  return process.geteuid?.() ?? -1
}

function ownerOf({ uid }: { uid: number }): number {
  return process.geteuid ? uid : -1
}
