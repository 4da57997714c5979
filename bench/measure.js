import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BODY } from './body.js'
import { BROKEN } from './network.js'
import { median, random, shuffled } from './statistics.js'

/** @typedef {import('./cases.js').Case} Case */
/** @typedef {import('./sampler.js').Sample & { round: number, posts: number, steps?: number[] }} Measured */

/** A case that makes its command wait is sampled a few times only: seconds are easy to tell from noise. */
const SLOW = [
  { ms: 5000, samples: 1 },
  { ms: 1000, samples: 3 },
]
/** The burst guard sends once in 64 times where a series has 60 invocations within a minute. No round may be shorter. */
const SHORTEST_ROUND_MS = 1050
const BURST_MS = 61_000
const MARK_BYTES = 14

/**
 * Samples all cases in turn, in every round in another order. Returns the samples of each case, by its id.
 * @param {object} plan
 * @param {readonly Case[]} plan.cases
 * @param {string} plan.node
 * @param {number} plan.rounds
 * @param {number} plan.seed
 * @param {string} plan.folder
 * @param {Record<'here' | 'against', { fileOf: (one: Case) => Promise<string>, built: number }>} plan.builds
 * @param {Awaited<ReturnType<typeof import('./network.js').startCollectors>>} plan.collectors
 * @param {ReturnType<typeof import('./sampler.js').startSampler>} plan.sampler
 */
export async function measure(plan) {
  const { cases, rounds, seed, collectors, sampler } = plan
  /** @type {Map<string, Measured[]>} */
  const samples = new Map(cases.map(({ id }) => [id, []]))
  const commands = new Map()
  let ready = 0
  for (const one of cases) {
    const command = await commandOf(one, plan)
    commands.set(one.id, command)
    ready = Math.max(ready, await prepare(one, command, plan))
  }
  if (ready > Date.now()) await sleep(ready - Date.now())

  const next = random(seed)
  for (let round = 0; round < rounds; round++) {
    const end = Date.now() + SHORTEST_ROUND_MS
    const due = cases.filter(one => round % (one.every ?? 1) === 0 && !slow(samples.get(one.id) ?? []))
    const turns = due.flatMap(one => Array.from({ length: one.samples ?? 1 }, () => one))
    for (const { id, group } of shuffled(turns, next)) {
      const before = collectors.received()
      const command = commands.get(id)
      const sample = await sampler.sample(command)
      const posts = collectors.received() - before
      // The steps that steps.js has measured in its own process.
      const steps = group === 'steps' && { steps: JSON.parse(readFileSync(command.env.BENCH_STEPS, 'utf8')) }
      samples.get(id)?.push({ ...sample, round, posts, ...steps })
    }
    process.stderr.write(process.stderr.isTTY ? `\rround ${round + 1} of ${rounds} ` : '')
    await sleep(Math.max(0, end - Date.now()))
  }
  process.stderr.write(process.stderr.isTTY ? '\r\x1b[K' : '')
  return { samples, commands }
}

function slow(/** @type {readonly Measured[]} */ samples) {
  const wall = median(samples.map(one => one.wall))
  return SLOW.some(bound => wall > bound.ms && samples.length >= bound.samples)
}

/**
 * Each case is a user of its own, so that none finds the state of another.
 * @param {Case} one @param {Parameters<typeof measure>[0]} plan
 */
async function commandOf(one, { node, folder, builds, collectors }) {
  const home = join(folder, 'homes', one.id.replace(/\W+/g, '-'))
  mkdirSync(home, { recursive: true })
  for (const [name, text] of Object.entries(one.files ?? {})) {
    mkdirSync(join(home, name, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, name), text)
  }
  return {
    argv: [node, await builds[one.from].fileOf(one)],
    cwd: home,
    core: one.core ?? false,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      BENCH_ENDPOINT: collectors.endpoints[one.state],
      BENCH_BODY: BODY,
      BENCH_STEPS: join(home, 'steps'),
      ...(one.state === 'far' && { NODE_EXTRA_CA_CERTS: collectors.authority }),
      ...one.env,
    },
  }
}

/**
 * Makes the installation that the case is about, by running the tool as its user would. Returns the time from which the
 * case can be sampled.
 * @param {Case} one @param {import('./sampler.js').Command} command @param {Parameters<typeof measure>[0]} plan
 */
async function prepare(one, command, { sampler, builds }) {
  if (!one.notice) return 0
  const { env } = command
  const { DO_NOT_TRACK: _, ...tracked } = env
  // The first run shows the notice. The second counts: it makes the identity and the tallies.
  await sampler.sample({ ...command, env: tracked, terminal: true })
  const build = builds[one.from]
  const many = one.series ? await build.fileOf({ ...one, script: 'many', bundled: false }) : undefined
  const [node = '', script = ''] = command.argv
  const run = { ...command, argv: [node, many ?? script], env: { ...env, BENCH_SERIES: `${one.series}` } }
  await sampler.sample(run)
  const ready = one.marks ? fillTallies(env.HOME ?? '', one.marks, build.built) : 0
  // The first body of a series is another than the following ones.
  if (!BROKEN.includes(one.state)) await sampler.sample(command)
  return ready
}

/**
 * Lets each tally have been counted so often, in the only format that DESIGN.md promises: a file per series, named by its
 * attributes, with a time in ms and a newline for each invocation. The times are as old as is believed, so that this is no
 * burst; where the build is younger than a minute, one has to wait for that.
 * @param {string} home @param {number} marks @param {number} built
 */
function fillTallies(home, marks, built) {
  const time = Math.max(built, Date.now() - 3_600_000)
  const filled = `${time}\n`.repeat(marks)
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^command_name=[^.]*$/.test(entry.name)) continue
    const file = join(entry.parentPath ?? entry.path, entry.name)
    if (statSync(file).size === MARK_BYTES && /^\d{13}\n$/.test(readFileSync(file, 'latin1')))
      writeFileSync(file, filled)
  }
  return time + BURST_MS
}
