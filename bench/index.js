// What counting a command costs, side by side with what people would use instead: whole processes, interleaved. Asserts
// nothing: the clock of a shared machine is no judge. See README.md.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loop } from './loop.js'
import { enterNamespace, STATES, startCollectors } from './network.js'
import {
  BODY,
  DETACHED,
  DISABLED,
  EMPTY,
  FETCH,
  FLOOR,
  INLINE,
  makeHome,
  NOTHING,
  OTEL,
  rows,
} from './rows.js'
import { startSampler } from './sampler.js'
import { bundle, installed, sizeOf } from './sizes.js'
import { median, number, quantile, random, shuffled, spread, table } from './statistics.js'

/** @typedef {import('./sampler.js').Sample} Sample */
/** @typedef {import('./network.js').State} State */
/** @typedef {import('./rows.js').Row} Row */

/** A row that takes longer than this is sampled in a few rounds only: seconds are not to be told from noise. */
const SLOW_MS = 1000
const SLOW_ROUNDS = 3
/** What is subtracted from every row deserves more than one sample a round. */
const EMPTY_SAMPLES = 3

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    states: { type: 'string', default: STATES.join() },
    rows: { type: 'string', default: '' },
    node: { type: 'string', default: process.execPath },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    loop: { type: 'string', default: '200' },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)

if (process.platform !== 'linux')
  throw new Error('bench: only Linux tells what orphans used (child subreaper)')
if (!existsSync(fileURLToPath(new URL('../dist/index.js', import.meta.url))))
  throw new Error('bench: npm run build comes first')

const isolated = enterNamespace()
const collectors = await startCollectors()
const sampler = startSampler()
const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-bench-'))

