import { type Decision, endpointOf, type Facts, settings } from './decide/decision.ts'
import type { Post } from './deliver/post.ts'
import type { TelemetryOptions } from './options.ts'
import { type Description, encodeMetrics, type Point } from './otlp/metrics.ts'
import {
  ensureInstallation,
  findInstallation,
  type Installation,
  memoryInstallation,
  resourceOf,
} from './tally/installation.ts'
import { type Series, seriesPath } from './tally/series.ts'
import type { Tallied } from './tally/stream.ts'
import { version } from './version.ts'

/** From a decision to the body that it allowed: what is counted between two deliveries. */
export interface Batch {
  decision: Decision
  /** Counts one invocation, if the decision lets it. Throws where it cannot. */
  count(series: Series, now: number): void
  /** The body that carries the counts, as OTLP/JSON. Undefined where there are none to be read (any more). */
  body(now: number): string | undefined
  /** The request that carries the counts; undefined while there is nothing to send. `now` is later than any before. */
  request(now: number, anyway?: boolean): Post | undefined
}

/** What this process counted of one series. */
interface Counted {
  series: Series
  count: number
}

/** A point of zero that is older would not be taken: receivers have seen later times by then. */
const MAX_ZERO_AGE_MS = 5 * 60_000

/**
 * For a balancer, which sees headers and not bodies: all that an installation sends can go to one server. One of 65,536,
 * which says less than the body. Of the fingerprint, not of the instance: an installation in two versions is still one.
 */
const SHARD = 'otlp-tally-shard'

/** The pipe to the helper holds at least 64 kB before anybody reads; what does not fit would be lost at exit. */
const MAX_BODY = 60_000

/**
 * The batch that follows from a decision. The decision holds for one batch, so a program that runs on obeys an opt-out
 * at its next one. `since` is the start of what this batch counts, for delta temporality.
 */
export function openBatch(options: TelemetryOptions, facts: Facts, decision: Decision, since: number): Batch {
  const counted = new Map<string, Counted>()
  let installation: Installation | undefined
  let due = false

  function append(series: Series, now: number) {
    const { state } = facts.folders()!
    try {
      installation ??=
        decision.mode === 'log'
          ? memoryInstallation(findInstallation(options, state))
          : ensureInstallation(options, state, now)
      return installation.stream.append(series, now)
    } catch (error) {
      // Nothing can be stored. Only who said yes is counted all the same, as an installation of this process alone.
      if (!decision.explicit || error instanceof RangeError) throw error
      installation = memoryInstallation({ ...(installation && { fingerprint: installation.fingerprint }) })
      return installation.stream.append(series, now)
    }
  }

  function points(now: number): Point[] {
    const delta = options.temporality === 'delta'
    if (delta)
      return [...counted.values()].map(({ series, count }) => ({
        ...series,
        start: since,
        time: now,
        value: count,
      }))
    return installation!.stream
      .read(now)
      .sort(ownFirst)
      .flatMap(tallied => {
        const { series, start, time, count } = tallied
        const zero = { ...series, start, time: start + 1, value: 0 }
        const point = { ...series, start, time, value: count }
        // Receivers that compare with the point before would lose the first invocation of a series.
        return begins(tallied, now) ? [zero, point] : [point]
      })
  }

  /** Whoever is first to send a series begins it: also one of a command that was killed, or that runs on. */
  function begins(tallied: Tallied, now: number): boolean {
    return !tallied.begun && now - tallied.start < MAX_ZERO_AGE_MS && installation!.stream.begin(tallied)
  }

  const ownFirst = (a: Tallied, b: Tallied) =>
    Number(counted.has(seriesPath(b.series))) - Number(counted.has(seriesPath(a.series))) || b.start - a.start

  function body(now: number): string | undefined {
    const all = points(now)
    if (!all.length) return undefined
    const resource = resourceOf(options, installation!)
    for (;;) {
      const text = encodeMetrics(resource, all, options.temporality ?? 'cumulative', describe(options))
      if (text.length <= MAX_BODY || all.length === 1) return text
      all.length = Math.floor((all.length * MAX_BODY) / (text.length + 1))
    }
  }

  return {
    decision,
    count(series, now) {
      if (decision.mode === 'off') return
      const path = seriesPath(series)
      // A delta that is not sent is lost, so there no burst is thinned out.
      due = append(series, now) || due || options.temporality === 'delta'
      counted.set(path, { series, count: (counted.get(path)?.count ?? 0) + 1 })
    },
    body,
    request(now, anyway = false) {
      if (!counted.size || !(due || anyway) || decision.mode === 'local') return undefined
      const text = body(now)
      if (text === undefined) return undefined
      const { url, source } = endpointOf(facts)
      const { headers, timeout_ms } = settings(facts)
      return {
        url: url!,
        headers: {
          // The tool's headers are for the tool's endpoint. Where the user set another, they get theirs.
          ...(source === 'the tool' && lowerCase(options.headers)),
          ...lowerCase(headers),
          'content-type': 'application/json',
          'user-agent': `otlp-tally/${version}`,
          [SHARD]: installation!.fingerprint.slice(0, 4),
        },
        timeoutMs: timeout_ms ?? options.timeoutMs ?? 2000,
        body: text,
      }
    },
  }
}

/** Names in lower case, or two spellings of `content-type` would be joined by a comma. */
function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** UCUM annotations: what one of them is. */
export function describe({
  metricName = 'command_invocation',
  name,
}: TelemetryOptions): (metric: string) => Description {
  return metric =>
    metric === metricName
      ? { description: `Invocations of ${name} by command.`, unit: '{invocation}' }
      : { description: `Events of ${name}.`, unit: '{event}' }
}
