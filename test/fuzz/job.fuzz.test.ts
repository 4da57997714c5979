import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { HELPER_VARIABLE } from '../../src/core/decide/decide.ts'
import { deliverDetached } from '../../src/core/deliver/detached.ts'
import type { Job } from '../../src/core/deliver/job.ts'
import type { TelemetryOptions } from '../../src/core/options.ts'
import { isListed, listsOf, type Series } from '../../src/core/vocabulary.ts'
import { settle } from '../../src/helper/beginnings.ts'
import { bodyOf } from '../../src/helper/body.ts'
import { strictDecode } from '../strict-decode.ts'
import { fuzz, makeFolder, openBatch } from './fuzz.ts'
import { NOW } from './installation.ts'

// The command hands a job to its helper as a text. Whatever lists a tool has, and whatever was counted: the helper sends
// what the command would have sent, or, where the lists do not fit into an environment, what the command has counted.

const root = makeFolder()
const processes = process.getBuiltinModule('node:child_process')
const { spawn } = processes
afterEach(() => {
  processes.spawn = spawn
})

/** The job as the helper finds it in its environment. */
function handedOver(job: Job): string {
  let text: string | undefined
  const helper = { pid: 1, on: () => helper, unref: () => {} }
  processes.spawn = ((_path: string, _args: string[], { env }: { env: Record<string, string> }) => {
    text = env[HELPER_VARIABLE]
    return helper
  }) as never
  expect(deliverDetached(job)).toBeInstanceOf(Promise)
  return text!
}

interface Point {
  name: string
  description: string
  attributes: unknown
  value: string
}

interface Metric {
  name: string
  description: string
  sum: { dataPoints: { attributes: unknown; asInt: string }[] }
}

/** What is sent, which is then refused. */
function sent(job: Job): { text: string; points: Point[] } {
  const body = bodyOf(job, NOW + 60_000, true)
  if (body === 'busy') throw new Error('nobody else is there')
  if (!body) return { text: '', points: [] }
  strictDecode(JSON.parse(body.text))
  if (body.note) settle(body.note, true)
  const [{ scopeMetrics }] = JSON.parse(body.text).resourceMetrics
  const points = scopeMetrics[0].metrics.flatMap(({ name, description, sum }: Metric) =>
    sum.dataPoints.map(({ attributes, asInt }) => ({ name, description, attributes, value: asInt })),
  )
  return { text: body.text, points }
}

const word = fc.oneof(
  fc.constantFrom(
    'build',
    'Build',
    'test',
    'true',
    'false',
    'con',
    'boolean',
    'constructor',
    'a b',
    'x'.repeat(64),
  ),
  fc.string({ unit: fc.constantFrom(...'aZ09_.:-'), minLength: 1, maxLength: 64 }),
)
const key = fc.oneof(
  fc.constantFrom('size', 'decaf', 'command_name', 'agent', 'constructor'),
  fc.string({ unit: fc.constantFrom(...'aZ'), minLength: 1, maxLength: 64 }),
)
const values = fc.oneof(fc.constant(Boolean), fc.array(word, { maxLength: 4 }))
/** Of some the lists do not fit. */
const many = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 300, max: 900 }) },
)
const cases = fc.record({
  commands: fc.option(fc.array(word, { minLength: 1, maxLength: 4 }), { nil: undefined }),
  more: many,
  events: fc.option(
    fc.dictionary(key, fc.dictionary(key, values, { maxKeys: 3 }), { minKeys: 1, maxKeys: 3 }),
    {
      nil: undefined,
    },
  ),
  metricName: fc.constantFrom(undefined, undefined, 'runs'),
  failures: fc.boolean(),
  agents: fc.boolean(),
  temporality: fc.constantFrom('cumulative' as const, 'cumulative' as const, 'delta' as const),
  mode: fc.constantFrom('on', 'on', 'log'),
  before: fc.array(fc.nat(999), { maxLength: 4 }),
  counted: fc.array(fc.nat(999), { minLength: 1, maxLength: 4 }),
})

/** Everything that such a tool may count, or some of it. */
function seriesOf({ commands, events, failures, metricName }: TelemetryOptions): Series[] {
  const all: Series[] = (commands ?? ['build', 'a b', 'true']).slice(0, 4).map(command_name => ({
    metric: metricName ?? 'command_invocation',
    attributes: { command_name },
  }))
  if (failures) all.push({ metric: 'command_failure', attributes: all[0]!.attributes })
  for (const [metric, attributes] of Object.entries(events ?? { any: { size: ['large'], decaf: Boolean } })) {
    const chosen = Object.entries(attributes).flatMap(([key, values]) => {
      const value = values === Boolean ? true : (values as readonly string[])[0]
      return value === undefined ? [] : [[key, value] as const]
    })
    all.push({ metric, attributes: Object.fromEntries(chosen) }, { metric, attributes: {} })
  }
  return all
}

test('the helper sends what its command would have sent, or what that has counted', async () => {
  const home = join(root, 'home')
  const found = { whole: 0, only: 0, points: 0 }
  await fuzz(
    'jobs',
    3000,
    fc.property(cases, ({ commands, more, events, mode, before, counted, ...rest }) => {
      rmSync(home, { recursive: true, force: true })
      mkdirSync(home, { recursive: true })
      const fill = Array.from({ length: more }, (_, index) => `${index}`.padEnd(64, 'x'))
      const options: TelemetryOptions = {
        ...{ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', events, ...rest },
        commands: more ? [...(commands ?? []), ...fill] : commands,
      }
      const all = seriesOf(options)
      const count = (numbers: number[], mode: string, now: number) => {
        const batch = openBatch(options, { HOME: home, TRIX_TELEMETRY: mode }, now)
        for (const [index, number] of numbers.entries()) batch.count(all[number % all.length]!, now + index)
        return batch
      }
      count(before, 'on', NOW)
      const batch = count(counted, mode, NOW + 1000)
      const job = batch.job(NOW + 2000, true)!
      const text = handedOver(job)
      expect(text.length).toBeLessThanOrEqual(30_000)
      const given = JSON.parse(text) as Job
      const own = sent(job)
      const helpers = sent(given)
      found.points += helpers.points.length
      if (given.source.only) {
        found.only++
        const known = own.points.map(point => JSON.stringify(point))
        for (const point of helpers.points) expect(known).toContain(JSON.stringify(point))
        const series = new Set(
          helpers.points.map(({ name, attributes }) => JSON.stringify([name, attributes])),
        )
        expect(series.size).toBe(
          new Set(counted.map(number => JSON.stringify(all[number % all.length]))).size,
        )
      } else {
        found.whole++
        expect(helpers.text).toBe(own.text)
        for (const one of counted) expect(isListed(all[one % all.length]!, listsOf(options))).not.toBe(false)
      }
    }),
  )
  console.log(`${found.whole} whole, ${found.only} with only their own, ${found.points} points`)
  expect(found.only).toBeGreaterThan(0)
  expect(found.whole).toBeGreaterThan(0)
})
