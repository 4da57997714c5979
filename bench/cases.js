import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BROKEN } from './network.js'

/**
 * One way to count a command, in one situation: a script that does nothing else.
 * @typedef {object} Case
 * @property {string} id by which tables and budgets find it: `far: hand-written fetch`
 * @property {string} name its row in a table
 * @property {Group} group the table that it belongs to
 * @property {import('./network.js').State} state where the collector is
 * @property {string} script a file of rows/
 * @property {'here' | 'against'} from the checkout of the otlp-tally that it imports
 * @property {string} baseline the id of the case that is subtracted from it; its own id if none is
 * @property {boolean} [bundled] bundled and minified into one file
 * @property {'waits' | 'computes'} [then] what the command does after it has counted
 * @property {boolean} [core] it may use a single core only
 * @property {Record<string, string>} [env]
 * @property {Record<string, string>} [files] in the home folder, before the first run
 * @property {boolean} [notice] the user has seen the notice
 * @property {number} [series] how many series the installation has
 * @property {number} [marks] how often each of them was counted before
 * @property {boolean} [sends] one request arrives, where a collector answers
 * @property {number} [leaves] how many processes it must leave behind
 * @property {number} [every] 2: sampled in every second round only
 * @property {number} [samples] in a round
 * @property {boolean} [quick] false: left out of a quick run
 */

/** @typedef {'up' | 'far' | 'broken' | 'waits' | 'computes' | 'logs' | 'steps'} Group */

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))

export const EMPTY = 'empty script'
/** The baseline of commands that do something themselves. */
export const ALONE = 'the command alone'
export const PACKAGE = 'import of an empty package'
export const FLOOR = 'floor: empty detached process'
export const HTTP = 'hand-written `node:http`'
export const FETCH = 'hand-written `fetch`'
export const OTEL = 'OpenTelemetry SDK'
export const POSTHOG = 'posthog-node'

/**
 * What the rows of a build of this package are called.
 * @param {'here' | 'against'} from
 */
export const tally = from => {
  const name = from === 'here' ? 'otlp-tally' : 'otlp-tally of --against'
  return {
    import: `${name}, import only`,
    off: `${name}, off by environment`,
    offBundled: `${name}, off by environment, bundled`,
    offConfig: `${name}, off by config`,
    offDefault: `${name}, off by default`,
    on: `${name}, on`,
    bundled: `${name}, on, bundled`,
    inline: `${name}, on, inline`,
    interval: `${name}, on, not sending (intervalMs)`,
    used: `${name}, on, after 100,000 invocations`,
    many: `${name}, on, 100 series`,
    full: `${name}, on, a log of nearly 16 MiB`,
  }
}

/** The packages that a script needs. Their bytes are in a table. */
export const PACKAGES = {
  tally: ['otlp-tally'],
  otel: [
    '@opentelemetry/exporter-metrics-otlp-http',
    '@opentelemetry/sdk-metrics',
    '@opentelemetry/resources',
  ],
  posthog: ['posthog-node'],
}

/** Marks of one series in nearly 16 MiB. */
const FULL_MARKS = 320_000

export const POSTHOG_MISSING = !existsSync(path('posthog/node_modules/posthog-node'))

/**
 * Rows of the table of one group; `id` tells rows of the same name in different groups apart.
 * @param {Group} group
 * @param {Partial<Case>} common
 * @param {(Partial<Case> & { name: string, script: string })[]} rows
 * @returns {Case[]}
 */
const table = (group, common, rows) =>
  rows.map(row => ({
    state: 'up',
    from: 'here',
    baseline: idOf(group, EMPTY),
    group,
    ...common,
    ...row,
    id: idOf(group, row.name, row.state ?? common.state),
  }))

/** @param {Group} group @param {string} name @param {string} [state] */
export const idOf = (group, name, state = '') => `${group === 'broken' ? state : group}: ${name}`

const detached = { script: 'tally', notice: true, sends: true, leaves: 1 }

/** @param {('here' | 'against')[]} builds @returns {Case[]} */
export function allCases(builds) {
  const posthog = POSTHOG_MISSING ? [] : [{ name: POSTHOG, script: 'posthog', sends: true }]
  return [
    ...up(builds, posthog),
    ...far(builds, posthog),
    ...BROKEN.flatMap(state => broken(state, builds, posthog)),
    ...onOneCore('waits'),
    ...onOneCore('computes'),
    ...builds.flatMap(from => logs('logs', 'tally', from)),
    ...builds.flatMap(from => logs('steps', 'steps', from)),
  ]
}

