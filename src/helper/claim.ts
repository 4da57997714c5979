import type { Job } from '../core/deliver/job.ts'
import { random } from '../core/files.ts'
import { type Fingerprint, readFingerprint } from '../core/log/fingerprint.ts'
import { heldUntil } from '../core/log/hold.ts'
import { append, openLog, readTail, setAside } from '../core/log/mark.ts'
import { headRecord } from '../core/log/record.ts'
import { crypto, fs } from '../core/node.ts'
import { isCopied, stampOf } from '../core/stamp.ts'
import { type Part, partOf } from './body.ts'
import { type Fold, isBusy, type Result } from './fold.ts'
import { type OtherLog, olderLogs } from './logs.ts'
import { openReader, type Reader, readOn } from './reader.ts'
import type { Clock, Steps } from './step.ts'

/** A log with a claim of this process on it. */
export interface Claimed {
  reader: Reader
  nonce: string
  /** When it was claimed, in ms since 1970: the time of its points. */
  ms: number
  part: Part
}

/** If a log has a time that is further in the future, the clock was ahead when it was claimed. */
const AHEAD_MS = 300_000
/** How many older logs, and how much of them, may be in one body. */
const MAX_OLDER = 8
const MAX_OLDER_BYTES = 256 * 1024

const LIFE_AFTER_TIMEOUT_MS = 1000

/** For how many ms a claim blocks others if its process is killed. */
export const lifeOf = ({ timeoutMs }: Job): number => timeoutMs + LIFE_AFTER_TIMEOUT_MS

/**
 * Claims the command's own log. Undefined where there is nothing to send, it is not due, or another process is sending.
 * `alone`: no other log should go with it, because this one may be why its last request failed.
 */
export function* claimOwn(job: Job, clock: Clock): Steps<{ claim: Claimed; alone: boolean } | undefined> {
  const fingerprint = readFingerprint(job.stateFolder, clock.now())
  const fd = openIfThere(job.path)
  if (fd === undefined) return undefined
  let claim: Claimed | undefined
  let hasHeld = false
  try {
    const reader = openReader(fd)
    if (!reader.fold.head) appendHead(job, fd, fingerprint)
    for (;;) {
      const fold = readOn(reader)
      if (mustEnd(fold, fd, fingerprint, clock.now())) {
        setAside(job.path)
        return undefined
      }
      // Another process has delivered all of it.
      if (!fold.head || fold.taken === fold.total) return undefined
      const hold = holdOf(job, fd, fold, clock.now())
      if (hold > 0) {
        // If it is not due after one hold, another process has just claimed the log.
        if (hasHeld || hold > (clock.maxHoldMs ?? 0)) return undefined
        hasHeld = true
        yield { do: 'hold', ms: hold }
        continue
      }
      if (isBusy(fold, clock.now())) {
        if (!clock.isPatient()) return undefined
        yield { do: 'wait' }
        continue
      }
      const alone = isSuspect(fold.result)
      claim = yield* claimLog(job, reader, clock.now())
      if (claim) return { claim, alone }
      if (!clock.isPatient()) return undefined
    }
  } finally {
    if (!claim) fs.closeSync(fd)
  }
}

/** True if this log may be why its last request failed: there was an HTTP status, or nobody knows what happened. */
function isSuspect(result: Result | undefined): boolean {
  if (!result || result.what === 'taken') return false
  return result.what === 'unknown' || /^\d/.test(result.why)
}

/**
 * True if a new log must replace this one: the fingerprint has ended, records are missing, the file is a copy, or the
 * clock was ahead when it was claimed.
 */
function mustEnd(fold: Fold, fd: number, fingerprint: Fingerprint | undefined, now: number): boolean {
  const { head, damaged, time } = fold
  if (!head) return false
  return (
    damaged ||
    time > now + AHEAD_MS ||
    fingerprint?.status !== 'good' ||
    fingerprint.fingerprint !== head.fingerprint ||
    isCopied(head.file, fs.fstatSync(fd))
  )
}

