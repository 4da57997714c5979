import { estimate, median, quantile } from './statistics.js'

/** @typedef {import('./measure.js').Measured} Measured */
/** @typedef {import('./cases.js').Case} Case */
/** @typedef {(sample: Measured) => number} Figure */
/**
 * A part of a result: what a case has added to its baseline, or, with `whole`, all that it has used.
 * @typedef {{ id: string, figure: Figure, whole?: boolean }} Term
 */

/** Other work on the machine only adds. Where it is busy, the quietest tenth is nearer to the cost. */
const QUIET = 0.1

/** What steps.js measures, in its order. */
export const STEPS = ['import', '`initTelemetry`', '`trackCommand`', 'at exit']

/** CPU is user plus system, of the command itself unless it says otherwise. */
export const FIGURES = {
  cpu: (/** @type {Measured} */ { cpu }) => cpu,
  wall: (/** @type {Measured} */ { wall }) => wall,
  memory: (/** @type {Measured} */ { memory }) => memory,
  /** The helper: all that the command left behind. */
  left: (/** @type {Measured} */ { total, cpu }) => total - cpu,
  /** Of the cases that measure themselves: CPU of `trackCommand` alone. */
  counting: (/** @type {Measured} */ { steps }) => steps?.[STEPS.indexOf('`trackCommand`')] ?? Number.NaN,
}

/**
 * Questions to the samples of one run.
 * @param {readonly Case[]} cases @param {ReadonlyMap<string, readonly Measured[]>} samples
 */
export function resultsOf(cases, samples) {
  const byId = new Map(cases.map(one => [one.id, one]))
  const of = (/** @type {string} */ id) => samples.get(id) ?? []

  /** What a case has used, by round: the median where a round has several samples. */
  const all = (/** @type {string} */ id, /** @type {Figure} */ figure) => {
    const rounds = groupByRound(of(id))
    return new Map([...rounds].map(([round, group]) => [round, median(group.map(figure))]))
  }
  /** What a case has added to its baseline in the same round. Of a baseline: all that it has used. */
  const added = (/** @type {string} */ id, /** @type {Figure} */ figure) => {
    const baseline = byId.get(id)?.baseline ?? id
    const own = all(id, figure)
    // What a process has measured itself does not include its start.
    if (baseline === id || figure === FIGURES.counting) return own
    const empty = all(baseline, figure)
    return new Map([...own].map(([round, value]) => [round, value - (empty.get(round) ?? Number.NaN)]))
  }
  const tenth = (/** @type {string} */ id, /** @type {Figure} */ figure) =>
    quantile(of(id).map(figure), QUIET)
  return {
    cases,
    has: (/** @type {string} */ id) => of(id).length > 0,
    samples: of,
    all,
    added,
    /**
     * The combination of the medians of the terms, and its range.
     * @param {readonly Term[]} terms @param {(...medians: number[]) => number} combine
     */
    estimate: (terms, combine) =>
      estimate(
        terms.map(({ id, figure, whole }) => (whole ? all(id, figure) : added(id, figure))),
        combine,
      ),
    /**
     * The same of the 10th percentiles.
     * @param {readonly Term[]} terms @param {(...tenths: number[]) => number} combine
     */
    quiet: (terms, combine) =>
      combine(
        ...terms.map(({ id, figure, whole }) => {
          const baseline = whole || figure === FIGURES.counting ? id : (byId.get(id)?.baseline ?? id)
          return tenth(id, figure) - (baseline === id ? 0 : tenth(baseline, figure))
        }),
      ),
  }
}

/** @typedef {ReturnType<typeof resultsOf>} Results */

/** What `Map.groupBy` does, which Node 20 lacks. */
function groupByRound(/** @type {readonly Measured[]} */ samples) {
  /** @type {Map<number, Measured[]>} */
  const groups = new Map()
  for (const sample of samples) groups.set(sample.round, [...(groups.get(sample.round) ?? []), sample])
  return groups
}
