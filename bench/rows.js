import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * One way to count a command, as a script that does nothing else.
 * @typedef {object} Row
 * @property {string} name
 * @property {string} script
 * @property {string[]} [packages] what has to be installed for it
 * @property {boolean} [bundled] the same script, bundled and minified into one file
 * @property {Record<string, string>} [env]
 * @property {Record<string, string>} [files] in the home folder, before the first run
 * @property {boolean} [sends] so that the state of the network can matter to it
 * @property {number} [leaves] how many processes it has to leave behind, or it is not what its name says
 * @property {string} [skip] why it cannot be run here
 */

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))
const script = (/** @type {string} */ name) => path(`rows/${name}.js`)

const CONFIG = '.config/bench/config.toml'
const seen = { '.local/state/bench/notice': '1\n' }
const tally = { script: script('tally'), packages: ['otlp-tally'] }
const otel = [
  '@opentelemetry/exporter-metrics-otlp-http',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/resources',
]

export const EMPTY = 'empty script'
export const NOTHING = 'import of an empty module'
export const FLOOR = 'floor: empty detached process'
export const DETACHED = 'otlp-tally, detached (default)'
export const INLINE = 'otlp-tally, inline'
export const FETCH = 'hand-written `fetch`'
export const OTEL = 'OpenTelemetry SDK'
export const DISABLED = ['environment', 'config', 'default'].map(by => `otlp-tally, off by ${by}`)

/** @type {readonly Row[]} */
export const rows = [
  { name: EMPTY, script: script('empty') },
  { name: NOTHING, script: script('import-nothing') },
  { name: 'otlp-tally, import only', script: script('import-only'), packages: ['otlp-tally'] },
  { name: DISABLED[0] ?? '', ...tally, files: seen, env: { DO_NOT_TRACK: '1' } },
  { name: DISABLED[1] ?? '', ...tally, files: { ...seen, [CONFIG]: '[telemetry]\nenabled = false\n' } },
  { name: DISABLED[2] ?? '', ...tally },
  { name: FLOOR, script: script('floor'), sends: true, leaves: 1 },
  { name: DETACHED, ...tally, files: seen, sends: true, leaves: 1 },
  { name: 'otlp-tally, detached, bundled', ...tally, bundled: true, files: seen, leaves: 1 },
  { name: INLINE, ...tally, files: seen, env: { BENCH_DELIVERY: 'inline' }, sends: true },
  { name: FETCH, script: script('fetch'), sends: true },
  { name: 'hand-written `node:http`', script: script('http'), sends: true },
  { name: OTEL, script: script('otel'), packages: otel, sends: true },
  { name: 'OpenTelemetry SDK, bundled', script: script('otel'), packages: otel, bundled: true },
  {
    name: 'posthog-node',
    script: path('posthog/row.js'),
    packages: ['posthog-node'],
    sends: true,
    ...(!existsSync(path('posthog/node_modules/posthog-node')) && { skip: 'npm ci --prefix bench/posthog' }),
  },
]

/** A user for each row, so that no row finds the state of another. */
export function makeHome(/** @type {string} */ home, /** @type {Row} */ { files = {} }) {
  mkdirSync(home, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(home, name, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, name), text)
  }
}

/** What the hand-written rows send: the body that `otlp-tally` would. */
export const BODY = JSON.stringify({
  resourceMetrics: [
    {
      resource: {
        attributes: Object.entries({
          'service.name': 'bench',
          'service.version': '1.0.0',
          'service.instance.id': '3e6ed7c5-f988-4dde-9dab-7ce4e6022499',
          'user.fingerprint': 'f17c364e95bd0e338f1f92dc86dcb8ff447acdf4b3b7bd4246b7be8ef88b3668',
        }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      },
      scopeMetrics: [
        {
          scope: { name: 'bench' },
          metrics: [
            {
              name: 'command_invocation',
              unit: '{invocation}',
              sum: {
                aggregationTemporality: 2,
                isMonotonic: true,
                dataPoints: [
                  {
                    attributes: [{ key: 'command_name', value: { stringValue: 'build' } }],
                    startTimeUnixNano: '1795236560598000000',
                    timeUnixNano: '1795236561072000000',
                    asInt: '4',
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
})
