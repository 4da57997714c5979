import { saysNo } from '../core/decide/consent.ts'
import type { Job, Outcome } from '../core/deliver/job.ts'
import { syncFile } from '../core/files.ts'
import { append } from '../core/log/mark.ts'
import { fs } from '../core/node.ts'
import { EARLIEST } from '../core/version.ts'
import { bodyOf } from './body.ts'
import { type Claimed, claimOlder, claimOther, claimOwn, LIFE_AFTER_TIMEOUT_MS } from './claim.ts'
import { type OtherLog, removeOldLogs } from './logs.ts'
import { readOn, writeCheckpoint } from './reader.ts'
import type { Clock, Request, Steps } from './step.ts'

/**
 * Delivers what a log has counted, and the older logs with it: claim, sync, look, send, settle. docs/exactness.md has the
 * reason for each.
 */
export function* send(job: Job, clock: Clock): Steps<void> {
  // A clock at 1970: backends refuse such points, and the zero of each series would be lost.
  if (clock.now() < EARLIEST || saysNo(job.answers)) return
  const own = yield* claimOwn(job, clock)
  if (!own) return
  // A log that may be why the last request failed goes alone.
  const suspects: OtherLog[] = []
  const addOlder = (claims: Claimed[]) => claimOlder(job, clock, claims, suspects)
  const { what } = yield* sendOne(job, clock, own.claim, own.alone ? undefined : addOlder)
  if (what === 'taken') {
    for (const log of suspects) {
      const claim = yield* claimOther(job, clock, log)
      if (claim && (yield* sendOne(job, clock, claim)).what !== 'taken') break
    }
  }
  // Old logs go only after an accepted request: offline, one wrong clock would remove everything that waits.
  removeOldLogs(job.path, what === 'taken' ? clock.now() : 0)
}

/** One body, one POST, one line in each log that says what became of it. `addOlder` claims what goes with it. */
function* sendOne(
  job: Job,
  clock: Clock,
  claim: Claimed,
  addOlder?: (claims: Claimed[]) => Steps<void>,
): Steps<Outcome> {
  const claims = [claim]
  const fingerprint = claim.reader.fold.head!.fingerprint!
  const headers = { ...job.headers, 'otlp-tally-shard': fingerprint.slice(0, 4) }
  const request: Request = { url: job.url, headers, body: '', mayHaveLeft: false }
  let outcome: Outcome | undefined
  try {
    if (addOlder) yield* addOlder(claims)
    request.body = bodyOf(claims.map(({ part }) => part))
    yield { do: 'sync', fds: claims.map(({ reader }) => reader.fd) }
    const life = job.timeoutMs + LIFE_AFTER_TIMEOUT_MS
    const stands = claims.every(claim => isStillValid(claim, clock.now(), life)) && !saysNo(job.answers)
    outcome = stands ? yield { do: 'post', request } : { what: 'refused', why: 'given-up' }
  } catch (error) {
    outcome = {
      what: request.mayHaveLeft ? 'unknown' : 'refused',
      why: `${(error as NodeJS.ErrnoException).code}`,
    }
  } finally {
    // Without an outcome this process ends while it waits.
    outcome ??= { what: request.mayHaveLeft ? 'unknown' : 'refused', why: 'ended' }
    for (const claim of claims) settle(claim, outcome, clock.now())
  }
  return outcome
}

/** Just before the POST: the file still has a name, and no other process has claimed it while this one was suspended. */
function isStillValid({ reader, nonce, ms }: Claimed, now: number, life: number): boolean {
  return fs.fstatSync(reader.fd).nlink !== 0 && readOn(reader).last === nonce && Math.abs(now - ms) < life
}

function settle({ reader, nonce }: Claimed, { what, why }: Outcome, now: number): void {
  const { fd } = reader
  try {
    append(fd, `!${what} ${nonce} ${why.replace(/\s/g, '-') || '-'} ${Math.max(now, EARLIEST)}`)
    // After a power cut the series must still begin with a zero.
    if (what === 'refused') syncFile(fd)
    writeCheckpoint(reader)
  } catch {
    // The disk is full, or the log was removed: the claim blocks until its life is over, as after a kill.
  } finally {
    fs.closeSync(fd)
  }
}
