import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { consentedUser, counts, type Receiver } from './receiver.ts'

test('a command arrives as one POST, and the person who ran it sees nothing of it', async () => {
  const { world, receiver } = await consentedUser()
  expect(await world.tool(['build'])).toEqual({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
  const [request] = await receiver.arrived(1)
  expect(request).toMatchObject({ method: 'POST', url: '/v1/metrics' })
  expect(request!.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': `otlp-tally/${version}`,
  })
  const [fingerprint] = readFileSync(join(world.state, 'fingerprint'), 'utf8').split(' ')
  expect(request!.headers['otlp-tally-shard']).toBe(fingerprint!.slice(0, 4))
  expect(counts(receiver.requests)).toEqual({ build: 1 })
})

test('a command that fails is counted, and its exit code and output are the same as without telemetry', async () => {
  const { world, receiver } = await consentedUser()
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

test('the first request of a series has a zero before its count, and no later one has', async () => {
  const { world, receiver } = await consentedUser()
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

test('a count is sent once, where a short command sends what a long one has counted before', async () => {
  const { world, receiver } = await consentedUser()
  const build = world.start(longBuild)
  await build.printed('counted')
  await world.tool(['check'])
  await receiver.arrived(1)
  // The long command has nothing left to send at its end.
  await build.end()
  await world.tool(['build'])
  await receiver.arrived(2)
  expect(builds(receiver.requests)).toBe('0,1,2')
})

test('the series of a command that was killed begins with a zero too', async () => {
  const { world, receiver } = await consentedUser()
  const build = world.start(longBuild)
  await build.printed('counted')
  build.kill()
  await world.tool(['build'])
  await receiver.arrived(1)
  expect(builds(receiver.requests)).toBe('0,2')
})

test('all points of a series have one start, and each has a later time than the one before', async () => {
  const { world, receiver } = await consentedUser()
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
  const { world, receiver } = await consentedUser()
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

test('a program that runs on delivers while it runs, and at its end what it has counted since', async () => {
  const { world, receiver } = await consentedUser()
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
  const { world, receiver } = await consentedUser()
  await world.tool(['test'])
  // Not awaited: the tool awaited it.
  expect(counts(receiver.requests, 'documents_tested')).toEqual({ true: 1 })
})

test('the last commands of a burst are delivered, though no other command follows', async () => {
  const { world, receiver } = await consentedUser()
  const tool = (times: number) => `
    import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({ name: 'trix', version: '1.0.0', commands: ['dev'] })
    for (let i = 0; i < ${times}; i++) trackCommand('dev')`
  await world.script(tool(300))
  await receiver.arrived(1)
  for (let i = 0; i < 4; i++) await world.script(tool(1))
  await expect.poll(() => counts(receiver.requests)).toEqual({ dev: 304 })
  // One for the first 300, and one for each second after that, or for each command on a slow machine.
  expect(receiver.requests.length).toBeLessThan(6)
})

test('a program that idles after a burst delivers all of it, though another command has sent just before', async () => {
  const { world, receiver } = await consentedUser()
  const tool = `
    import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({ name: 'trix', version: '1.0.0', commands: ['dev'] })
    const count = times => { for (let i = 0; i < times; i++) trackCommand('dev') }`
  // Its helper starts a second after the first counts, and finds a claim that is younger than a second.
  const running = world.start(`${tool}
    count(300)
    console.log('counted')
    setTimeout(() => count(200), 900)
    process.stdin.once('data', () => {})
  `)
  await running.printed('counted')
  await sleep(450)
  await world.script(`${tool}\ncount(1)`)
  await expect.poll(() => counts(receiver.requests)).toEqual({ dev: 501 })
  await running.end()
})
