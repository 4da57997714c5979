import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BODY } from './body.js'
import { BROKEN } from './network.js'
import { randomOf } from './random.js'
import { median, shuffled } from './statistics.js'

/** @typedef {import('./cases.js').Case} Case */
/** @typedef {import('./sampler.js').Sample & { round: number, posts: number, steps?: number[] }} Measured */

/** A case that takes so long is sampled so often only: its seconds are easily told from noise. */
const SLOW = [
  { ms: 5000, samples: 1 },
  { ms: 1000, samples: 3 },
]
/** In a burst of commands one request a second is made. In a round that is longer than that, each sample makes its own. */
const SHORTEST_ROUND_MS = 1050

/**
 * Samples all cases in turn, in every round in another order. Returns the samples of each case, by its id.
 * @param {object} plan
 * @param {readonly Case[]} plan.cases
 * @param {string} plan.node
 * @param {number} plan.rounds
 * @param {number} plan.seed
 * @param {string} plan.folder
 * @param {Record<'here' | 'against', { fileOf: (one: Case) => Promise<string> }>} plan.builds
 * @param {Awaited<ReturnType<typeof import('./network.js').startCollectors>>} plan.collectors
 * @param {ReturnType<typeof import('./sampler.js').startSampler>} plan.sampler
 */
export async function measure(plan) {
  const { cases, rounds, seed, collectors, sampler } = plan
  /** @type {Map<string, Measured[]>} */
  const samples = new Map(cases.map(({ id }) => [id, []]))
  const commands = new Map()
  for (const one of cases) {
    const command = await commandOf(one, plan)
    commands.set(one.id, command)
    await prepare(one, command, plan)
  }

  const random = randomOf(seed)
  for (let round = 0; round < rounds; round++) {
    const end = Date.now() + SHORTEST_ROUND_MS
    const due = cases.filter(one => round % (one.every ?? 1) === 0 && !slow(samples.get(one.id) ?? []))
    const turns = due.flatMap(one => Array.from({ length: one.samples ?? 1 }, () => one))
    for (const { id, group } of shuffled(turns, random)) {
      const before = collectors.received()
      const command = commands.get(id)
      const sample = await sampler.sample(command)
      const posts = collectors.received() - before
      // What rows/steps.js has measured in its own process.
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
 * Each case has a home of its own, so that none finds the state of another.
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
 * Makes the installation of a case, by running the tool as its user would.
 * @param {Case} one @param {import('./sampler.js').Command} command @param {Parameters<typeof measure>[0]} plan
 */
async function prepare(one, command, { sampler, builds }) {
  if (!one.notice) return
  const { env } = command
  const { DO_NOT_TRACK: _, ...tracked } = env
  // The first run shows the notice. The second counts: it makes the ids and the log.
  await sampler.sample({ ...command, env: tracked, terminal: true })
  const many = one.series
    ? await builds[one.from].fileOf({ ...one, script: 'many', bundled: false })
    : undefined
  const [node = '', script = ''] = command.argv
  const run = { ...command, argv: [node, many ?? script], env: { ...env, BENCH_SERIES: `${one.series}` } }
  await sampler.sample(run)
  if (one.marks) fillLogs(env.HOME ?? '', one.marks)
  // The first body of a series differs from the following ones, and the first helper writes a checkpoint.
  if (!BROKEN.includes(one.state)) await sampler.sample(command)
}

/**
 * Adds so many marks of the command to the log, all of an hour ago.
 * @param {string} home @param {number} marks
 */
function fillLogs(home, marks) {
  const record = `\ncommand_invocation,command_name=build ${Date.now() - 3_600_000}`
  for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.log')) appendFileSync(join(home, name), record.repeat(marks))
}
