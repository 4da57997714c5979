import { estimate, median } from './statistics.js'

/** @typedef {import('./measure.js').Measured} Measured */
/** @typedef {import('./cases.js').Case} Case */
/** @typedef {(sample: Measured) => number} Figure */

/** What steps.js measures, in its order. */
export const STEPS = ['import', '`initTelemetry`', '`trackCommand`', 'at exit']

/** What can be asked of a sample. CPU is user plus system, of the command itself unless it says otherwise. */
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

  /** All of a case, by round: the median where a round has several samples. */
  const all = (/** @type {string} */ id, /** @type {Figure} */ figure) => {
    const rounds = groupByRound(of(id))
    return new Map([...rounds].map(([round, group]) => [round, median(group.map(figure))]))
  }
  /** What a case added to its baseline in the same round; of a baseline, all of it. */
  const added = (/** @type {string} */ id, /** @type {Figure} */ figure) => {
    const baseline = byId.get(id)?.baseline ?? id
    const own = all(id, figure)
    // What a process has measured in itself is its own already.
    if (baseline === id || figure === FIGURES.counting) return own
    const empty = all(baseline, figure)
    return new Map([...own].map(([round, value]) => [round, value - (empty.get(round) ?? Number.NaN)]))
  }
  return {
    cases,
    has: (/** @type {string} */ id) => of(id).length > 0,
    samples: of,
    all,
    added,
    /**
     * A result made of what each of the cases added.
     * @param {Figure} figure @param {readonly string[]} ids @param {(...medians: number[]) => number} combine
     */
    estimate: (figure, ids, combine) =>
      estimate(
        ids.map(id => added(id, figure)),
        combine,
      ),
    /** @param {ReadonlyMap<number, number>} one @param {ReadonlyMap<number, number>} other */
    ratio: (one, other) => estimate([one, other], (a = Number.NaN, b = Number.NaN) => a / b),
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
