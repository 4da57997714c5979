import { FETCH, FLOOR, HTTP, idOf, PACKAGE, tally } from './cases.js'
import { BROKEN } from './network.js'
import { FIGURES } from './results.js'
import { range, table } from './statistics.js'

/** @typedef {import('./results.js').Results} Results */
/** @typedef {import('./statistics.js').Estimate} Estimate */
/** @typedef {{ gzipped: number, lines: number | undefined, helperLines: number | undefined, installed: number, dependencies: number }} Size */

const { cpu, wall, left, counting } = FIGURES
/** Less than this is no difference: nobody notices it, and the benchmark still measures it. */
const SAME_MS = 1

/**
 * The budgets of the design, each with what this run has measured.
 * @param {Results} results @param {'here' | 'against'} from @param {Size} size
 */
function budgets(results, from, size) {
  const names = tally(from)
  const up = (/** @type {string} */ name) => idOf('up', name)
  const on = up(names.on)
  /** @typedef {import('./results.js').Term} Term */
  /**
   * @param {string} what @param {number} limit @param {string} unit @param {Term[]} terms
   * @param {(...values: number[]) => number} combine
   */
  const measured = (what, limit, unit, terms, combine) => {
    if (!terms.every(({ id }) => results.has(id))) return { what, limit, unit }
    return {
      what,
      limit,
      unit,
      measured: results.estimate(terms, combine),
      quiet: results.quiet(terms, combine),
    }
  }
  const exact = (
    /** @type {string} */ what,
    /** @type {number} */ limit,
    /** @type {string} */ unit,
    /** @type {number | undefined} */ value,
  ) => ({
    what,
    limit,
    unit,
    ...(value !== undefined && { measured: { value, low: value, high: value }, quiet: value }),
  })
  const of = (/** @type {import('./results.js').Figure} */ figure, /** @type {string[]} */ ...ids) =>
    ids.map(id => ({ id, figure }))
  const minus = (/** @type {number} */ a, /** @type {number} */ b) => a - b
  const divided = (/** @type {number} */ a, /** @type {number} */ b) => a / b
  const floors = [on, up(FLOOR), up(PACKAGE)]
  const perFloor = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c) => a / (b + c)
  return [
    measured('sends, as a package: CPU / (floor + empty package)', 1.8, '×', of(cpu, ...floors), perFloor),
    measured('sends, as a package: wall / (floor + empty package)', 1.8, '×', of(wall, ...floors), perFloor),
    measured(
      'does not send (`intervalMs`): CPU / (floor + empty package)',
      1.1,
      '×',
      of(cpu, up(names.interval), up(FLOOR), up(PACKAGE)),
      perFloor,
    ),
    measured(
      'sends, bundled: CPU / hand-written `node:http`',
      0.9,
      '×',
      of(cpu, up(names.bundled), up(HTTP)),
      divided,
    ),
    ...['far', ...BROKEN].flatMap(state => {
      const id = state === 'far' ? idOf('far', names.on) : idOf('broken', names.on, state)
      const title = state === 'far' ? '50 ms away, over TLS' : state
      return [
        measured(`${title}: CPU − up`, SAME_MS, 'ms', of(cpu, id, on), minus),
        measured(`${title}: wall − up`, SAME_MS, 'ms', of(wall, id, on), minus),
      ]
    }),
    measured(
      'off by environment: CPU − empty package',
      1.75,
      'ms',
      of(cpu, up(names.off), up(PACKAGE)),
      minus,
    ),
    measured(
      'off, nothing agreed to yet: CPU − empty package',
      3.75,
      'ms',
      of(cpu, up(names.offDefault), up(PACKAGE)),
      minus,
    ),
    // Whole processes, their start included.
    measured(
      'helper: CPU / a bare `node -e` with one `fetch`',
      1.15,
      '×',
      [
        { id: on, figure: left, whole: true },
        { id: up(FETCH), figure: cpu, whole: true },
      ],
      divided,
    ),
    measured(
      'helper: CPU with a log of nearly 16 MiB − with a new one',
      10,
      'ms',
      of(left, idOf('logs', names.full), idOf('logs', names.on)),
      minus,
    ),
    ...[names.used, names.many].flatMap(name => {
      const title = name.replace(/^.*, on, /, '')
      const pair = (/** @type {'steps' | 'logs'} */ group) => [idOf(group, name), idOf(group, names.on)]
      return [
        measured(
          `${title}: CPU of \`trackCommand\` − the first`,
          SAME_MS,
          'ms',
          of(counting, ...pair('steps')),
          minus,
        ),
        measured(
          `${title}: CPU of the whole command − the first`,
          SAME_MS,
          'ms',
          of(cpu, ...pair('logs')),
          minus,
        ),
      ]
    }),
    exact('core, bundled, minified, gzipped', 17_000, 'bytes', size.gzipped),
    exact('what a command runs (src/core), lines of code', 1200, 'lines', size.lines),
    exact(
      'the same with what its helper runs (src/helper)',
      1600,
      'lines',
      size.lines && size.lines + (size.helperLines ?? 0),
    ),
    exact('installed, unpacked', 450_000, 'bytes', size.installed),
    exact('runtime dependencies', 0, '', size.dependencies),
  ]
}

