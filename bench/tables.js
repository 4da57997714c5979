import { FLOOR, idOf } from './cases.js'
import { BROKEN } from './network.js'
import { FIGURES, STEPS } from './results.js'
import { median, number, range, spread, table } from './statistics.js'

/** @typedef {import('./results.js').Results} Results */
/** @typedef {import('./cases.js').Group} Group */

const { cpu, wall, memory, left } = FIGURES
const divide = (/** @type {number} */ a, /** @type {number} */ b) => a / b
const average = (/** @type {readonly number[]} */ values) =>
  String(Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1)))

/** @param {Results} results */
export function printTables(results) {
  printAdded(results, 'up', 'The Collector on loopback', 'added to an empty script')
  printAdded(results, 'far', 'The Collector 50 ms away, over TLS', 'added to an empty script')
  printBroken(results)
  printAdded(results, 'waits', 'A command that waits 300 ms, on a single core', 'added to that command')
  printAdded(results, 'computes', 'A command that computes, on a single core', 'added to that command')
  printAdded(results, 'logs', 'After many invocations, and with many series', 'added to an empty script')
}

/** @param {Results} results @param {Group} group @param {string} title @param {string} head */
function printAdded(results, group, title, head) {
  const rows = results.cases.filter(one => one.group === group && results.has(one.id))
  if (!rows.length) return
  const floor = idOf('up', FLOOR)
  const comparable = group === 'up' || group === 'far'
  const times = (/** @type {string} */ id, /** @type {import('./results.js').Figure} */ figure) =>
    results.has(floor)
      ? range(
          results.estimate(
            [id, floor].map(one => ({ id: one, figure })),
            divide,
          ),
        )
      : ''
  const quiet = (/** @type {string} */ id, /** @type {import('./results.js').Figure} */ figure) =>
    number(results.quiet([{ id, figure }], (one = Number.NaN) => one))
  /** @param {import('./results.js').Case} one @param {import('./results.js').Figure} figure */
  const cells = ({ id, baseline }, figure) => {
    const ms = spread([...results.added(id, figure).values()])
    return [ms, quiet(id, figure), ...(comparable ? [id === baseline ? '' : times(id, figure)] : [])]
  }
  const ratio = ['in quiet', ...(comparable ? ['× floor'] : [])]
  console.log(`\n### ${title}\n`)
  console.log(
    table(
      [head, 'CPU ms', ...ratio, 'wall ms', ...ratio, 'CPU left behind ms', 'peak MB', 'left', 'POSTs'],
      rows.map(one => {
        const { id, name } = one
        const samples = results.samples(id)
        return [
          name,
          ...cells(one, cpu),
          ...cells(one, wall),
          number(median([...results.all(id, left).values()])),
          number(median([...results.added(id, memory).values()])),
          average(samples.map(sample => sample.left)),
          average(samples.map(sample => sample.posts)),
        ]
      }),
    ),
  )
}

/** @param {Results} results */
function printBroken(results) {
  const rows = results.cases.filter(one => one.group === 'broken' && results.has(one.id))
  if (!rows.length) return
  const states = BROKEN.filter(state => rows.some(row => row.state === state))
  const names = [...new Set(rows.map(({ name }) => name))]
  for (const [title, figure] of /** @type {const} */ ([
    ['wall', wall],
    ['CPU', cpu],
  ])) {
    const cells = (/** @type {string} */ name) => {
      // Beside the Collector that is up: the others have to cost the same.
      const ids = [idOf('up', name), ...states.map(state => idOf('broken', name, state))]
      return ids.map(id => {
        const values = [...results.added(id, figure).values()]
        // What has not ended after 30 s is killed by sample.py.
        if (median(results.samples(id).map(wall)) > 29_900) return '> 30 000'
        return values.length ? spread(values) : ''
      })
    }
    console.log(`\n### No answer from the Collector: ${title} ms added to an empty script\n`)
    console.log(
      table(
        ['', 'up', ...states],
        names.map(name => [name, ...cells(name)]),
      ),
    )
  }
}

/** The CPU of each step of a command. @param {Results} results */
export function printSteps(results) {
  const rows = results.cases.filter(one => one.group === 'steps' && results.has(one.id))
  if (!rows.length) return
  console.log('\n### What a command spends it on: CPU ms in its own process\n')
  console.log(
    table(
      ['', ...STEPS],
      rows.map(({ id, name }) => [
        name,
        ...STEPS.map((_, i) =>
          median(results.samples(id).map(({ steps }) => steps?.[i] ?? Number.NaN)).toFixed(2),
        ),
      ]),
    ),
  )
}

/** Names the cases that have done something else than they should. @param {Results} results */
export function printOdd(results) {
  for (const { id, leaves = 0, sends = false, state } of results.cases) {
    const posts = sends && !BROKEN.includes(state) ? 1 : 0
    const samples = results.samples(id)
    const odd = samples.filter(
      sample => sample.left !== leaves || sample.status !== 0 || sample.posts !== posts,
    )
    // What takes 30 s is killed, which the table says.
    if (odd.length && median(samples.map(wall)) < 29_900)
      console.log(
        `\nNot what its name says: ${id}, ${odd.length} of ${samples.length} samples: ${JSON.stringify(odd[0])}`,
      )
  }
}

/**
 * The same rows under several runtimes.
 * @param {readonly { version: string, results: Results }[]} runs
 */
export function printRuntimes(runs) {
  if (runs.length < 2) return
  const rows = runs[0]?.results.cases.filter(({ group }) => group === 'up') ?? []
  for (const [title, figure] of /** @type {const} */ ([
    ['CPU', cpu],
    ['wall', wall],
    ['CPU left behind', left],
  ])) {
    console.log(`\n## ${title} ms added to an empty script, by runtime\n`)
    console.log(
      table(
        ['', ...runs.map(({ version }) => version)],
        rows.map(({ id, name }) => [
          name,
          ...runs.map(({ results }) =>
            results.has(id) ? number(median([...results.added(id, figure).values()])) : '',
          ),
        ]),
      ),
    )
  }
}
