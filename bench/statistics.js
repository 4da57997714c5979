import { randomOf } from './random.js'

/** The value below which a share `q` of the values lies. Interpolated between two values. */
export function quantile(/** @type {readonly number[]} */ values, /** @type {number} */ q) {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * q
  const below = Math.floor(place)
  const [low = Number.NaN, high = low] = [sorted[below], sorted[below + 1]]
  return low + (high - low) * (place - below)
}

export const median = (/** @type {readonly number[]} */ values) => quantile(values, 0.5)

/**
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @returns {T[]}
 */
export function shuffled(items, random) {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [/** @type {T} */ (result[j]), /** @type {T} */ (result[i])]
  }
  return result
}

/** A Markdown table; the first column is text, the others are numbers. */
export function table(
  /** @type {readonly string[]} */ head,
  /** @type {readonly (readonly string[])[]} */ rows,
) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i]?.length ?? 0), 3))
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, i) => (i ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, i) => (i ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** With one digit after the point, and none from 100 on. */
export const number = (/** @type {number} */ value) => value.toFixed(Math.abs(value) < 100 ? 1 : 0)

/** The median and the 10th and 90th percentile: "7.1 (6.4 to 9.0)". */
export const spread = (/** @type {readonly number[]} */ values) =>
  `${number(median(values))} (${number(quantile(values, 0.1))} to ${number(quantile(values, 0.9))})`

/** How often the rounds are drawn, to see how much a result depends on which rounds there were. */
const DRAWS = 1000

/**
 * A result that is made of the medians of several rows, with the range of nine in ten draws of the rounds (bootstrap).
 * A round is drawn with all its rows, because what disturbs a round disturbs all of them.
 * @typedef {{ value: number, low: number, high: number }} Estimate
 * @param {readonly ReadonlyMap<number, number>[]} rows each row's number in each round
 * @param {(...medians: number[]) => number} combine
 * @returns {Estimate}
 */
export function estimate(rows, combine) {
  const rounds = [...new Set(rows.flatMap(row => [...row.keys()]))]
  const random = randomOf(rounds.length)
  const of = (/** @type {readonly number[]} */ drawn) =>
    combine(
      ...rows.map(row =>
        median(drawn.map(round => row.get(round) ?? Number.NaN).filter(v => !Number.isNaN(v))),
      ),
    )
  const draws = Array.from({ length: DRAWS }, () =>
    of(rounds.map(() => rounds[Math.floor(random() * rounds.length)] ?? 0)),
  ).filter(value => !Number.isNaN(value))
  return { value: of(rounds), low: quantile(draws, 0.05), high: quantile(draws, 0.95) }
}

/** "1.93 (1.80 to 2.10)". */
export const range = (/** @type {Estimate} */ { value, low, high }, digits = 2) =>
  Number.isNaN(value) ? '–' : `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