/**
 * For how many more ms a burst or the tool's interval holds this request back; 0 if it is due. If the tail does not
 * show the last claim, repeats its time, because commands read only the tail and would each start a helper.
 */
function holdOf({ ignoreHold, intervalMs }: Job, fd: number, fold: Fold, now: number): number {
  if (ignoreHold) return 0
  const { size } = fs.fstatSync(fd)
  const tail = readTail(fd, size, intervalMs)
  const until = heldUntil(tail, now, intervalMs, fold.time)
  if (until === 0) return 0
  if (heldUntil(tail, now, intervalMs) === 0) append(fd, `!last ${fold.time}`)
  return until - now
}

/** Appends a claim, then reads whether it is valid. Undefined where another process was faster. */
function* claimLog(job: Job, reader: Reader, ms: number): Steps<Claimed | undefined> {
  const nonce = random()
  const { total } = reader.fold
  yield { do: 'pause' }
  append(reader.fd, `!send ${nonce} ${total} ${lifeOf(job)} ${ms}`)
  let goesOn = false
  try {
    yield { do: 'pause' }
    goesOn = true
  } finally {
    // `abandon` has ended this delivery in the pause. The claim must not block others.
    if (!goesOn) append(reader.fd, `!refused ${nonce} ended ${ms}`)
  }
  const fold = readOn(reader, nonce)
  if (fold.open?.nonce !== nonce || fold.damaged) return undefined
  // The fold ends at this claim: what was counted after it is for the next body.
  return { reader, nonce, ms, part: partOf(fold) }
}

/**
 * Adds the older logs to the claims, except the suspects: these are only listed. All points of a request have one time:
 * if those of an older log were later, its version would look like the one in use.
 */
export function* claimOlder(job: Job, clock: Clock, claims: Claimed[], suspects: OtherLog[]): Steps<void> {
  let bytes = 0
  for (const log of olderLogs(job.path)) {
    if (claims.length > MAX_OLDER || bytes >= MAX_OLDER_BYTES) break
    try {
      const claim = yield* claimOther(job, clock, log, claims[0]!.ms, suspects)
      if (!claim) continue
      claims.push(claim)
      bytes += claim.part.length
    } catch {
      // It cannot be read or written now. The command's own log does not wait for it.
    }
  }
}

/**
 * Claims another log of the same tool, installation and endpoint. Undefined where that is not possible now: it does not
 * wait. With `suspects`, a log that may be why its last request failed is added there, and not claimed.
 */
export function* claimOther(
  job: Job,
  clock: Clock,
  other: OtherLog,
  ms: number,
  suspects?: OtherLog[],
): Steps<Claimed | undefined> {
  const fd = openIfThere(other.path)
  if (fd === undefined) return undefined
  let claim: Claimed | undefined
  try {
    const reader = openReader(fd)
    const fold = readOn(reader)
    const now = clock.now()
    const fingerprint = readFingerprint(job.stateFolder, now)
    if (!fold.head || mustEnd(fold, fd, fingerprint, now) || fold.taken === fold.total || isBusy(fold, now))
      return undefined
    if (fold.head.resource['service.name'] !== job.draft.resource['service.name']) return undefined
    if (suspects && isSuspect(fold.result)) {
      suspects.push(other)
      return undefined
    }
    claim = yield* claimLog(job, reader, ms)
    return claim
  } finally {
    if (!claim) fs.closeSync(fd)
  }
}

/** For a log whose only head was cut short when a command wrote it. */
function appendHead({ draft }: Job, fd: number, stored: Fingerprint | undefined): void {
  if (stored?.status !== 'good') return
  const { fingerprint } = stored
  append(fd, headRecord(stampOf(fs.fstatSync(fd)), crypto().randomUUID(), { fingerprint, ...draft }))
}

function openIfThere(path: string): number | undefined {
  try {
    return openLog(path)
  } catch {
    return undefined // removed, set aside, or not readable any more
  }
}
