// What the steps of one command cost inside its process, by the library's own modules: decide, tally, encode.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { Bench } from 'tinybench'
import { median, quantile, table } from './statistics.js'

const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-bench-'))
const MARK_BYTES = 14
const MANY_MARKS = 70_000
/** Fewer than the marks that a tally may still take, so that no sample meets the change to a new file. */
const APPENDS = 1000

try {
  const modules = await fromSource()
  const now = Date.now()
  const bench = new Bench({ time: 500 })
  decideRows(modules, bench)
  for (const series of [1, 100])
    for (const marks of [1, MANY_MARKS]) streamRows(modules, bench, series, marks, now)
  await bench.run()
  console.log(`Node ${process.version}\n`)
  console.log(
    table(
      ['', 'median µs', 'p99 µs', 'samples'],
      bench.tasks.map(({ name, result }) => {
        if (!result || result.error) throw new Error(`${name}: ${result?.error}`)
        const { samples } = result
        return [
          name,
          microseconds(median(samples)),
          microseconds(quantile(samples, 0.99)),
          String(samples.length),
        ]
      }),
    ),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function microseconds(/** @type {number} */ milliseconds) {
  return (milliseconds * 1000).toFixed(1)
}

/** The modules of `src/`, which Node 20 cannot load by itself, built into one. */
async function fromSource() {
  const outfile = join(folder, 'modules.mjs')
  await build({
    stdin: {
      contents: ['decide/decision', 'decide/facts', 'tally/stream', 'otlp/metrics']
        .map(name => `export * from './src/${name}.ts'`)
        .join('\n'),
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile,
  })
  return import(pathToFileURL(outfile).href)
}

/** @param {any} modules @param {Bench} bench */
function decideRows({ decide, factsOf }, bench) {
  /** @type {Record<string, { config?: string, env?: Record<string, string> }>} */
  const users = {
    'notice shown, no config': {},
    'enabled by config': { config: '[telemetry]\nenabled = true\nendpoint = "http://127.0.0.1:4318"\n' },
    'off by config': { config: '[telemetry]\nenabled = false\n' },
    'off by environment': { env: { DO_NOT_TRACK: '1' } },
  }
  for (const [name, { config, env = {} }] of Object.entries(users)) {
    const home = join(folder, name.replace(/\W+/g, '-'))
    mkdirSync(home)
    writeFileSync(join(home, 'notice'), '1\n')
    if (config) writeFileSync(join(home, 'config.toml'), config)
    const options = { name: 'bench', version: '1.0.0', endpoint: 'http://127.0.0.1:4318', home }
    bench.add(`decide: ${name}`, () => decide(factsOf(options, [], env)))
  }
}

/** @param {any} modules @param {Bench} bench @param {number} count @param {number} marks @param {number} now */
function streamRows({ ensureStream, encodeMetrics }, bench, count, marks, now) {
  const what = `${count} series, after ${marks === 1 ? '1 mark' : `${marks.toLocaleString('en')} marks`}`
  const home = join(folder, `${count}-${marks}`)
  const stream = ensureStream(home, now)
  const names = Array.from({ length: count }, (_, i) => `command-${i}`)
  const series = names.map(name => ({ metric: 'command_invocation', attributes: { command_name: name } }))
  for (const one of series) stream.append(one, now)
  const text = Array.from(
    { length: marks },
    (_, i) => `${now - 3_600_000 - (marks - i) * MARK_BYTES}\n`,
  ).join('')
  const refill = () => {
    for (const name of names) writeFileSync(join(home, 'command_invocation', `command_name=${name}`), text)
  }
  let appends = 0
  let time = now
  bench.add(
    `tally: append, ${what}`,
    () => {
      stream.append(series[0], time++)
      appends++
    },
    { beforeAll: refill, beforeEach: () => (appends % APPENDS ? undefined : refill()) },
  )
  bench.add(`tally: read all, ${what}`, () => stream.read(time), { beforeAll: refill })
  if (marks > 1) return
  const points = stream
    .read(now)
    .map((/** @type {any} */ { series: one, start, count: value, time: at }) => ({
      ...one,
      start,
      time: at,
      value,
    }))
  const resource = { 'service.name': 'bench', 'service.version': '1.0.0', 'user.fingerprint': 'f'.repeat(64) }
  const describe = () => ({ description: 'Invocations of bench by command.', unit: '{invocation}' })
  bench.add(`encode, ${count} series`, () => encodeMetrics(resource, points, 'cumulative', describe))
}
