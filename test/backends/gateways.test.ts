import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeWorld, type World } from '../world.ts'
import { accepted, type Member, makeCrowd } from './crowd.ts'
import { folder, TOKEN } from './examples.ts'
import { type Gateway, startFleet, startGateway, startStore } from './gateways.ts'
import { builds, type Post } from './load.ts'
import { type Door, startDoor } from './nginx.ts'
import { counts, number, type Prometheus, query } from './prometheus.ts'

/** The files for several gateways together: nginx before two gateways, of which one is restarted while requests go on. */

/** A user who has said yes to a tool of the fleet. */
function makeUser(door: Door): World {
  const world = makeWorld({ NODE_EXTRA_CA_CERTS: door.certificate })
  world.writeConfig(
    `[telemetry]
     enabled = true
     endpoint = "${door.endpoint}"
     timeout_ms = 20000
     headers = { authorization = "Bearer ${TOKEN}" }`,
  )
  return world
}

/** All at once: how many were accepted, and how many met a gateway that is down. */
async function sendAll(members: readonly Member[], door: Door, n: number): Promise<Record<number, number>> {
  const answers: Record<number, number> = { 200: 0, 502: 0 }
  for (const status of await Promise.all(members.map(member => member.send(door, n)))) answers[status]!++
  return answers
}

/** What docs/backends/gateways.md asks the store. */
const totals = (store: Prometheus) =>
  counts(
    store,
    'sum by (job, service_version, command_name) (last_over_time(job_version_command:command_invocation:day[15m]))',
  )

test('totals are exact though a gateway restarts while requests go on, and nobody is in them', async () => {
  const dir = folder()
  const { store, a, b, door } = await startFleet(dir)
  expect(await door.send({ headers: { authorization: 'Bearer guess' } })).toBe(401)

  const crowd = makeCrowd(await builds(6), 60)
  const users = Array.from({ length: 4 }, () => makeUser(door))
  let runs = 0
  const use = async () => {
    runs += users.length
    const results = await Promise.all(
      users.flatMap(({ tool }) => ['2.0.0', '3.0.0'].map(TRIX_VERSION => tool(['build'], { TRIX_VERSION }))),
    )
    for (const { status, stderr } of results) expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  }
  const soon = (version: string) => expect.poll(async () => (await totals(store))[`${version} build`])

  // Ten of them begin while their gateway may be down.
  const old = crowd.slice(10)
  await Promise.all([sendAll(old, door, 1), use()])
  expect(await sendAll(old, door, 2)).toEqual({ 200: 50, 502: 0 })

  const startA = await a.pause()
  const [answers] = await Promise.all([sendAll(crowd, door, 3), use()])
  expect(answers[200]).toBeGreaterThan(10)
  expect(answers[502]).toBeGreaterThan(10)
  await startA()
  // What is missing now is what no gateway has accepted yet.
  await soon('1.0.0').toBe(accepted(crowd))

  // The Prometheus of the other one: its Collector takes the requests, and waits.
  const [, meanwhile] = await Promise.all([b.prometheus.restart(), sendAll(crowd, door, 4), use()])
  expect(meanwhile).toEqual({ 200: 60, 502: 0 })
  await soon('1.0.0').toBe(60 * 4)

  await Promise.all([
    a.pause().then(start => start()),
    sendAll(crowd.slice(0, 30), door, 5).then(() => sendAll(crowd.slice(30), door, 5)),
    use(),
  ])
  await soon('1.0.0').toBe(accepted(crowd))

  // The next command of each repairs what it lost.
  await sendAll(crowd, door, 6)
  await use()
  await soon('2.0.0').toBe(runs)
  await soon('3.0.0').toBe(runs)
  await expect
    .poll(() => totals(store))
    .toEqual({ '1.0.0 build': 60 * 6, '2.0.0 build': runs, '3.0.0 build': runs })

  // Each is at one gateway, whatever its version. Otherwise the sum would count it twice.
  for (const span of ['day', 'week'])
    await expect
      .poll(() => number(store, `sum by (job) (last_over_time(job:installations:${span}[15m]))`))
      .toBe(64)
  const known = async ({ prometheus }: Gateway) =>
    (
      await query(prometheus, 'count by (user_fingerprint) (last_over_time(command_invocation_total[1h]))')
    ).map(({ labels }) => labels.user_fingerprint!)
  const [atA, atB] = [await known(a), await known(b)]
  expect(new Set([...atA, ...atB]).size).toBe(atA.length + atB.length)
  expect(Math.min(atA.length, atB.length)).toBeGreaterThan(10)

  // The raw side knows them. What is kept for long, and every log, does not.
  const series = await query(store, 'last_over_time({__name__=~".+"}[1h])')
  const labels = new Set(series.flatMap(({ labels }) => Object.keys(labels)))
  expect([...labels].sort()).toEqual(['__name__', 'command_name', 'gateway', 'job', 'service_version'])
  const logs = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.log'))
  expect(logs).toHaveLength(6)
  const secrets = [
    ...crowd.flatMap(({ fingerprint, instance }) => [fingerprint, instance]),
    ...users.flatMap(ids),
  ]
  for (const text of [JSON.stringify(series), ...logs.map(name => readFileSync(join(dir, name), 'utf8'))])
    for (const secret of ['127.1.', ...secrets]) expect(text).not.toContain(secret)
})