/** @typedef {(Partial<Case> & { name: string, script: string })[]} Rows */

/** @param {('here' | 'against')[]} builds @param {Rows} posthog */
function up(builds, posthog) {
  return table('up', {}, [
    // More than one sample, because it is subtracted from every row.
    { name: EMPTY, script: 'empty', samples: 3 },
    { name: PACKAGE, script: 'import-package' },
    { name: FLOOR, script: 'floor', leaves: 1 },
    ...builds.flatMap(from => {
      const names = tally(from)
      const off = { script: 'tally', from, notice: true, env: { DO_NOT_TRACK: '1' } }
      const refused = { '.config/bench/config.toml': '[telemetry]\nenabled = false\n' }
      return [
        { name: names.import, script: 'import-only', from },
        { name: names.off, ...off },
        { name: names.offBundled, ...off, bundled: true },
        { name: names.offConfig, ...off, env: {}, files: refused },
        { name: names.offDefault, script: 'tally', from },
        { name: names.on, ...detached, from },
        { name: names.bundled, ...detached, from, bundled: true },
        { name: names.inline, ...detached, from, script: 'inline', leaves: 0 },
        { name: names.interval, ...detached, from, script: 'interval', sends: false, leaves: 0 },
      ]
    }),
    { name: HTTP, script: 'http', sends: true },
    { name: FETCH, script: 'fetch', sends: true },
    { name: OTEL, script: 'otel', sends: true },
    { name: `${OTEL}, bundled`, script: 'otel', sends: true, bundled: true },
    ...posthog,
  ])
}

/** @param {('here' | 'against')[]} builds @param {Rows} posthog */
function far(builds, posthog) {
  return table('far', { state: 'far' }, [
    { name: EMPTY, script: 'empty', samples: 2 },
    ...builds.flatMap(from => {
      const names = tally(from)
      return [
        { name: names.on, ...detached, from },
        { name: names.bundled, ...detached, from, bundled: true },
        { name: names.inline, ...detached, from, script: 'inline', leaves: 0, every: 2 },
      ]
    }),
    { name: HTTP, script: 'https', sends: true },
    { name: FETCH, script: 'fetch', sends: true },
    { name: OTEL, script: 'otel', sends: true, every: 2, quick: false },
    ...posthog.map(row => ({ ...row, every: 2, quick: false })),
  ])
}

/** @param {import('./network.js').State} state @param {('here' | 'against')[]} builds @param {Rows} posthog */
function broken(state, builds, posthog) {
  // Each sample takes long, because the helper waits for its timeout.
  return table('broken', { state, baseline: idOf('up', EMPTY), every: 2 }, [
    ...builds.flatMap(from => [
      { name: tally(from).on, ...detached, from },
      { name: tally(from).inline, ...detached, from, script: 'inline', leaves: 0, quick: false },
    ]),
    { name: HTTP, script: 'http', quick: !state.endsWith('dropped') },
    { name: FETCH, script: 'fetch', quick: !state.endsWith('dropped') },
    { name: OTEL, script: 'otel', quick: false },
    ...posthog.map(row => ({ ...row, quick: false })),
  ])
}

/** @param {'waits' | 'computes'} then */
function onOneCore(then) {
  return table(then, { then, core: true, every: 2, baseline: idOf(then, ALONE) }, [
    { name: ALONE, script: 'empty', samples: 2 },
    { name: PACKAGE, script: 'import-package' },
    { name: tally('here').on, ...detached },
    { name: tally('here').bundled, ...detached, bundled: true },
    { name: HTTP, script: 'http', sends: true },
    { name: FETCH, script: 'fetch', sends: true },
  ])
}

/**
 * Installations that have counted much, and a new one: it is in `up` too, but is sampled here as often as the others.
 * `steps` are the same commands, which measure themselves.
 * @param {'logs' | 'steps'} group @param {string} script @param {'here' | 'against'} from
 */
function logs(group, script, from) {
  const names = tally(from)
  return table(group, { ...detached, script, from, baseline: idOf('up', EMPTY) }, [
    { name: names.on, script },
    { name: names.used, script, marks: 100_000 },
    { name: names.many, script, series: 100 },
    { name: names.full, script, marks: FULL_MARKS },
  ])
}
