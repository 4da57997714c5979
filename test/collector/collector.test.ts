import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { same, strictDecode } from '../strict-decode.ts'
import { makeWorld, runProcess } from '../world.ts'
import { type Collector, startCollector } from './collector.ts'
import { fileCounts, fileLines, prometheusCounts } from './counts.ts'

/** A Collector that is stopped, and its folder removed, when the test ends. */
async function freshCollector(): Promise<Collector> {
  const dir = mkdtempSync(join(tmpdir(), 'otlp-tally-collector-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const collector = await startCollector(dir)
  onTestFinished(() => collector.stop())
  return collector
}

async function post({ endpoint }: Collector, body: string): Promise<{ status: number; reply: unknown }> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${endpoint}/v1/metrics`, { method: 'POST', headers, body })
  return { status: response.status, reply: await response.json() }
}

test('forty processes of two versions and four commands are forty invocations in both exporters', async () => {
  const expected = {
    '0.19.3 build': 11,
    '0.19.3 check': 7,
    '0.19.3 test': 4,
    '0.19.3 init': 1,
    '0.20.0 build': 8,
    '0.20.0 check': 5,
    '0.20.0 test': 3,
    '0.20.0 init': 1,
  }
  const collector = await freshCollector()
  const env = { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: collector.endpoint }
  // Two installations, which take turns: their series must add up, not hide each other.
  const worlds = [makeWorld(env), makeWorld(env)]
  const runs = Object.entries(expected).flatMap(([run, count]) => Array.from({ length: count }, () => run))
  expect(runs).toHaveLength(40)

  let started = 0
  const start = async (run: string) => {
    const [version, command] = run.split(' ') as [string, string]
    const { status, stderr } = await worlds[started++ % 2]!.tool([command], { TRIX_VERSION: version })
    expect({ run, status, stderr }).toEqual({ run, status: 0, stderr: '' })
  }
  // Four at once, most of them the same command of the same installation, then one alone, and so on.
  while (runs.length) {
    await Promise.all(runs.splice(0, 4).map(start))
    await Promise.all(runs.splice(0, 1).map(start))
  }

  // A command does not wait for its delivery, so the last ones may still be on their way.
  await expect.poll(() => prometheusCounts(collector.prometheus), { timeout: 30_000 }).toEqual(expected)
  await collector.stop()
  expect(await fileCounts(collector.file)).toEqual(expected)

  // And what otlp-tally itself makes of that file.
  const report = [join(import.meta.dirname, '../../dist/bin.js'), 'report', collector.file, '--json']
  const { stdout, stderr } = await runProcess(process.execPath, report, worlds[0]!)
  const counted = (list: Record<string, unknown>[], what: string) =>
    Object.fromEntries(list.map(row => [row.name, row[what]]))
  const { commands, versions, installations } = JSON.parse(stdout)
  expect(stderr).toBe('')
  expect(counted(commands, 'runs')).toEqual({ build: 19, check: 12, test: 7, init: 2 })
  // Each installation has the version that it ran last.
  expect(versions.map(({ name }: { name: string }) => name).sort()).toEqual(['0.19.3', '0.20.0'])
  expect(installations).toBe(2)
})

test('the demo agrees with a Collector that the user started', async () => {
  const collector = await freshCollector()
  const demo = join(import.meta.dirname, '../../examples/demo.js')
  const env = { PATH: process.env.PATH ?? '', DEMO_ENDPOINT: collector.endpoint }
  const { status, stdout, stderr } = await runProcess(process.execPath, [demo], { cwd: tmpdir(), env })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain(`taken by ${collector.endpoint}`)
  expect(await prometheusCounts(collector.prometheus)).toEqual({
    '0.19.3 init': 1,
    '0.19.3 build': 6,
    '0.19.3 check': 3,
    '0.19.3 test': 2,
  })
})

const example = {
  version: '1.0.0',
  instance: 'a',
  time: 3,
  asInt: '7' as unknown,
  temporality: 2 as unknown,
}

function body(change: Partial<typeof example> = {}): string {
  const { version, instance, time, asInt, temporality } = { ...example, ...change }
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const point = {
    attributes: [attribute('command_name', 'build')],
    startTimeUnixNano: '1795206980883000000',
    timeUnixNano: `179520698088${time}000001`,
    asInt,
  }
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            attribute('service.name', 'trix'),
            attribute('service.version', version),
            attribute('service.instance.id', instance),
          ],
        },
        scopeMetrics: [
          {
            scope: { name: 'otlp-tally' },
            metrics: [
              {
                name: 'command_invocation',
                unit: '{invocation}',
                sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints: [point] },
              },
            ],
          },
        ],
      },
    ],
  })
}

test('a series counts with its latest point, in whatever order its points came, and series add up', async () => {
  const collector = await freshCollector()
  await post(collector, body({ time: 8, asInt: '5' }))
  await post(collector, body({ time: 4, asInt: '3' }))
  await post(collector, body({ instance: 'b', asInt: '10' }))
  await post(collector, body({ version: '2.0.0', asInt: '1' }))
  const expected = { '1.0.0 build': 15, '2.0.0 build': 1 }
  expect(await prometheusCounts(collector.prometheus)).toEqual(expected)
  await collector.stop()
  expect(await fileCounts(collector.file)).toEqual(expected)
})

const golden = join(import.meta.dirname, '../../fixtures/otlp')
test.each<[name: string, body: string]>([
  ['the example of this file', body()],
  ...readdirSync(golden)
    .filter(name => name.endsWith('.json'))
    .map((name): [string, string] => [name, readFileSync(join(golden, name), 'utf8')]),
])('%s is accepted, and the Collector writes the same request to its file', async (_name, body) => {
  const collector = await freshCollector()
  expect(await post(collector, body)).toEqual({ status: 200, reply: { partialSuccess: {} } })
  await collector.stop()
  const [written] = await fileLines(collector.file)
  expect(same(strictDecode(written), strictDecode(JSON.parse(body)))).toBe(true)
})

test.each([
  ['an enum that is an object', body({ temporality: {} })],
  ['a count in words', body({ asInt: 'seven' })],
  ['broken JSON', body().slice(0, -1)],
])('%s is refused', async (_what, body) => {
  const collector = await freshCollector()
  expect(await post(collector, body)).toMatchObject({ status: 400 })
})

test('the command of fixtures/otlp/README.md makes the same definition of OTLP again', async () => {
  const page = readFileSync(join(golden, 'README.md'), 'utf8')
  const [, command] = /`cd fixtures\/otlp\/(.*?) > ..\/metrics\.binpb`/.exec(page)!
  const made = execFileSync('sh', ['-c', `cd ${command}`], { cwd: golden })
  expect(made.equals(readFileSync(join(golden, 'metrics.binpb')))).toBe(true)
  // Go compiles what it needs once.
}, 600_000)
