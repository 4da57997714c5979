import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { all, countedBy, resourceValues } from '../consumers.ts'
import { makeTool, startBackend } from '../counting.ts'
import { helpers, helpersEnded } from '../helper.ts'
import { canSend } from '../log-text.ts'
import { GUARD_MS } from '../machine.ts'
import type { Result, World } from '../world.ts'
import { countedIn, expectNoOtherFiles, makeUser, receiving, waitForHelpers } from './compare.ts'

/** How long processes are killed at random, and about how long the busy process counts. */
const STORM_MS = 30_000

const report: string[] = []
afterAll(() => void process.stdout.write(`\n${report.join('\n')}\n`))

/** Runs `size` commands at once, each in its own environment. */
function runAtOnce(
  world: World,
  size: number,
  env: (i: number) => Record<string, string>,
): Promise<Result[]> {
  return Promise.all(Array.from({ length: size }, (_, i) => world.tool(['build'], env(i))))
}

test.each([50, 200])(
  '%i commands at once do the same as without telemetry, and each is counted',
  async size => {
    const receiver = await receiving()
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    const timed = async (telemetry: string) => {
      const start = performance.now()
      const results = await runAtOnce(world, size, () => ({ TRIX_TELEMETRY: telemetry }))
      return {
        results: new Set(results.map(result => JSON.stringify(result))),
        ms: performance.now() - start,
      }
    }
    const off = await timed('off')
    const on = await timed('on')
    report.push(`${size} at once: off ${off.ms.toFixed()} ms, on ${on.ms.toFixed()} ms`)
    expect(on.results).toEqual(off.results)
    // The helpers run on the same cores, so it may take twice the time. Commands that wait for each other would take more.
    expect(on.ms).toBeLessThan(5 * off.ms + 5000)
    await waitForHelpers(world, GUARD_MS)
    expectNoOtherFiles(world)
    expect(countedIn(world)).toEqual({ build: size })
    await canSend(join(world.state, 'v1'))
    await world.tool(['build'])
    await waitForHelpers(world, GUARD_MS)
    expect(countedBy(receiver.requests.map(({ body }) => body))).toEqual(all(size + 1))
  },
)

test('disable while 50 commands run: none is counted after it, and no id is left', async () => {
  const receiver = await receiving()
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  // Some commands have ended by then, and some have not begun.
  const before = runAtOnce(world, 25, () => ({}))
  const disabling = world.tool(['telemetry', 'disable'])
  const after = runAtOnce(world, 25, () => ({}))
  const running = [...(await before), ...(await after)]
  expect(await disabling).toMatchObject({ status: 0, stderr: '' })
  const last = await world.tool(['build'])
  for (const result of running) expect(result).toEqual(last)
  await waitForHelpers(world, GUARD_MS)
  expect(world.files()).toEqual(['.config/trix/config.toml', '.local/state/trix/consent.json'])
  report.push(`disable: ${receiver.requests.length} requests were sent before it`)
  await world.tool(['telemetry', 'enable'])
  await world.tool(['build'])
  expect(countedIn(world)).toEqual({ build: 1 })
})

test('a server that answers in eight ways: never more is counted than was run, and exactly that once the server works', async () => {
  const kinds = ['200', '500 stored', '500', '404', 'cut after storing', 'cut', 'hangs', 'late'] as const
  let isWell = false
  const { endpoint, bodies, offline } = await startBackend(({ index, store, answer, response }) => {
    const kind = isWell || index === 0 ? '200' : kinds[index % kinds.length]!
    if (/^(200|500 stored|cut after storing|late)$/.test(kind)) store()
    if (kind.startsWith('cut')) response.destroy()
    else if (kind === 'late') setTimeout(() => answer(200), 1200)
    else if (kind !== 'hangs') answer(Number.parseInt(kind, 10), 'text/plain')
  })
  const { run, start, canSend, world, marks } = makeTool()
  const options = { timeoutMs: 1000 }
  // All series begin in the first request, which is answered.
  await run(endpoint, ['build', 'check', 'lint', 'test'], { options })
  for (let round = 0; round < 12; round++) {
    const names = ['build', 'check', 'lint', 'test', 'build']
    await Promise.all(names.map(name => start(endpoint, [name], { options })))
    if (round % 4 === 3) await offline(() => run(endpoint, ['lint'], { options }))
    expect(countedBy(bodies).byTime).toBeLessThanOrEqual(marks())
  }
  await helpersEnded(world)
  isWell = true
  await canSend()
  await run(endpoint, ['build'], { options })
  expect(marks()).toBe(4 + 12 * 5 + 3 + 1)
  expect(countedBy(bodies)).toEqual(all(marks()))
})

