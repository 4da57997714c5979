import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { all, countedBy, pointsOf, resourceValues } from './consumers.ts'
import { makeTool, startBackend } from './counting.ts'
import { helpers, helpersEnded, until } from './helper.ts'
import { statOf } from './processes.ts'
import { SILENT } from './world.ts'

// Real commands, real helpers, a real server. What four kinds of backends make of what it has stored is never more than
// was run, and once a healthy command can send, all of it. The slow ones are in `faults/`.

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('every run is counted', () => {
  test('by each of 30 first commands at once', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, logs, canSend, world } = makeTool()
    const results = await Promise.all(Array.from({ length: 30 }, () => start(endpoint)))
    for (const result of results) expect(result).toEqual(SILENT)
    await helpersEnded(world)
    await canSend()
    await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(31))
    // They are one installation.
    for (const key of ['service.instance.id', 'user.fingerprint'])
      expect(resourceValues(bodies, key).size).toBe(1)
    expect(logs()).toHaveLength(1)
  })

  test('by three programs that count 60 events each, and flush at the same moments', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, canSend, world } = makeTool()
    const after = `
      let count = 0
      let moment = 0
      await new Promise(resolve => {
        const timer = setInterval(() => {
          for (let i = 0; i < 3; i++) trackEvent('e' + Math.floor(Math.random() * 40)), count++
          if (moment !== (moment = Math.floor(Date.now() / 150))) flushTelemetry()
          if (count === 60) clearInterval(timer), resolve()
        }, 20)
      })`
    const options = { events: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`e${i}`, {}])) }
    const programs = Array.from({ length: 3 }, () => start(endpoint, [], { options, after }))
    for (const result of await Promise.all(programs)) expect(result).toMatchObject({ status: 0, stderr: '' })
    await helpersEnded(world)
    await canSend()
    await run(endpoint, ['build'], { options })
    expect(countedBy(bodies)).toEqual(all(181))
  })

  test('by commands that begin many series at once', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, canSend, world } = makeTool()
    const commands = Array.from({ length: 100 }, (_, i) => `c${i}`)
    for (let round = 0; round < 2; round++) {
      const names = Array.from({ length: 16 }, (_, i) => commands[(round * 31 + i * 7) % 100]!)
      await Promise.all(names.map(name => start(endpoint, [name, 'c0'], { options: { commands } })))
    }
    await helpersEnded(world)
    await canSend()
    await run(endpoint, ['c99'], { options: { commands } })
    expect(countedBy(bodies)).toEqual(all(65))
  })

  test('by offline commands, which the next online one sends', async () => {
    const { endpoint, bodies, offline } = await startBackend()
    const { run } = makeTool()
    await offline(async () => {
      for (const name of ['build', 'test', 'build']) await run(endpoint, [name])
    })
    await run(endpoint, ['lint'])
    expect(countedBy(bodies)).toEqual(all(4))
  })

  test('by commands of an earlier version that were not sent before the upgrade', async () => {
    const { endpoint, bodies, offline } = await startBackend()
    const { run } = makeTool()
    await offline(async () => {
      for (let i = 0; i < 3; i++) await run(endpoint)
    })
    await run(endpoint, ['build', 'test'], { options: { version: '2.0.0' } })
    // Both in one request, each with an id of its own.
    expect(bodies).toHaveLength(1)
    expect(resourceValues(bodies, 'service.version')).toEqual(new Set(['1.0.0', '2.0.0']))
    expect(countedBy(bodies)).toEqual(all(5))
    // With a later time, the earlier version would look like the one in use. (The zeros are 1 ms before it.)
    const times = bodies[0]!.match(/(?<="timeUnixNano":")\d+(?=","asInt":"[^0])/g)!
    expect(times).toEqual([times[0], times[0], times[0]])
    await run(endpoint, ['build'], { options: { version: '2.0.0', resourceAttributes: { channel: 'beta' } } })
    await run(endpoint, ['build'])
    expect(countedBy(bodies)).toEqual(all(7))
  })

  test('for the endpoint that it was counted for, and for no other', async () => {
    let isUp = true
    const a = await startBackend(({ store, answer }) => {
      if (isUp) store()
      answer(isUp ? 200 : 404, 'text/plain')
    })
    const b = await startBackend()
    const { run } = makeTool()
    await run(a.endpoint)
    isUp = false
    for (let i = 0; i < 6; i++) await run(a.endpoint)
    for (let i = 0; i < 2; i++) await run(b.endpoint)
    expect(countedBy(a.bodies)).toEqual(all(1))
    expect(countedBy(b.bodies)).toEqual(all(2))
    isUp = true
    await run(a.endpoint)
    await run(b.endpoint)
    expect(countedBy(a.bodies)).toEqual(all(8))
    expect(countedBy(b.bodies)).toEqual(all(3))
  })

  test('by commands within the interval of the tool, which the next request has in its totals', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run } = makeTool()
    const options = { intervalMs: HOUR }
    for (let i = 0; i < 5; i++) await run(endpoint, ['build', 'test'], { options })
    expect(countedBy(bodies)).toEqual(all(2))
    // `flushTelemetry` sends within the interval too.
    await run(endpoint, ['build'], { options, after: 'await flushTelemetry()' })
    expect(bodies).toHaveLength(2)
    expect(countedBy(bodies)).toEqual(all(11))
  })

  test('by a log that is full: the next log has another id, and its first request has the rest of the full one', async () => {
    const { endpoint, bodies, offline } = await startBackend()
    const { run, logs, marks, canSend, world } = makeTool()
    await run(endpoint)
    const [log] = logs()
    const path = join(world.state, 'v1', log!)
    // 16 MiB in all, the last of it by a program that was offline.
    const record = `\ncommand_invocation,command_name=build ${Date.now() - 60_000}`
    const count = Math.floor((2 ** 24 - 100 - statSync(path).size) / record.length)
    writeFileSync(path, record.repeat(count), { flag: 'a' })
    await offline(() => run(endpoint, Array(200).fill('build')))
    expect(logs().sort()).toEqual([log, expect.stringMatching(/\.log~\w{8}$/)])
    await canSend()
    await run(endpoint)
    const ran = 1 + count + 200 + 1
    expect(marks()).toBe(ran)
    expect(resourceValues(bodies, 'service.instance.id').size).toBe(2)
    expect(countedBy(bodies)).toEqual(all(ran))
  })
})