try {
  const chosen = rows.filter(({ name }) => [EMPTY, FLOOR].includes(name) || name.includes(values.rows))
  const runnable = chosen.filter(({ skip }) => !skip)
  const bundles = new Map()
  for (const { script } of runnable) if (!bundles.has(script)) bundles.set(script, await bundle(script))
  const version = execFileSync(values.node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(
    `Node ${version}, ${availableParallelism()} × ${cpus()[0]?.model}, ${rounds} rounds, seed ${seed}`,
  )
  for (const { name, skip } of chosen) if (skip) console.log(`skipped: ${name} (${skip})`)

  for (const state of STATES.filter(state => values.states.split(',').includes(state))) {
    if (state.endsWith('dropped') && !isolated) console.log(`skipped: ${state} (no network namespace)`)
    else await measure(state, runnable, bundles)
  }
  if (values.states) printSizes(runnable, bundles)
  if (Number(values.loop)) {
    const command = commandOf({ ...named(DETACHED), name: 'loop' }, 'up', bundles)
    await loop(command, Number(values.loop), sampler.sample)
  }
} finally {
  sampler.close()
  collectors.close()
  rmSync(folder, { recursive: true, force: true })
}

function named(/** @type {string} */ name) {
  return /** @type {Row} */ (rows.find(row => row.name === name))
}

/** @param {State} state @param {readonly Row[]} candidates @param {Map<string, string>} bundles */
async function measure(state, candidates, bundles) {
  const measured = candidates.filter(({ name, sends }) => state === 'up' || sends || name === EMPTY)
  const next = random(seed)
  /** @type {Map<string, (Sample & { round: number, posts: number })[]>} */
  const samples = new Map(measured.map(({ name }) => [name, []]))
  const of = (/** @type {string} */ name) => samples.get(name) ?? []
  const commands = new Map(measured.map(row => [row.name, commandOf(row, state, bundles)]))
  // The round before the first makes the state of an installation, and warms up the disk.
  for (let round = -1; round < rounds; round++) {
    const extra = measured.filter(({ name }) => name === EMPTY)
    const order = [...measured, ...Array.from({ length: EMPTY_SAMPLES - 1 }, () => extra).flat()]
    for (const { name } of shuffled(order, next)) {
      if (of(name).length >= SLOW_ROUNDS && median(of(name).map(({ wall }) => wall)) > SLOW_MS) continue
      const before = collectors.received()
      const sample = await sampler.sample(/** @type {import('./sampler.js').Command} */ (commands.get(name)))
      if (round >= 0) of(name).push({ ...sample, round, posts: collectors.received() - before })
    }
  }

  /** @typedef {'wall' | 'cpu' | 'total' | 'memory'} Key */
  const empty = (/** @type {number} */ round, /** @type {Key} */ key) =>
    median(
      of(EMPTY)
        .filter(sample => sample.round === round)
        .map(sample => sample[key]),
    )
  /** Of each round, what the row added to the empty script of the same round; of the empty script, all of it. */
  const added = (/** @type {string} */ name, /** @type {Key} */ key) =>
    of(name).map(sample => sample[key] - (name === EMPTY ? 0 : empty(sample.round, key)))
  /** The same of the quietest tenth: other work on the machine only ever adds, so this is next to what it costs. */
  const quiet = (/** @type {string} */ name, /** @type {Key} */ key) => {
    const tenth = (/** @type {string} */ row) =>
      quantile(
        of(row).map(sample => sample[key]),
        0.1,
      )
    return tenth(name) - (name === EMPTY ? 0 : tenth(EMPTY))
  }
  const ratio = (/** @type {string} */ name, /** @type {string} */ to, /** @type {Key} */ key) =>
    (median(added(name, key)) / median(added(to, key))).toFixed(2)
  const quietRatio = (/** @type {string} */ name, /** @type {string} */ to, /** @type {Key} */ key) =>
    (quiet(name, key) / quiet(to, key)).toFixed(2)
  const both = (/** @type {string} */ name, /** @type {string} */ to, /** @type {Key} */ key) =>
    `${ratio(name, to, key)}, in quiet ${quietRatio(name, to, key)}`

  console.log(`\n## Collector: ${state}\n`)
  console.log(
    table(
      [
        'added to an empty script',
        'wall ms',
        '× floor',
        'in quiet ms',
        '× floor',
        'CPU ms',
        'CPU with orphans ms',
        'peak MB',
        'orphans',
        'POSTs',
      ],
      measured.map(({ name }) => [
        name,
        spread(added(name, 'wall')),
        name === EMPTY ? '' : ratio(name, FLOOR, 'wall'),
        number(quiet(name, 'wall')),
        name === EMPTY ? '' : quietRatio(name, FLOOR, 'wall'),
        number(median(added(name, 'cpu'))),
        number(median(added(name, 'total'))),
        number(median(added(name, 'memory'))),
        number(of(name).reduce((sum, { left }) => sum + left, 0) / of(name).length).replace('.0', ''),
        state === 'up'
          ? number(of(name).reduce((sum, { posts }) => sum + posts, 0) / of(name).length).replace('.0', '')
          : '',
      ]),
    ),
  )
  for (const { name, leaves = 0 } of measured) {
    const odd = of(name).filter(({ left, status }) => left !== leaves || status !== 0)
    if (odd.length)
      console.log(
        `not what its name says: ${name}, ${odd.length} of ${of(name).length} samples: ${JSON.stringify(odd[0])}`,
      )
  }
  if (![DETACHED, INLINE, FETCH, OTEL].every(name => samples.has(name))) return
  console.log(`\nBudgets (medians of this run):`)
  console.log(`- wall, detached / floor: ${both(DETACHED, FLOOR, 'wall')} (goal 1.25)`)
  console.log(`- wall, detached / hand-written fetch: ${both(DETACHED, FETCH, 'wall')} (goal 0.20)`)
  console.log(`- wall, detached / OpenTelemetry SDK: ${both(DETACHED, OTEL, 'wall')} (goal 0.07)`)
  console.log(`- CPU of the command, detached / floor: ${both(DETACHED, FLOOR, 'cpu')} (goal 1.25)`)
  console.log(`- CPU with orphans, detached / inline: ${both(DETACHED, INLINE, 'total')}`)
  const helper = median(of(DETACHED).map(({ total, cpu }) => total - cpu))
  const inlineCpu = median(added(INLINE, 'cpu'))
  console.log(`- CPU of the helper, all of it / inline's: ${(helper / inlineCpu).toFixed(2)} (goal 1.30)`)
  if (state !== 'up') return
  for (const name of DISABLED) {
    const difference = median(added(name, 'wall')) - median(added(NOTHING, 'wall'))
    const inQuiet = quiet(name, 'wall') - quiet(NOTHING, 'wall')
    console.log(
      `- wall, ${name} − ${NOTHING}: ${number(difference)} ms, in quiet ${number(inQuiet)} ms (goal 1)`,
    )
  }
}

/** @param {Row} row @param {State} state @param {Map<string, string>} bundles */
function commandOf(row, state, bundles) {
  const home = join(folder, `${state}-${row.name}`.replace(/\W+/g, '-'))
  makeHome(home, row)
  let { script } = row
  if (row.bundled) {
    script = join(home, 'bundle.mjs')
    writeFileSync(script, bundles.get(row.script) ?? '')
  }
  return {
    argv: [values.node, script],
    cwd: home,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      BENCH_ENDPOINT: collectors.endpoints[state],
      BENCH_BODY: BODY,
      ...row.env,
    },
  }
}

/** @param {readonly Row[]} candidates @param {Map<string, string>} bundles */
function printSizes(candidates, bundles) {
  const shown = candidates.filter(({ name }) =>
    [DETACHED, FETCH, OTEL, 'hand-written `node:http`', 'posthog-node'].includes(name),
  )
  const thousands = (/** @type {number} */ value) => value.toLocaleString('en').replaceAll(',', ' ')
  console.log('\n## Bytes\n')
  console.log(
    table(
      ['', 'packages', 'installed', 'bundled, minified', 'and gzipped'],
      shown.map(({ name, script, packages = [] }) => {
        const { minified, gzipped } = sizeOf(bundles.get(script) ?? '')
        const all = installed(packages, script)
        return [name, all.packages, all.bytes, minified, gzipped].map(cell =>
          typeof cell === 'number' ? thousands(cell) : cell,
        )
      }),
    ),
  )
}
