import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { counts, type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, type World } from './world.ts'

/** Its file also says when it was made, and of which file it is. */
const fingerprintOf = (world: World) => readFileSync(join(world.state, 'fingerprint'), 'utf8').split(' ')[0]!

/** A user who has said yes, and a receiver that their tool sends to. */
async function consented(): Promise<{ world: World; receiver: Receiver }> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  return { world, receiver }
}

test('a command arrives as one POST, and nothing of it is seen by the person who ran it', async () => {
  const { world, receiver } = await consented()
  expect(await world.tool(['build'])).toEqual({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
  const [request] = await receiver.arrived(1)
  expect(request).toMatchObject({ method: 'POST', url: '/v1/metrics' })
  expect(request!.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': `otlp-tally/${version}`,
  })
  const fingerprint = fingerprintOf(world)
  expect(request!.headers['otlp-tally-shard']).toBe(fingerprint.slice(0, 4))
  expect(counts(receiver.requests)).toEqual({ build: 1 })
})

test('however a command ends, it is counted, and its exit code and output stay its own', async () => {
  const { world, receiver } = await consented()
  writeFileSync(join(world.cwd, 'broken.json'), '{')
  const exited = await world.tool(['check'])
  expect(exited.status).toBe(3)
  await receiver.arrived(1)
  const died = await world.tool(['build'])
  expect(died.status).toBe(1)
  const silent = await world.tool(['build'], { TRIX_TELEMETRY: 'off' })
  expect(died).toEqual(silent)
  await receiver.arrived(2)
  expect(counts(receiver.requests)).toEqual({ check: 1, build: 1 })
})

test('a point of zero comes before the first point of a series, and never again', async () => {
  const { world, receiver } = await consented()
  for (const [index, command] of ['build', 'build', 'check'].entries()) {
    await world.tool([command])
    await receiver.arrived(index + 1)
  }
  expect(receiver.requests.map(request => builds([request]))).toEqual(['0,1', '2', '2'])
  expect(receiver.requests.map(request => valuesOf('check', [request]))).toEqual(['', '', '0,1'])
})

/** All values of a command, in the order in which they arrived. */
const valuesOf = (command: string, requests: Receiver['requests']): string =>
  requests
    .flatMap(({ body }) => JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics[0].sum.dataPoints)
    .filter(({ attributes: [name] }) => name.value.stringValue === command)
    .map(({ asInt }) => asInt)
    .join()
const builds = (requests: Receiver['requests']) => valuesOf('build', requests)

const longBuild = `
  import { initTelemetry, trackCommand } from 'otlp-tally'
  initTelemetry({ name: 'trix', version: '0.19.3', commands: ['init', 'check', 'build', 'test'] })
  trackCommand('build')
  console.log('counted')
  process.stdin.once('data', () => process.exit())`

test('no zero comes after a value, though a short command sends the series that a long one has begun', async () => {
  const { world, receiver } = await consented()
  const build = world.start(longBuild)
  await build.said('counted')
  await world.tool(['check'])
  await receiver.arrived(1)
  // All of it has been carried: the long command sends nothing at its end.
  await build.end()
  await world.tool(['build'])
  await receiver.arrived(2)
  expect(builds(receiver.requests)).toBe('0,1,2')
})

test('the series of a command that was killed begins with zero all the same', async () => {
  const { world, receiver } = await consented()
  const build = world.start(longBuild)
  await build.said('counted')
  build.kill()
  await world.tool(['build'])
  await receiver.arrived(1)
  expect(builds(receiver.requests)).toBe('0,2')
})

test('the start of a series stays, its times grow, and start < zero < first', async () => {
  const { world, receiver } = await consented()
  for (let run = 1; run <= 3; run++) {
    await world.tool(['build'])
    await receiver.arrived(run)
  }
  const points = receiver.requests.flatMap(
    ({ body }) => JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics[0].sum.dataPoints,
  )
  const starts = new Set(points.map(point => point.startTimeUnixNano))
  const times = points.map(point => BigInt(point.timeUnixNano))
  expect(starts.size).toBe(1)
  expect(times).toEqual([...times].sort())
  expect(new Set(times).size).toBe(4)
  expect(times[0]).toBeGreaterThan(BigInt(points[0].startTimeUnixNano))
  expect(times.every(time => time % 1_000_000n === 0n)).toBe(true)
})

test('two versions side by side are two streams, each with its own count', async () => {
  const { world, receiver } = await consented()
  for (const [index, version] of ['1.0.0', '2.0.0-Beta+1', '1.0.0'].entries()) {
    await world.tool(['build'], { TRIX_VERSION: version })
    await receiver.arrived(index + 1)
  }
  const instances = new Set(
    receiver.requests.map(({ body }) => body.match(/service\.instance\.id.*?([0-9a-f-]{36})/)![1]),
  )
  expect(instances.size).toBe(2)
  expect(counts(receiver.requests)).toEqual({ build: 3 })
})

test('a program that runs on delivers after a second, and again at its end what came later', async () => {
  const { world, receiver } = await consented()
  const running = world.start(`
    import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({ name: 'trix', version: '1.0.0', commands: ['dev', 'reload'] })
    trackCommand('dev')
    process.stdin.once('data', () => trackCommand('reload'))
  `)
  await receiver.arrived(1)
  expect(counts(receiver.requests)).toEqual({ dev: 1 })
  await running.end()
  await receiver.arrived(2)
  expect(counts(receiver.requests)).toEqual({ dev: 1, reload: 1 })
})

test('flushTelemetry resolves when the body has been delivered', async () => {
  const { world, receiver } = await consented()
  await world.tool(['test'])
  // Not awaited: the tool awaited it.
  expect(counts(receiver.requests, 'documents_tested')).toEqual({ true: 1 })
})

test('the last commands of a burst are delivered, though no other command follows', async () => {
  const { world, receiver } = await consented()
  const tool = (times: number) => `
    import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({ name: 'trix', version: '1.0.0', commands: ['dev'] })
    for (let i = 0; i < ${times}; i++) trackCommand('dev')`
  await world.script(tool(300))
  await receiver.arrived(1)
  for (let i = 0; i < 4; i++) await world.script(tool(1))
  await expect.poll(() => counts(receiver.requests), { timeout: 20_000 }).toEqual({ dev: 304 })
  // One for the first 300, and one for each second after that, or for each command on a machine that is slower.
  expect(receiver.requests.length).toBeLessThan(6)
})

test('a program that idles after a burst delivers all of it, also where its helper came too soon after another', async () => {
  const { world, receiver } = await consented()
  const tool = `
    import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({ name: 'trix', version: '1.0.0', commands: ['dev'] })
    const count = times => { for (let i = 0; i < times; i++) trackCommand('dev') }`
  // Its helper starts a second after the first counts, and finds a claim that is younger than that.
  const running = world.start(`${tool}
    count(300)
    console.log('counted')
    setTimeout(() => count(200), 900)
    process.stdin.once('data', () => {})
  `)
  await running.said('counted')
  await sleep(450)
  await world.script(`${tool}\ncount(1)`)
  await expect.poll(() => counts(receiver.requests), { timeout: 20_000 }).toEqual({ dev: 501 })
  await running.end()
})