/**
 * @param {Results} results
 * @param {Partial<Record<'here' | 'against', Size>>} sizes
 */
export function printBudgets(results, sizes) {
  const builds = /** @type {('here' | 'against')[]} */ (Object.keys(sizes))
  const columns = builds.map(from => budgets(results, from, /** @type {Size} */ (sizes[from])))
  const head = builds.flatMap(from => [from === 'here' ? 'medians' : '--against', 'in quiet', 'verdict'])
  const rows = (columns[0] ?? []).flatMap(({ what, limit, unit }, i) => {
    const cells = columns.map(column => column[i] ?? { measured: undefined, quiet: undefined })
    if (cells.every(({ measured }) => !measured)) return []
    return [
      [
        what,
        `${limit} ${unit}`.trim(),
        ...cells.flatMap(({ measured, quiet = Number.NaN }) =>
          measured
            ? [
                show(measured, unit),
                isExact(measured) ? '' : quiet.toFixed(digitsOf(unit)),
                verdict(measured, limit, unit),
              ]
            : ['', '', 'not measured'],
        ),
      ],
    ]
  })
  console.log('\n### Budgets\n')
  console.log(table(['what', 'at most', ...head], rows))
  printWaiting(results)
}

const digitsOf = (/** @type {string} */ unit) => (unit === '×' ? 2 : 1)

/** A count: it is the same in every run. */
const isExact = (/** @type {Estimate} */ { value, low, high }) => low === high && Number.isInteger(value)

const show = (/** @type {Estimate} */ measured, /** @type {string} */ unit) =>
  isExact(measured) ? `${measured.value}` : range(measured, digitsOf(unit))

/** "Within noise": the limit lies in the range of the estimate, so another run may say the opposite. */
function verdict(/** @type {Estimate} */ measured, /** @type {number} */ limit, /** @type {string} */ unit) {
  const { value, low, high } = measured
  const sure = isExact(measured) || high <= limit || low > limit ? '' : ', within noise'
  if (value <= limit) return `met${sure}`
  const over = value - limit
  const amount = isExact(measured) ? `${over}` : over.toFixed(digitsOf(unit))
  return `missed by ${amount} ${unit}${sure}`.replace('  ', ' ')
}

/** How long the hand-written requests wait where the Collector is far, beside the command of this package. */
function printWaiting(/** @type {Results} */ results) {
  const names = [tally('here').on, HTTP, FETCH].map(name => ({ name, id: idOf('far', name) }))
  if (!names.every(({ id }) => results.has(id))) return
  const texts = names.map(({ name, id }) => {
    const waiting = results.estimate([{ id, figure: wall }], (one = Number.NaN) => one)
    return `${name} ${range(waiting, 1)}`
  })
  console.log(`\nWall ms added where the Collector is 50 ms away, over TLS: ${texts.join('; ')}.`)
}
