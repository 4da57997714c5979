import type { Outcome } from '../core/deliver/job.ts'
import { type Head, parseSeries } from '../core/log/record.ts'
import { parseStamp } from '../core/stamp.ts'
import { isRecord } from '../core/vocabulary.ts'

/**
 * What the records of a log mean, up to some place in it. It depends on nothing but these records, so every process
 * that reads them makes the same body. `core/log/record.ts` lists the records, docs/exactness.md has the argument.
 */
export interface Fold {
  head: Head | undefined
  /**
   * The time of the last body that may have been stored, in ms since 1970. Each claim raises it, and a refusal sets it
   * back. The times of marks do not count.
   */
  time: number
  /** How many marks there are. */
  total: number
  /** How many of them the last accepted body carried. */
  taken: number
  /** Records are gone: a claim has seen more marks than stand before it now, or there is no head before it. */
  damaged: boolean
  series: Map<string, Count>
  /** The claim that has no outcome yet. */
  open: Claim | undefined
  /** The nonce of the last valid claim. */
  lastNonce: string
  /** The outcome of the last request that has one. */
  result: Result | undefined
}

/** What a log says of one series. Times in ms since 1970. */
export interface Count {
  value: number
  /** The time of its first mark. */
  first: number
  /** `startTimeUnixNano`. Constant once the series has begun. */
  start: number
  /** Its zero was in a body that may have been stored. */
  begun: boolean
}

interface Claim {
  nonce: string
  ms: number
  /** For how long it blocks others, in ms. */
  life: number
  /** `Fold.time` before it. */
  before: number
  /** How many marks its body carries. */
  total: number
  /** The series whose zero is in its body. */
  begins: string[]
}

export interface Result extends Outcome {
  ms: number
}

/** More series than this come from unbounded attribute values, such as paths. */
const MAX_SERIES = 128
/** No helper lives longer, in ms: the longest timeout, a second, and 4 s of tolerance. */
const LONGEST_LIFE_MS = 65_000

export function emptyFold(): Fold {
  return {
    head: undefined,
    time: 0,
    total: 0,
    taken: 0,
    damaged: false,
    series: new Map(),
    open: undefined,
    lastNonce: '',
    result: undefined,
  }
}

/**
 * Adds the records of a text, which begins where a record does. Returns how many characters were used: the text after
 * the last newline only if it is a whole record, because another process may still be writing it. With `until`, stops
 * after the claim with that nonce, valid or not.
 */
export function feed(fold: Fold, text: string, until?: string): number {
  let at = 0
  while (at < text.length) {
    const end = text.indexOf('\n', at)
    let line = text.slice(at, end < 0 ? text.length : end)
    // After a power cut, zeros may follow a record that was synced. They do not make it void.
    // Not one search in the whole text: V8 would move it into this loop, and a log of 16 MiB would take a minute.
    const zero = line.indexOf('\0')
    if (zero >= 0) line = line.slice(0, zero)
    const whole = addRecord(fold, line)
    if (end < 0) return whole ? text.length : at
    at = end + 1
    if (until !== undefined && line.startsWith(`!send ${until} `)) return at
  }
  return at
}

/** Adds a record. False if it is not valid. */
function addRecord(fold: Fold, line: string): boolean {
  if (line[0] === '{') {
    const head = parseHead(line)
    fold.head ??= head
    return head !== undefined
  }
  const ms = timeOf(line)
  if (!ms) return false
  const text = line.slice(0, -14)
  if (text[0] === '!') addControl(fold, text, ms)
  else addMark(fold, text, ms)
  return true
}

/** The time at the end of a line; 0 for a line that is no record. */
function timeOf(line: string): number {
  const at = line.length - 13
  if (at < 2 || line[at - 1] !== ' ' || line[at] === '0') return 0
  for (let i = at; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if (code < 48 || code > 57) return 0
  }
  return Number(line.slice(at))
}

function addMark(fold: Fold, text: string, ms: number): void {
  let count = fold.series.get(text)
  if (!count) {
    if (fold.series.size >= MAX_SERIES || !parseSeries(text)) return
    fold.series.set(text, (count = { value: 0, first: ms, start: 0, begun: false }))
  }
  count.value++
  fold.total++
}

function addControl(fold: Fold, text: string, ms: number): void {
  const [what = '', nonce = '', second = '', third = ''] = text.split(' ')
  if (what === '!send') addClaim(fold, nonce, Number(second), Number(third), ms)
  else if (fold.open?.nonce === nonce && /^!(taken|refused|unknown)$/.test(what))
    addOutcome(fold, { what: what.slice(1) as Outcome['what'], why: second, ms })
}

/**
 * Whether another claim is open at this time, so one that is made now is void. An open claim from too far in the future
 * was made by a wrong clock. Only recorded times decide, so all processes agree.
 */
export function isBusy({ open }: Fold, ms: number): boolean {
  return open !== undefined && ms < open.ms + open.life && ms > open.ms - LONGEST_LIFE_MS
}

function addClaim(fold: Fold, nonce: string, seen: number, life: number, ms: number): void {
  if (!nonce || !(life > 0)) return
  // Records that this claim has seen are gone: the end of what was before it, or the beginning with the head.
  if (seen > fold.total || !fold.head) fold.damaged = true
  if (isBusy(fold, ms)) return
  const before = fold.time
  fold.time = Math.max(before + 2, ms)
  const begins: string[] = []
  for (const [text, count] of fold.series) {
    if (count.begun) continue
    count.begun = true
    // Before the zero, which is 1 ms before the first point. Every clock and backend here can tell 1 ms.
    count.start = Math.min(count.first, fold.time) - 2
    begins.push(text)
  }
  fold.open = { nonce, ms, life, before, total: fold.total, begins }
  fold.lastNonce = nonce
}

function addOutcome(fold: Fold, result: Result): void {
  const { total, begins, before } = fold.open!
  fold.open = undefined
  fold.result = result
  if (result.what === 'taken') fold.taken = total
  if (result.what !== 'refused') return
  // Nothing of it was stored: the next body has the zeros again, and a clock that was ahead while no server could be
  // reached changes nothing.
  fold.time = before
  for (const text of begins) fold.series.get(text)!.begun = false
}

function parseHead(line: string): Head | undefined {
  try {
    const head: unknown = JSON.parse(line)
    return isHead(head) ? head : undefined
  } catch {
    return undefined // cut short
  }
}

export function isHead(head: unknown): head is Head {
  if (!isRecord(head)) return false
  const { file, id, metric, resource, fingerprint = '' } = head
  return (
    parseStamp(file) !== undefined &&
    [id, metric, fingerprint].every(text => typeof text === 'string') &&
    isRecord(resource) &&
    Object.values(resource).every(value => typeof value === 'string' || typeof value === 'boolean')
  )
}