/** What is stored of who a user is: the fingerprint, and an id in each log. */
function ids({ home, files }: World): string[] {
  const texts = files()
    .filter(path => /\/(fingerprint|.*\.log)$/.test(path))
    .map(path => readFileSync(join(home, path), 'utf8'))
  const found = texts.flatMap(
    text => text.match(/\b[0-9a-f]{64}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g) ?? [],
  )
  expect(new Set(found).size).toBe(3)
  return found
}

test('a gateway that is added counts nothing again that another one has counted', async () => {
  const dir = folder()
  const store = await startStore(join(dir, 'store'))
  const fresh = await startGateway(join(dir, 'c'), 'c', store.write)
  const door = await startDoor(join(dir, 'door'), [fresh.address, '127.0.0.1:1'])
  // They began three days ago.
  const posts = (await builds(6)).map(post => ({
    ...post,
    body: post.body.replace(
      /"startTimeUnixNano":"\d+"/g,
      `"startTimeUnixNano":"${Date.now() - 3 * 86_400_000}000000"`,
    ),
  }))
  const crowd = makeCrowd(posts, 40)
  await sendAll(crowd, door, 4)
  const moved = crowd.filter(({ accepted }) => accepted)
  await sendAll(moved, door, 6)
  await expect.poll(() => totals(store)).toEqual({ '1.0.0 build': moved.length * 2 })
})

test('a gateway that is killed loses what it had not handed on, until the next command of each', async () => {
  const { store, a, b, door } = await startFleet(folder())
  const crowd = makeCrowd(await builds(7), 60)
  const old = crowd.slice(0, 50)
  const total = async () => (await totals(store))['1.0.0 build']
  const known = async () =>
    (await number(a.prometheus, 'count(last_over_time(command_invocation_total[1h]))')) ?? 0

  await sendAll(old, door, 1)
  await sendAll(old, door, 2)
  await expect.poll(total).toBe(50 * 2)
  const ofA = await known()
  expect(ofA).toBeGreaterThan(10)

  // Both its servers at once, while requests go on: what was on its way from one to the other is gone.
  const [starts] = await Promise.all([Promise.all([a.kill(), a.prometheus.kill()]), sendAll(old, door, 3)])
  for (const start of starts) await start()
  await sendAll(old, door, 4)
  await expect.poll(total).toBe(50 * 4)

  // The worst: the Collector has taken and answered what its Prometheus, which is down, does not get any more.
  const startPrometheus = await a.prometheus.kill()
  expect(await sendAll(crowd, door, 5)).toEqual({ 200: 60, 502: 0 })
  const startCollector = await a.kill()
  await startPrometheus()
  await startCollector()
  const fresh =
    (await number(b.prometheus, 'count(last_over_time(command_invocation_total[1h]))'))! - (50 - ofA)
  await expect.poll(total).toBe(50 * 4 + (50 - ofA) + fresh * 5)

  // The Collector had answered 200 for what is lost. The next request brings it again, even where the first one was
  // lost, because these series began less than an hour ago.
  await sendAll(crowd, door, 6)
  await expect.poll(total).toBe(60 * 6)
})

test('what a killed gateway loses for good: the first requests of installations that come back after an hour', async () => {
  const dir = folder()
  const store = await startStore(join(dir, 'store'))
  const a = await startGateway(join(dir, 'a'), 'a', store.write)
  const door = await startDoor(join(dir, 'door'), [a.address, '127.0.0.1:1'])
  const posts = (await builds(5)).map(post => beganBefore(post, 3 * 3_600_000))
  const crowd = makeCrowd(posts, 20)
  const start = await a.prometheus.kill()
  await sendAll(crowd, door, 1)
  const theirs = crowd.filter(({ accepted }) => accepted)
  await sendAll(theirs, door, 3)
  const startCollector = await a.kill()
  await start()
  await startCollector()
  await sendAll(theirs, door, 4)
  await sendAll(theirs, door, 5)
  // Four of five are the price: all until the first request that arrived.
  await expect.poll(() => totals(store)).toEqual({ '1.0.0 build': theirs.length })
})

/** A request without its zero, of a series that is so many ms old. */
function beganBefore(post: Post, age: number): Post {
  const start = `"startTimeUnixNano":"${Date.now() - age}000000"`
  const body = JSON.parse(post.body.replace(/"startTimeUnixNano":"\d+"/g, start))
  const [{ sum }] = body.resourceMetrics[0].scopeMetrics[0].metrics
  sum.dataPoints = sum.dataPoints.filter(({ asInt }: { asInt: string }) => asInt !== '0')
  return { ...post, body: JSON.stringify(body) }
}
