import { FETCH, FLOOR, HTTP, idOf, PACKAGE, tally } from './cases.js'
import { BROKEN } from './network.js'
import { FIGURES } from './results.js'
import { range, table } from './statistics.js'

/** @typedef {import('./results.js').Results} Results */
/** @typedef {import('./statistics.js').Estimate} Estimate */
/** @typedef {{ gzipped: number, lines: number | undefined, dependencies: number }} Size */

const { cpu, wall, left, counting } = FIGURES
/** "The same" and "within" are within this: what no person notices and the benchmark can still tell. */
const SAME_MS = 1

/**
 * The budgets of DESIGN.md, each with what this run measured.
 * @param {Results} results @param {'here' | 'against'} from @param {Size} size
 */
function budgets(results, from, size) {
  const names = tally(from)
  const up = (/** @type {string} */ name) => idOf('up', name)
  const on = up(names.on)
  /**
   * @param {string} what @param {number} limit @param {string} unit @param {string[]} ids
   * @param {(...medians: number[]) => number} combine @param {import('./results.js').Figure} figure
   */
  const measured = (what, limit, unit, ids, combine, figure = cpu) => ({
    what,
    limit,
    unit,
    measured: ids.every(results.has) ? results.estimate(figure, ids, combine) : undefined,
  })
  const exact = (
    /** @type {string} */ what,
    /** @type {number} */ limit,
    /** @type {string} */ unit,
    /** @type {number | undefined} */ value,
  ) => ({ what, limit, unit, measured: value === undefined ? undefined : { value, low: value, high: value } })
  const minus = (/** @type {number} */ a, /** @type {number} */ b) => a - b
  const divided = (/** @type {number} */ a, /** @type {number} */ b) => a / b
  const floors = [on, up(FLOOR), up(PACKAGE)]
  const perFloor = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c) => a / (b + c)
  const helper = {
    what: 'helper: CPU / CPU added by inline delivery',
    limit: 1.3,
    unit: '×',
    measured: helperRatio(results, on, up(names.inline)),
  }
  return [
    measured('on, as a package: CPU / (floor + empty package)', 1.5, '×', floors, perFloor),
    measured('on, as a package: wall / (floor + empty package)', 1.5, '×', floors, perFloor, wall),
    measured('on, bundled: CPU / hand-written `node:http`', 1, '×', [up(names.bundled), up(HTTP)], divided),
    ...['far', ...BROKEN].flatMap(state => {
      const id = state === 'far' ? idOf('far', names.on) : idOf('broken', names.on, state)
      const title = state === 'far' ? '50 ms away, over TLS' : state
      return [
        measured(`${title}: CPU − up`, SAME_MS, 'ms', [id, on], minus),
        measured(`${title}: wall − up`, SAME_MS, 'ms', [id, on], minus, wall),
      ]
    }),
    measured('off by environment: CPU − empty package', 1.5, 'ms', [up(names.off), up(PACKAGE)], minus),
    measured(
      'off by environment: wall − empty package',
      1.5,
      'ms',
      [up(names.off), up(PACKAGE)],
      minus,
      wall,
    ),
    helper,
    ...[names.used, names.many, names.both].flatMap(name => {
      const title = name.replace(/^.*, on, /, '')
      const pair = (/** @type {'steps' | 'tallies'} */ group) => [idOf(group, name), idOf(group, names.on)]
      return [
        measured(
          `${title}: CPU of \`trackCommand\` − the first`,
          SAME_MS,
          'ms',
          pair('steps'),
          minus,
          counting,
        ),
        measured(`${title}: CPU of the whole command − the first`, SAME_MS, 'ms', pair('tallies'), minus),
      ]
    }),
    exact('core, bundled, minified, gzipped', 14_000, 'bytes', size.gzipped),
    exact("the run path's folder, lines of code", 1500, 'lines', size.lines),
    exact('runtime dependencies', 0, '', size.dependencies),
  ]
}

/** The helper's whole process, its start included, against what delivery inline adds to the command. */
function helperRatio(/** @type {Results} */ results, /** @type {string} */ on, /** @type {string} */ inline) {
  if (!results.has(on) || !results.has(inline)) return undefined
  return results.ratio(results.all(on, left), results.added(inline, cpu))
}

/**
 * @param {Results} results
 * @param {Partial<Record<'here' | 'against', Size>>} sizes
 */
export function printBudgets(results, sizes) {
  const builds = /** @type {('here' | 'against')[]} */ (Object.keys(sizes))
  const columns = builds.map(from => budgets(results, from, /** @type {Size} */ (sizes[from])))
  console.log('\n### Budgets\n')
  console.log(
    table(
      ['what', 'at most', ...builds.flatMap(from => [from === 'here' ? 'measured' : '--against', 'verdict'])],
      (columns[0] ?? []).map(({ what, limit, unit }, i) => [
        what,
        `${limit} ${unit}`.trim(),
        ...columns.flatMap(column => {
          const { measured } = column[i] ?? {}
          return measured ? [show(measured, unit), verdict(measured, limit, unit)] : ['', 'not measured']
        }),
      ]),
    ),
  )
  printWaiting(results)
}

const isExact = (/** @type {Estimate} */ { low, high }) => low === high

const show = (/** @type {Estimate} */ measured, /** @type {string} */ unit) =>
  isExact(measured) ? `${measured.value}` : range(measured, unit === '×' ? 2 : 1)

/** Where the limit lies within the range of the estimate, another run may say the opposite. */
function verdict(/** @type {Estimate} */ measured, /** @type {number} */ limit, /** @type {string} */ unit) {
  const { value, low, high } = measured
  const sure = isExact(measured) || high <= limit || low > limit ? '' : ', within noise'
  if (value <= limit) return `met${sure}`
  const over = value - limit
  const amount = isExact(measured) ? `${over}` : over.toFixed(unit === '×' ? 2 : 1)
  return `missed by ${amount} ${unit}${sure}`.replace('  ', ' ')
}

/** What the requests by hand wait for where the Collector is far: the other half of that budget. */
function printWaiting(/** @type {Results} */ results) {
  const names = [tally('here').on, HTTP, FETCH].map(name => ({ name, id: idOf('far', name) }))
  if (!names.every(({ id }) => results.has(id))) return
  const texts = names.map(({ name, id }) => {
    const waiting = results.estimate(wall, [id], (one = Number.NaN) => one)
    return `${name} ${range(waiting, 1)}`
  })
  console.log(`\nWall ms added where the Collector is 50 ms away, over TLS: ${texts.join('; ')}.`)
}
