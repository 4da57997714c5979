import { saysNo } from '../core/decide/consent.ts'
import type { Job, Outcome } from '../core/deliver/job.ts'
import { syncFile } from '../core/files.ts'
import { append } from '../core/log/mark.ts'
import { fs } from '../core/node.ts'
import { EARLIEST } from '../core/version.ts'
import { bodyOf } from './body.ts'
import { type Claimed, claimOlder, claimOther, claimOwn, lifeOf } from './claim.ts'
import { type OtherLog, removeOldLogs } from './logs.ts'
import { readOn, writeCheckpoint } from './reader.ts'
import { type Clock, type Request, type Steps, unanswered } from './step.ts'

/**
 * Delivers what a log has counted, and older logs with it: claim, sync, check the claim again, send, record the
 * outcome. docs/exactness.md has the reason for each.
 */
export function* send(job: Job, clock: Clock): Steps<void> {
  // With a clock at 1970, backends refuse the points, and the zero of each series is lost.
  if (clock.now() < EARLIEST || saysNo(job.answers)) return
  const own = yield* claimOwn(job, clock)
  if (!own) return
  // An older log that may be why its last request failed is sent in a request of its own.
  const suspects: OtherLog[] = []
  const { what } = yield* sendOne(job, clock, own.claim, own.alone ? undefined : suspects)
  if (what === 'taken') {
    for (const log of suspects) {
      const claim = yield* claimOther(job, clock, log, clock.now())
      if (claim && (yield* sendOne(job, clock, claim)).what !== 'taken') break
    }
  }
  // Logs are too old only after an accepted request: offline, one wrong clock would remove all that waits.
  removeOldLogs(job.path, what === 'taken' ? clock.now() : 0)
}

/**
 * One body, one POST, and one record in each log that says what became of it. With `suspects`, older logs go with it,
 * and those that may be why their last request failed are added to `suspects` instead.
 */
function* sendOne(job: Job, clock: Clock, claim: Claimed, suspects?: OtherLog[]): Steps<Outcome> {
  const claims = [claim]
  const fingerprint = claim.reader.fold.head!.fingerprint!
  const headers = { ...job.headers, 'otlp-tally-shard': fingerprint.slice(0, 4) }
  const request: Request = { url: job.url, headers, body: '', sent: false }
  let outcome: Outcome | undefined
  try {
    if (suspects) yield* claimOlder(job, clock, claims, suspects)
    request.body = bodyOf(claims.map(({ part }) => part))
    yield { do: 'sync', fds: claims.map(({ reader }) => reader.fd) }
    const life = lifeOf(job)
    const maySend = claims.every(claim => isStillValid(claim, clock.now(), life)) && !saysNo(job.answers)
    outcome = maySend ? yield { do: 'post', request } : unanswered(request, 'given-up')
  } catch (error) {
    outcome = unanswered(request, `${(error as NodeJS.ErrnoException).code}`)
  } finally {
    // Without an outcome, `abandon` has ended this delivery in one of its steps.
    outcome ??= unanswered(request, 'ended')
    for (const claim of claims) settle(claim, outcome, clock.now())
  }
  return outcome
}

/**
 * Just before the POST: the log was not removed, and this process was not suspended for so long that its claim is over
 * or another process has claimed the log.
 */
function isStillValid({ reader, nonce, ms }: Claimed, now: number, life: number): boolean {
  return (
    fs.fstatSync(reader.fd).nlink !== 0 && readOn(reader).lastNonce === nonce && Math.abs(now - ms) < life
  )
}

function settle({ reader, nonce }: Claimed, { what, why }: Outcome, now: number): void {
  const { fd } = reader
  try {
    append(fd, `!${what} ${nonce} ${why.replace(/\s/g, '-') || '-'} ${Math.max(now, EARLIEST)}`)
    // If a power cut took this record back, the claim would stay open, and the series would go on without a zero.
    if (what === 'refused') syncFile(fd)
    writeCheckpoint(reader)
  } catch {
    // The disk is full, or cannot be written: the claim blocks others until its life is over, as after a kill.
  } finally {
    fs.closeSync(fd)
  }
}
