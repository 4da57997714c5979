import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeWorld, runProcess } from '../world.ts'
import { startCortex } from './cortex.ts'
import { EXAMPLES, flagsOf, folder } from './examples.ts'
import { until } from './lab.ts'
import { makeLoad } from './load.ts'
import { query, startPrometheus } from './prometheus.ts'
import { startThanos } from './thanos.ts'

/** `otlp-tally report URL` of what each store has got, beside `report FILE` of the very same requests. */

const BIN = join(import.meta.dirname, '../../dist/bin.js')

interface Store {
  /** What a person gives to `report`. */
  url: string
  otlp: string
}

const STORES: Record<string, (dir: string) => Promise<Store>> = {
  async 'a Prometheus with its defaults'(dir) {
    const config = join(import.meta.dirname, 'default.yml')
    const store = await startPrometheus(dir, config, ['--web.enable-otlp-receiver'])
    onTestFinished(() => store.stop())
    return { url: store.url, otlp: `${store.url}/api/v1/otlp/v1/metrics` }
  },
  async 'a Prometheus as above'(dir) {
    const config = join(EXAMPLES, 'prometheus.yml')
    const store = await startPrometheus(dir, config, flagsOf('prometheus.yml'))
    onTestFinished(() => store.stop())
    return { url: store.url, otlp: `${store.url}/api/v1/otlp/v1/metrics` }
  },
  async Cortex(dir) {
    const [node] = (await startCortex(dir, 1)).nodes
    onTestFinished(() => node!.stop())
    return { url: node!.url, otlp: `${node!.base}/api/v1/otlp/v1/metrics` }
  },
  async Thanos(dir) {
    const thanos = await startThanos(dir)
    onTestFinished(() => thanos.stop())
    return { url: thanos.url, otlp: `http://${thanos.receivers[0]!.address}/api/v1/otlp` }
  },
}

test.each(Object.keys(STORES))(
  'report URL says of %s what report FILE says of the same requests',
  async name => {
    const dir = folder()
    const { url, otlp } = await STORES[name]!(join(dir, 'store'))
    const world = makeWorld()
    const { homes, truth } = await (async () => {
      const load = await makeLoad(2)
      const lines: string[] = []
      for (const home of load.homes)
        for (const [version, command] of [
          ['1.0.0', 'build'],
          ['1.0.0', 'check'],
          ['1.0.0', 'build'],
          ['2.0.0', 'build'],
        ] as const) {
          const { body } = await home.run(version, command)
          const headers = { 'content-type': 'application/json' }
          expect((await fetch(otlp, { method: 'POST', headers, body })).status).toBe(200)
          lines.push(`${body}\n`)
        }
      writeFileSync(join(world.cwd, 'traffic.jsonl'), lines.join(''))
      return load
    })()
    await until(
      async () =>
        (await query({ url }, 'sum(last_over_time(command_invocation_total[1h]))'))[0]?.value ===
        4 * homes.length,
    )

    const report = async (source: string) => {
      const { status, stdout, stderr } = await runProcess(
        process.execPath,
        [BIN, 'report', source, '--json'],
        world,
      )
      expect([status, stderr]).toEqual([0, ''])
      return JSON.parse(stdout)
    }
    const [fromFile, fromServer] = [await report('traffic.jsonl'), await report(url)]
    expect({ ...fromServer, ...whereFrom(fromFile) }).toEqual(fromFile)
    expect(fromServer.runs).toBe(Object.values(truth).reduce((sum, count) => sum + count, 0))
    expect(fromServer.installations).toBe(homes.length)
  },
)

/** What differs by its nature. */
function whereFrom(report: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(['source', 'created'].flatMap(key => (key in report ? [[key, report[key]]] : [])))
}
