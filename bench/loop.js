import { median, number, table } from './statistics.js'

/** The loop runs in blocks, on and off in turn, so that other work on the machine disturbs both equally. */
const BLOCKS = 10

/**
 * A shell loop of short commands with telemetry on and off, like a Makefile over a thousand files. Prints the wall time
 * and CPU of all of them, helpers included.
 * @param {import('./sampler.js').Command} command
 * @param {number} iterations
 * @param {(command: import('./sampler.js').Command) => Promise<import('./sampler.js').Sample>} sample
 */
export async function loop({ argv, env, cwd }, iterations, sample) {
  const each = Math.ceil(iterations / BLOCKS)
  const shell = ['/bin/sh', '-c', `for i in $(seq ${each}); do "$0" "$@"; done`, ...argv]
  /** @typedef {'off' | 'on'} Way */
  /** @type {Record<Way, Record<string, string>>} */
  const ways = { off: { ...env, DO_NOT_TRACK: '1' }, on: env }
  /** @type {readonly Way[]} */
  const order = ['off', 'on']
  /** @type {Record<Way, import('./sampler.js').Sample[]>} */
  const samples = { off: [], on: [] }
  for (let block = 0; block < BLOCKS; block++) {
    // The order changes from block to block.
    for (const way of block % 2 ? [...order].reverse() : order)
      samples[way].push(await sample({ argv: shell, env: ways[way], cwd }))
  }
  const sum = (/** @type {'wall' | 'total' | 'left'} */ key, /** @type {Way} */ way) =>
    samples[way].reduce((total, one) => total + one[key], 0)
  console.log(`\n### A shell loop of ${each * BLOCKS} commands\n`)
  console.log(
    table(
      ['', 'wall s', 'CPU with orphans s', 'helpers'],
      order.map(way => [
        way,
        number(sum('wall', way) / 1000),
        number(sum('total', way) / 1000),
        String(sum('left', way)),
      ]),
    ),
  )
  const added = samples.on.map((on, block) => (on.wall - (samples.off[block]?.wall ?? Number.NaN)) / each)
  const times = (/** @type {'wall' | 'total'} */ key) => (sum(key, 'on') / sum(key, 'off')).toFixed(2)
  console.log(
    `\non / off: wall ${times('wall')}, CPU ${times('total')}; ${number(median(added))} ms a command`,
  )
}