test(`kill -9 of random processes for ${STORM_MS / 1000} s: exactly the marks on the disk are counted`, async () => {
  const { endpoint, bodies } = await startBackend()
  const tool = makeTool()
  const options = { timeoutMs: 1000 }
  const names = ['build', 'check', 'test']
  await tool.run(endpoint, names, { options })
  const end = Date.now() + STORM_MS
  let runs = 0
  let killed = 0
  let printed = 0
  async function lane(): Promise<void> {
    while (Date.now() < end) {
      const doomed = Math.random() < 0.6
      // `timeout` kills it after a part of the time that a command takes.
      const within = doomed ? ['timeout', '-s', 'KILL', `${(0.02 + 0.2 * Math.random()).toFixed(3)}`] : []
      const after = "process.stdout.write('!'); setTimeout(() => {}, 20 * Math.random())"
      const result = await tool.start(endpoint, [names[runs++ % 3]!], { options, after, within })
      if (result.stdout === '!') printed++
      if (result.status !== 0) killed++
    }
  }
  let killedHelpers = 0
  async function helperKiller(): Promise<void> {
    while (Date.now() < end) {
      await sleep(100 * Math.random())
      const found = helpers(tool.world.home)
      const victim = found[Math.floor(Math.random() * found.length)]
      try {
        if (victim && process.kill(victim, 'SIGKILL')) killedHelpers++
      } catch {
        // it had ended by itself
      }
    }
  }
  await Promise.all([lane(), lane(), lane(), lane(), helperKiller()])
  await helpersEnded(tool.world)
  await tool.canSend()
  await tool.run(endpoint, ['build'], { options })
  // A command prints after it has counted, so there are at least as many marks.
  expect(tool.marks()).toBeGreaterThanOrEqual(3 + printed + 1)
  expect(tool.marks()).toBeLessThanOrEqual(3 + runs + 1)
  expect(countedBy(bodies)).toEqual(all(tool.marks()))
  for (const key of ['service.instance.id', 'user.fingerprint'])
    expect(resourceValues(bodies, key).size).toBe(1)
  report.push(
    `kill -9: ${runs} commands, ${killed} of them killed, ${killedHelpers} helpers killed, ${bodies.length} requests`,
  )
})

test('kill -9 of the first commands in a home: the next command is counted, whatever files they left', async () => {
  const { endpoint, bodies } = await startBackend()
  const { start, run, world, marks } = makeTool()
  let complete = 0
  for (let home = 0; home < 25; home++) {
    rmSync(join(world.home, '.local'), { recursive: true, force: true })
    const before = bodies.length
    const within = ['timeout', '-s', 'KILL', `${(0.03 + home * 0.004).toFixed(3)}`]
    await Promise.all(Array.from({ length: 3 }, () => start(endpoint, ['build'], { within })))
    await helpersEnded(world)
    await run(endpoint)
    const since = countedBy(bodies.slice(before))
    expect(since.byStart).toBeLessThanOrEqual(marks())
    if (since.byStart === marks()) complete++
  }
  report.push(`kill -9 of first commands: ${complete} of 25 homes complete at once`)
})

test('a busy process has one id, makes about one request a second, and all of 100,000 are counted', async () => {
  const { endpoint, bodies } = await startBackend()
  const { start, run, canSend, world, logs } = makeTool()
  const started = Date.now()
  const after = `
    await new Promise(resolve => {
      let count = 0
      const timer = setInterval(() => {
        for (let i = 0; i < 50; i++) trackCommand(['build', 'check', 'test'][count++ % 3])
        if (count >= 100_000) clearInterval(timer), resolve()
      }, ${STORM_MS / 2000})
    })`
  expect(await start(endpoint, [], { after })).toMatchObject({ status: 0, stdout: '', stderr: '' })
  const seconds = (Date.now() - started) / 1000
  await helpersEnded(world)
  await canSend()
  await run(endpoint)
  expect(countedBy(bodies)).toEqual(all(100_001))
  expect(resourceValues(bodies, 'service.instance.id').size).toBe(1)
  expect(logs()).toHaveLength(1)
  expect(bodies.length).toBeLessThan(seconds + 10)
  report.push(`100,000 by one process in ${seconds.toFixed()} s: ${bodies.length} requests`)
})

test('two versions at once: all runs of both are counted', async () => {
  const receiver = await receiving()
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  await runAtOnce(world, 50, i => ({ TRIX_TELEMETRY: 'on', TRIX_VERSION: i % 2 ? '1.0.0' : '2.0.0' }))
  await waitForHelpers(world, GUARD_MS)
  expectNoOtherFiles(world)
  await canSend(join(world.state, 'v1'))
  for (const version of ['1.0.0', '2.0.0']) await world.tool(['check'], { TRIX_VERSION: version })
  await waitForHelpers(world, GUARD_MS)
  expect(countedBy(receiver.requests.map(({ body }) => body))).toEqual(all(52))
})