describe('never more than was run', () => {
  test('by a helper that was stopped while its log was cleared', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, world } = makeTool()
    for (let i = 0; i < 4; i++) await run(endpoint)
    // In the place of Node it starts a shell, which stops itself before it becomes Node.
    const stopping = join(world.cwd, 'stopping')
    writeFileSync(stopping, `#!/bin/sh\nkill -STOP $$\nexec ${process.execPath} "$@"\n`, { mode: 0o755 })
    await start(endpoint, ['build'], { after: `process.execPath = ${JSON.stringify(stopping)}` })
    await until(() => helpers(world.home).some(pid => statOf(pid)[0] === 'T'))
    const [helper] = helpers(world.home)
    const old = resourceValues(bodies, 'service.instance.id')
    execFileSync('rm', ['-r', join(world.state, 'v1')])
    const before = bodies.length
    for (let i = 0; i < 3; i++) await start(endpoint)
    await until(() => bodies.length > before && helpers(world.home).length === 1)
    process.kill(helper!, 'SIGCONT')
    await helpersEnded(world)
    await run(endpoint)
    const since = bodies.slice(before)
    expect(resourceValues(since, 'service.instance.id').size).toBe(1)
    expect(resourceValues(since, 'service.instance.id')).not.toEqual(old)
    expect(countedBy(since)).toEqual(all(4))
  })

  test('by a clock that was a day ahead for two runs, at a server that refuses such times', async () => {
    let clock = 0
    const { endpoint, bodies } = await startBackend(({ body, store, answer }) => {
      const limit = BigInt(Date.now() + clock + 600_000) * 1_000_000n
      if (pointsOf(body).some(({ time }) => time > limit)) return answer(400, 'text/plain')
      store()
      answer(200)
    })
    const { run } = makeTool()
    for (let i = 0; i < 2; i++) await run(endpoint, ['build'], { clock: DAY })
    for (let i = 0; i < 4; i++) await run(endpoint, ['build', 'test'])
    // The first two were refused, and the next one noticed it.
    expect(countedBy(bodies)).toEqual(all(6))
    clock = DAY + HOUR
    for (let i = 0; i < 2; i++) await run(endpoint, ['build'], { clock })
    // Nobody knows whether the first request was stored, so its zero is not repeated. Without it, `increase` misses what was
    // counted before the first point.
    const { byStart, ...others } = countedBy(bodies)
    expect(byStart).toBe(12)
    for (const count of Object.values(others)) expect([8, 9, 10, 11, 12]).toContain(count)
  })

  test.each([
    ['seven months', '2.0.0', 214 * DAY],
    ['fourteen months', '1.0.0', 427 * DAY],
  ])('by a clock that was %s ahead for one run, while others wait offline', async (_, version, clock) => {
    const { endpoint, bodies, offline } = await startBackend()
    const { run } = makeTool()
    await offline(async () => {
      for (let i = 0; i < 5; i++) await run(endpoint)
      await run(endpoint, ['build'], { clock, options: { version } })
    })
    for (let i = 0; i < 2; i++) await run(endpoint)
    await run(endpoint, ['build'], { options: { version } })
    expect(countedBy(bodies)).toEqual(all(9))
  })

  test('by a log that was cut short, after a clock was four minutes ahead', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, logs, marks, canSend, world } = makeTool()
    for (let i = 0; i < 3; i++) await run(endpoint)
    await run(endpoint, ['test'], { clock: 250_000 })
    await run(endpoint)
    const path = join(world.state, 'v1', logs()[0]!)
    for (const cut of [3, 20, 60]) {
      truncateSync(path, statSync(path).size - cut)
      await run(endpoint, ['build', 'test'])
    }
    await canSend()
    await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(marks()))
  })
})

test('what cannot be stored is neither counted nor sent', async () => {
  const { endpoint, requests } = await startBackend()
  const { run, world } = makeTool()
  writeFileSync(join(world.home, '.local'), 'not a folder\n')
  for (let i = 0; i < 3; i++) await run(endpoint)
  expect(requests).toEqual([])
  expect(readFileSync(join(world.home, '.local'), 'utf8')).toBe('not a folder\n')
  expect(readdirSync(world.home)).toEqual(['.local'])
})
