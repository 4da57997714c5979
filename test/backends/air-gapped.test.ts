import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Counts } from '../collector/counts.ts'
import { makeWorld, runProcess } from '../world.ts'
import { folder } from './examples.ts'
import { add } from './lab.ts'
import { clock } from './load.ts'
import { startOne } from './one-server.ts'
import { counts, query } from './prometheus.ts'

/** A week on a machine without a network, carried to one with it: `telemetry export`, then `otlp-tally send`. */

const BIN = join(import.meta.dirname, '../../dist/bin.js')
const DAY = 86_400_000

test.each([
  ['through the Collector', ''],
  ['to Prometheus itself', '/api/v1/otlp'],
])('what an air-gapped machine has counted is in the chart, exactly, %s', async (_, path) => {
  const { endpoint, prometheus } = await startOne(folder())
  const to = path ? `${prometheus.url}${path}` : endpoint
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
  world.writeConfig('[telemetry]\nair_gapped = true\n')
  let truth: Counts = {}
  const use = async (command: string, version: string, daysAgo: number) => {
    const env = { TRIX_VERSION: version, ...clock(-daysAgo * DAY) }
    expect(await world.tool([command], env)).toMatchObject({ status: 0, stderr: '' })
    truth = add(truth, { [`${version} ${command}`]: 1 })
  }
  const carry = async (file: string) => {
    const args = ['telemetry', 'export', '--format', 'otlp', '-o', file, '--force']
    expect(await world.tool(args)).toMatchObject({ status: 0 })
    const send = [BIN, 'send', file, '--endpoint', to]
    expect(await runProcess(process.execPath, send, world)).toMatchObject({ status: 0, stderr: '' })
  }

  for (let daysAgo = 7; daysAgo >= 1; daysAgo--) {
    await use('build', daysAgo > 3 ? '1.0.0' : '2.0.0', daysAgo)
    await use(daysAgo % 2 ? 'check' : 'build', daysAgo > 3 ? '1.0.0' : '2.0.0', daysAgo)
  }
  // Nothing has left the machine by itself.
  expect(await query(prometheus, 'command_invocation_total')).toEqual([])

  await carry('week.jsonl')
  await expect.poll(() => counts(prometheus)).toEqual(truth)
  // The same again, and then a later one, which has all of the first in it.
  await carry('week.jsonl')
  await use('build', '2.0.0', 0)
  await use('test', '2.0.0', 0)
  await carry('later.jsonl')
  await expect.poll(() => counts(prometheus)).toEqual(truth)
})
