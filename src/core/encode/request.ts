import { readConfig } from '../decide/config.ts'
import { type Decision, endpointOf, type Facts, headersOf, settingsOf } from '../decide/decide.ts'
import type { Post } from '../deliver/post.ts'
import { fs } from '../node.ts'
import type { TelemetryOptions } from '../options.ts'
import { fingerprintPath } from '../tally/fingerprint.ts'
import {
  ensureInstallation,
  findInstallation,
  type Installation,
  inMemory,
  resourceOf,
} from '../tally/installation.ts'
import { seriesPath } from '../tally/series.ts'
import { count, list, MAX_SERIES, readAll, streamFolder } from '../tally/stream.ts'
import { startOf } from '../tally/tally.ts'
import { version } from '../version.ts'
import { COMMAND_METRIC, FAILURE_METRIC, type Series, seriesProblem } from '../vocabulary.ts'
import { type Body, bodyOf } from './body.ts'
import { type Description, encodeMetrics, type Point } from './metrics.ts'

/** From a decision to the request that it allowed: what is counted between two deliveries. */
export interface Batch {
  facts: Facts
  decision: Decision
  /** Counts one invocation, if the decision lets it. Throws where it cannot. */
  count(series: Series, now: number): void
  /** The request that carries the counts; undefined while there is nothing to send. `now` is later than any before. */
  request(now: number, anyway?: boolean): Post | undefined
}

/** What this process counted of one series. */
interface Own {
  series: Series
  count: number
  first: number
}

/**
 * For a balancer, which sees headers and not bodies: all that an installation sends can go to one server. One of
 * 65,536, which says less than the body. Of the fingerprint, not of the instance: an installation in two versions is
 * still one.
 */
const SHARD = 'otlp-tally-shard'

/**
 * The batch that follows from a decision. The decision holds for one batch, so a program that runs on obeys an opt-out
 * at its next one. `since` is the start of what this batch counts, for delta temporality.
 */
export function openBatch(facts: Facts, decision: Decision, since: number): Batch {
  const { options } = facts
  const { mode, explicit } = decision
  const own = new Map<string, Own>()
  let installation: Installation | undefined
  let due = false

  /** False while a burst lasts and this invocation need not be sent. */
  function store(path: string, now: number): boolean {
    const { state } = facts.folders()!
    if (mode === 'local') return count(streamFolder(options, state, undefined), path, now, true)
    if (mode === 'log') installation ??= inMemory(findInstallation(options, state, now))
    else {
      try {
        let made = false
        installation ??= ensureInstallation(options, state, now, () => (made = true))
        if (made) heedDisable(installation)
        if (installation.folder) return count(installation.folder, path, now, false)
      } catch (error) {
        // Nothing can be stored. Only with explicit consent it is counted anyway, as an installation that lives for
        // this process.
        if (!explicit || error instanceof RangeError) throw error
        installation = inMemory({ ...(installation && { fingerprint: installation.fingerprint }) })
      }
    }
    if (!own.has(path) && own.size >= MAX_SERIES)
      throw new RangeError(`there are ${MAX_SERIES} series already`)
    return true
  }

  /**
   * `disable` writes the config and then removes the ids. If that came between the decision and the making of these, it
   * is seen here: one of the two always sees the other. Without this, the ids would be left after `disable`.
   */
  function heedDisable({ folder }: Installation): void {
    const { config, state } = facts.folders()!
    const now = readConfig(config)
    if (decision.rule === 4 || 'problem' in now || now.enabled !== false) return
    for (const path of [folder!, fingerprintPath(state)]) fs.rmSync(path, { recursive: true, force: true })
    throw new RangeError('it was disabled just now')
  }

  const encode = (points: readonly Point[]) =>
    encodeMetrics(
      resourceOf(options, installation!),
      points,
      options.temporality ?? 'cumulative',
      describe(options),
    )

  function body(now: number): Body | undefined {
    const { folder } = installation!
    if (options.temporality === 'delta')
      return {
        text: encode(
          [...own.values()].map(one => ({ ...one.series, start: since, time: now, value: one.count })),
        ),
      }
    if (mode === 'log' || !folder) return { text: encode(inMemoryPoints(folder, now)) }
    return bodyOf(folder, now, own, ({ series }) => !seriesProblem(series, options), encode)
  }

  /** Stored counts plus those of this process, without writing anything. */
  function inMemoryPoints(folder: string | undefined, now: number): Point[] {
    const stored = folder ? readAll(folder, list(folder), now) : []
    const counts = new Map(stored.map(one => [one.path, { ...one, begun: true }]))
    for (const [path, { series, count, first }] of own) {
      const known = counts.get(path)
      if (known) counts.set(path, { ...known, count: known.count + count })
      else counts.set(path, { path, series, count, first, last: first, tail: '', begun: false })
    }
    return [...counts.values()].flatMap(one => {
      const start = startOf(one)
      const point = { ...one.series, start, time: Math.max(now, one.last), value: one.count }
      return one.begun ? [point] : [{ ...point, time: start + 1, value: 0 }, point]
    })
  }

  return {
    facts,
    decision,
    count(series, now) {
      const path = seriesPath(series)
      // A delta that is not sent is lost, so there no burst is thinned out.
      due = store(path, now) || due || options.temporality === 'delta'
      const known = own.get(path)
      own.set(path, { series, count: (known?.count ?? 0) + 1, first: known?.first ?? now })
    },
    request(now, anyway = false) {
      if (!own.size || !(due || anyway) || mode === 'local') return undefined
      const made = body(now)
      if (!made) return undefined
      const config = settingsOf(facts)
      const { url, source } = endpointOf(facts, config)
      return {
        url: url!,
        headers: {
          ...headersOf(facts, config, source),
          'content-type': 'application/json',
          'user-agent': `otlp-tally/${version}`,
          [SHARD]: installation!.fingerprint.slice(0, 4),
        },
        timeoutMs: config.timeout_ms ?? options.timeoutMs ?? 2000,
        body: made.text,
        note: made.note,
      }
    },
  }
}

/** UCUM annotations: what one of them is. */
export function describe({
  metricName = COMMAND_METRIC,
  name,
}: TelemetryOptions): (metric: string) => Description {
  return metric =>
    metric === metricName
      ? { description: `Invocations of ${name} by command.`, unit: '{invocation}' }
      : metric === FAILURE_METRIC
        ? { description: `Failed invocations of ${name} by command.`, unit: '{invocation}' }
        : { description: `Events of ${name}.`, unit: '{event}' }
}
