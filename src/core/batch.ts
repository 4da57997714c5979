import { readConfig } from './decide/config.ts'
import { type Decision, endpointOf, type Facts, headersOf, settingsOf } from './decide/decide.ts'
import type { Job, Tallied } from './deliver/job.ts'
import { crypto, fs } from './node.ts'
import type { TelemetryOptions } from './options.ts'
import { ensureFingerprint, fingerprintPath, makeFingerprint, readFingerprint } from './tally/fingerprint.ts'
import { seriesPath } from './tally/series.ts'
import { count, ensureInstance, MAX_SERIES, readInstance, streamFolder } from './tally/stream.ts'
import { version, WRITTEN } from './version.ts'
import { type Attributes, listsOf, type Series } from './vocabulary.ts'

/** From a decision to the job that it allowed: what is counted between two deliveries. */
export interface Batch {
  facts: Facts
  decision: Decision
  /** Counts one invocation, as the decision says. Throws where it cannot. */
  count(series: Series, now: number): void
  /** What delivers the counts; undefined while there is nothing to send. `now` is later than any before. */
  job(now: number, anyway?: boolean): Job | undefined
}

/** Who counts: the ids, and the folder of the counts where they are stored. */
interface Installation {
  fingerprint: string
  /** `service.instance.id`, a random UUID that lives and dies with the counts. */
  instance: string
  folder?: string
}

/**
 * A load balancer sees headers but not bodies. With this header it can send all requests of an installation to one server.
 * The value is the first four digits of the fingerprint, one of 65,536, so it reveals less than the body. It is not made
 * from the instance id, because an installation has one for each version.
 */
const SHARD = 'otlp-tally-shard'

/**
 * The batch that follows from a decision. The decision holds for one batch, so a program that runs on obeys an opt-out
 * at its next one. `since` is the start of what this batch counts, for delta temporality.
 */
export function openBatch(facts: Facts, decision: Decision, since: number): Batch {
  const { options } = facts
  const { mode, explicit } = decision
  const isDelta = options.temporality === 'delta'
  const own = new Map<string, Tallied>()
  let installation: Installation | undefined
  let due = false

  /** False while a burst lasts and this invocation need not be sent. */
  function store(path: string, now: number): boolean {
    const { state } = facts.folders()!
    if (mode === 'local') return count(streamFolder(options, state, undefined), path, now, true)
    if (mode === 'log') installation ??= inMemory(find(state, now))
    else {
      try {
        installation ??= ensure(state, now)
        if (installation.folder) return count(installation.folder, path, now, false)
      } catch (error) {
        // Nothing can be stored. Only with explicit consent it is counted anyway, as an installation that lives for
        // this process. What is in the stream already is sent by a later run.
        if (!explicit || error instanceof RangeError) throw error
        if (!isDelta) own.clear()
        installation = inMemory(installation && { fingerprint: installation.fingerprint })
      }
    }
    if (!own.has(path) && own.size >= MAX_SERIES)
      throw new RangeError(`there are ${MAX_SERIES} series already`)
    return true
  }

  /** The installation as it is stored, made now where there is none. Throws where it cannot be stored. */
  function ensure(state: string, now: number): Installation {
    let made = false
    const note = () => (made = true)
    const fingerprint = ensureFingerprint(state, now, note)
    const folder = streamFolder(options, state, fingerprint)
    const instance = ensureInstance(folder, now, note)
    if (made && wasDisabled()) {
      for (const path of [folder, fingerprintPath(state)]) fs.rmSync(path, { recursive: true, force: true })
      throw new RangeError('it was disabled just now')
    }
    return { fingerprint, instance, folder }
  }

  /**
   * `disable` writes the config and then removes the ids. If that came between the decision and the making of these, it
   * is seen here: one of the two always sees the other. Without this, the ids would be left after `disable`.
   */
  function wasDisabled(): boolean {
    const config = readConfig(facts.folders()!.config)
    return decision.rule !== 4 && 'enabled' in config && config.enabled === false
  }

  /** The installation as far as it is stored and can be used. Writes nothing. */
  function find(state: string, now: number): Partial<Installation> {
    const stored = readFingerprint(state, now)
    if (stored?.state !== 'good') return {}
    const { fingerprint } = stored
    const folder = streamFolder(options, state, fingerprint)
    const instance = readInstance(folder)
    return { fingerprint, ...(instance && { instance, folder }) }
  }

  return {
    facts,
    decision,
    count(series, now) {
      const path = seriesPath(series)
      // A delta that is not sent is lost, so there no burst is thinned out.
      due = store(path, now) || due || isDelta
      const { count, first } = own.get(path) ?? { count: 0, first: now }
      own.set(path, { series, path, count: count + 1, first, last: now })
    },
    job(now, anyway) {
      if (!own.size || !(due || anyway) || mode === 'local') return undefined
      // The clock is wrong: a backend refuses points with such a time, and the zero of each series would be lost.
      if (now < WRITTEN && mode === 'on') return undefined
      const { folder, ...ids } = installation!
      const { name, temporality } = options
      const config = settingsOf(facts)
      const { url, source } = endpointOf(facts, config)
      return {
        url: url!,
        headers: {
          ...headersOf(facts, config, source),
          'content-type': 'application/json',
          'user-agent': `otlp-tally/${version}`,
          [SHARD]: ids.fingerprint.slice(0, 4),
        },
        timeoutMs: config.timeout_ms ?? options.timeoutMs ?? 2000,
        source: {
          resource: resourceOf(options, ids),
          options: { name, temporality, ...listsOf(options) },
          counted: [...own.keys()],
          ...(isDelta ? { interval: [since, now] } : folder && { folder }),
          ...((isDelta || !folder || mode === 'log') && { own: [...own.values()] }),
        },
      }
    },
  }
}

/** Fills in missing ids for this process only. */
function inMemory(stored: Partial<Installation> = {}): Installation {
  return {
    ...stored,
    fingerprint: stored.fingerprint ?? makeFingerprint(),
    instance: stored.instance ?? crypto().randomUUID(),
  }
}

/** The resource attributes of everything that this installation sends, in the order in which they are sent. */
export function resourceOf(
  { name, version, resourceAttributes }: TelemetryOptions,
  { fingerprint, instance }: Pick<Installation, 'fingerprint' | 'instance'>,
): Attributes {
  return {
    'service.name': name,
    'service.version': version,
    'service.instance.id': instance,
    'user.fingerprint': fingerprint,
    ...resourceAttributes,
  }
}
