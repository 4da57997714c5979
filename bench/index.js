// What counting a command costs, beside what people would use instead, and the budgets of the design. README.md explains it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { printBudgets } from './budgets.js'
import { allCases, EMPTY, FLOOR, idOf, PACKAGE, POSTHOG_MISSING, tally } from './cases.js'
import { loop } from './loop.js'
import { measure } from './measure.js'
import { enterNamespace, STATES, startCollectors } from './network.js'
import { startWatching } from './others.js'
import { makeProject } from './project.js'
import { resultsOf } from './results.js'
import { startSampler } from './sampler.js'
import { coreSize, printSizes } from './sizes.js'
import { printOdd, printRuntimes, printSteps, printTables } from './tables.js'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    states: { type: 'string', default: STATES.join() },
    groups: { type: 'string', default: '' },
    rows: { type: 'string', default: '' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
    against: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    loop: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 8 : 40))
const iterations = Number(values.loop ?? (values.quick ? 0 : 200))
const seed = Number(values.seed)
const checkouts = {
  here: fileURLToPath(new URL('..', import.meta.url)),
  ...(values.against && { against: resolve(values.against) }),
}

if (process.platform !== 'linux')
  throw new Error('bench: only Linux says how much CPU orphans used (child subreaper)')
for (const checkout of Object.values(checkouts))
  if (!existsSync(join(checkout, 'dist/index.js')))
    throw new Error(`bench: run npm run build first (in ${checkout})`)

const isolated = enterNamespace()
const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-bench-'))
const sampler = startSampler()
const collectors = await startCollectors(folder)
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, () => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(1)
  })

try {
  const cases = chosenCases()
  const builds = /** @type {Parameters<typeof measure>[0]['builds']} */ ({})
  const sizes = /** @type {Parameters<typeof printBudgets>[1]} */ ({})
  for (const [from, checkout] of /** @type {['here' | 'against', string][]} */ (Object.entries(checkouts))) {
    builds[from] = { fileOf: makeProject(join(folder, from), checkout) }
    sizes[from] = await coreSize(checkout)
  }
  console.log(
    `${availableParallelism()} × ${cpus()[0]?.model}, ${rounds} rounds, seed ${seed}${values.quick ? ', quick' : ''}`,
  )
  if (values.against) console.log(`--against ${values.against}`)
  if (POSTHOG_MISSING) console.log('skipped: posthog-node (npm ci --prefix bench/posthog)')
  if (!isolated) console.log('skipped: SYN dropped, DNS dropped (no network namespace)')

  const runtimes = values.node.map(path => ({ node: resolve(path), version: versionOf(resolve(path)) }))
  const runs = []
  for (const [i, { node, version }] of runtimes.entries()) {
    console.log(`\n## ${version}`)
    const plan = { cases, node, rounds, seed, folder: join(folder, `node-${i}`), builds, collectors, sampler }
    const others = startWatching()
    const { samples, commands } = await measure(plan)
    console.log(`Other processes used ${others([...samples.values()].flat())} of a core meanwhile.`)
    const results = resultsOf(cases, samples)
    printTables(results)
    printSteps(results)
    const on = commands.get(idOf('up', tally('here').on))
    if (iterations && on) await loop(on, iterations, sampler.sample)
    if (i === 0 && !values.rows) await printSizes(builds.here.fileOf)
    printBudgets(results, sizes)
    printOdd(results)
    runs.push({ version, results })
  }
  printRuntimes(runs)
} finally {
  sampler.close()
  collectors.close()
  rmSync(folder, { recursive: true, force: true })
}

function chosenCases() {
  const builds = /** @type {('here' | 'against')[]} */ (Object.keys(checkouts))
  const states = values.states.split(',').filter(state => isolated || !state.endsWith('dropped'))
  const groups = values.groups ? values.groups.split(',') : undefined
  const chosen = allCases(builds).filter(
    ({ name, group, state, quick }) =>
      states.includes(state) &&
      (!groups || groups.includes(group)) &&
      name.includes(values.rows) &&
      !(values.quick && quick === false),
  )
  // And what everything is compared to.
  const needed = new Set([
    ...chosen.flatMap(({ id, baseline }) => [id, baseline]),
    ...[EMPTY, PACKAGE, FLOOR].map(name => idOf('up', name)),
  ])
  return allCases(builds).filter(({ id }) => needed.has(id))
}

/** `Node v20.20.2`, `Bun 1.4.5`. */
function versionOf(/** @type {string} */ node) {
  const expression = 'process.versions.bun ? "Bun " + process.versions.bun : "Node " + process.version'
  return execFileSync(node, ['-p', expression], { encoding: 'utf8' }).trim()
}
