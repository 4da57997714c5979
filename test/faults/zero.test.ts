import { spawn } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpers, until } from '../helper.ts'
import { makeWorld, type Result, runProcess, type World } from '../world.ts'

/**
 * Real commands, real helpers and a real server that fails in every way. What is received is counted as Prometheus does:
 * never more than was run, and exactly that wherever a failure is a definite one. See docs/exactness.md.
 */

const root = process.geteuid?.() === 0
const INDEX = join(import.meta.dirname, '../../dist/index.js')
const CLOCK = join(import.meta.dirname, 'wrong-clock.cjs')
const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Point {
  series: string
  time: bigint
  value: number
}

function pointsOf(body: string): Point[] {
  const [{ resource, scopeMetrics }] = JSON.parse(body).resourceMetrics
  return scopeMetrics[0].metrics.flatMap(
    ({ name, sum }: { name: string; sum: { dataPoints: Record<string, string>[] } }) =>
      sum.dataPoints.map(({ attributes, timeUnixNano, asInt }) => ({
        series: JSON.stringify([resource, name, attributes]),
        time: BigInt(timeUnixNano!),
        value: Number(asInt),
      })),
  )
}

/**
 * What `increase` with a zero counts: of each series what it grew by since its first point, in the order of its times, a
 * lower value being a new beginning. Its start is not looked at.
 */
function counted(bodies: readonly string[]): number {
  const bySeries = new Map<string, Point[]>()
  for (const point of bodies.flatMap(pointsOf))
    bySeries.set(point.series, [...(bySeries.get(point.series) ?? []), point])
  let sum = 0
  for (const points of bySeries.values()) {
    points.sort((a, b) => Number(a.time - b.time) || a.value - b.value)
    for (let index = 1; index < points.length; index++) {
      const [before, after] = [points[index - 1]!.value, points[index]!.value]
      sum += after < before ? after : after - before
    }
  }
  return sum
}

type Failing = (store: () => void, answer: (status: number, type?: string) => void, kill: () => void) => void

/** A server whose answer to each request is what the test says at that time. */
async function startServer() {
  const bodies: string[] = []
  const state: { failing: Failing | undefined; requests: number } = { failing: undefined, requests: 0 }
  const server: Server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => (body += chunk))
    request.on('end', () => {
      state.requests++
      const store = () => void bodies.push(body)
      const answer = (status: number, type = 'text/plain') =>
        response.writeHead(status, { 'content-type': type, location: 'http://127.0.0.1:9/' }).end('{}')
      if (state.failing) state.failing(store, answer, () => request.socket.destroy())
      else {
        store()
        answer(200, 'application/json')
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, state }
}

/** Where nobody listens. Not one of the ports that `fetch` itself refuses. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** A user who has agreed. The clock of each command is off by so many ms. */
function makeUser() {
  const world = makeWorld({ TRIX_TELEMETRY: 'on' })
  const options = (endpoint: string) =>
    JSON.stringify({ name: 'trix', version: '1.0.0', endpoint, timeoutMs: 500, commands: ['build', 'test'] })
  const arguments_ = (endpoint: string, commands: string[]) => [
    '--require',
    CLOCK,
    '--input-type=module',
    '-e',
    `import { initTelemetry } from '${INDEX}'
const { trackCommand } = initTelemetry(${options(endpoint)})
for (const command of ${JSON.stringify(commands)}) trackCommand(command)`,
  ]
  return {
    world,
    /** Runs one command, and waits for its helper. `within` is put before the command line: a namespace. */
    async run(endpoint: string, offset = 0, commands = ['build'], home = world.home, within: string[] = []) {
      const line = [...within, process.execPath, ...arguments_(endpoint, commands)]
      const env = { ...world.env, HOME: home, CLOCK_OFFSET: String(offset) }
      const result = await runProcess(line[0]!, line.slice(1), { cwd: world.cwd, env })
      expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' } satisfies Partial<Result>)
      await until(() => !helpers(home).length)
    },
  }
}

const streamOf = (world: World, home = world.home) => {
  const tallies = join(home, '.local/state/trix/tallies')
  const [stream] = readdirSync(tallies).filter(name => !name.includes('~'))
  return join(tallies, stream!)
}
const marksIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => /^command_invocation\/[^!]*$/.test(path))
    .reduce((sum, path) => sum + statSync(join(folder, path)).size / 14, 0)

const status =
  (code: number, type?: string): Failing =>
  (_, answer) =>
    answer(code, type)
const definite: Record<string, Failing> = {
  'answers 301': status(301),
  'answers 401': status(401),
  'answers 403': status(403, 'text/html'),
  'answers 404': status(404),
  'answers 405': status(405),
  'answers 413': status(413, 'text/html'),
  'answers 415': status(415),
}
/** With each, what comes next if it was stored, and if it was not. */
const unknown: Record<string, (stored: boolean) => Failing> = {
  ...Object.fromEntries(
    [400, 408, 409, 422, 429, 500, 502, 503, 504].map(code => [
      `answers ${code}`,
      (stored: boolean): Failing =>
        (store, answer) => {
          if (stored) store()
          answer(code)
        },
    ]),
  ),
  'answers 401 in JSON, as a Collector hands it on': stored => (store, answer) => {
    if (stored) store()
    answer(401, 'application/json')
  },
  'resets the connection after reading': stored => (store, _, kill) => {
    if (stored) store()
    kill()
  },
  'does not answer in time': stored => store => void (stored && store()),
}

describe('a receiver that fails for an hour, and is well again', () => {
  async function aDay(
    failing: Failing | 'refuses the connection',
  ): Promise<{ received: number; run: number; bodies: string[] }> {
    const { endpoint, bodies, state } = await startServer()
    const { run } = makeUser()
    const away = failing === 'refuses the connection'
    if (!away) state.failing = failing
    const failed = away ? await closedPort() : endpoint
    await run(failed)
    await run(failed, HOUR / 2, ['build', 'test'])
    expect(state.requests).toBe(away ? 0 : 2)
    state.failing = undefined
    await run(endpoint, HOUR, ['test'])
    await run(endpoint, HOUR + 1000)
    return { received: counted(bodies), run: 5, bodies }
  }

  test('refuses the connection: exact', async () => {
    const { received, run } = await aDay('refuses the connection')
    expect(received).toBe(run)
  })
  test.each(Object.entries(definite))('%s: exact', async (_, failing) => {
    const { received, run } = await aDay(failing)
    expect(received).toBe(run)
  })
  describe.each(Object.entries(unknown))('%s', (_, failing) => {
    test('after it has stored the request: exact', async () => {
      const { received, run } = await aDay(failing(true))
      expect(received).toBe(run)
    })
    test('without storing it: no more than was run, and all of it in the last body', async () => {
      const { received, run, bodies } = await aDay(failing(false))
      expect(received).toBeLessThanOrEqual(run)
      const last = new Map(pointsOf(bodies.at(-1)!).map(({ series, value }) => [series, value]))
      expect([...last.values()].reduce((sum, value) => sum + value, 0)).toBe(run)
    })
  })
})

/** How a command is started where its network is gone in this way. */
const networks: Record<string, string[]> = {
  'no interface is up': ['unshare', '-n'],
  'there is no route': ['unshare', '-n', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'],
  'all packets are dropped, also those to the DNS server': [
    ...['unshare', '-nm', 'sh', '-c'],
    `echo nameserver 192.0.2.53 > "$HOME/resolv.conf"
    mount --bind "$HOME/resolv.conf" /etc/resolv.conf
    printf '%s\\n' 'link set lo up' 'link add gone0 type veth peer name gone1' 'link set gone0 up' 'link set gone1 up' \\
      'addr add 192.0.2.1/24 dev gone0' 'neigh add 192.0.2.53 lladdr 02:00:00:00:00:02 dev gone0 nud permanent' \\
      'neigh add 192.0.2.77 lladdr 02:00:00:00:00:02 dev gone0 nud permanent' | ip -batch - && exec "$@"`,
    'sh',
  ],
}

describe.skipIf(!root)("a laptop's week (needs root)", () => {
  test.each([
    ['http://198.51.100.7:4318', 'no interface is up'],
    ['http://otel.example.com:4318', 'there is no route'],
    ['http://otel.example.com:4318', 'all packets are dropped, also those to the DNS server'],
    ['http://192.0.2.77:4318', 'all packets are dropped, also those to the DNS server'],
  ])('%s, while %s: exactly what was run', async (endpoint, network) => {
    const { endpoint: online, bodies } = await startServer()
    const { run } = makeUser()
    let runs = 0
    for (let day = 0; day < 4; day++) {
      await run(endpoint, day * DAY, ['build', 'test'], undefined, networks[network])
      runs += 2
    }
    // Several at once, and in quick succession.
    await Promise.all(
      [1, 2, 3].map(ms => run(endpoint, 5 * DAY + ms, ['build'], undefined, networks[network])),
    )
    for (let ms = 0; ms < 2; ms++)
      await run(endpoint, 5 * DAY + 60_000 + ms, ['test'], undefined, networks[network])
    runs += 5
    expect(bodies).toEqual([])
    await run(online, 7 * DAY)
    expect(counted(bodies)).toBe(runs + 1)
    await Promise.all([1, 2, 3, 4].map(ms => run(online, 7 * DAY + ms, ['test'])))
    await run(online, 7 * DAY + 10)
    expect(counted(bodies)).toBe(runs + 6)
  })
})

test.each([1, 2, 3])(
  'many first commands at once: all are counted once another one has run (%i)',
  async () => {
    const { endpoint, bodies } = await startServer()
    const { run } = makeUser()
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        run(endpoint, index, index % 2 ? ['build'] : ['test', 'build']),
      ),
    )
    await run(endpoint, 100)
    expect(counted(bodies)).toBe(16)
  },
)

describe('a clock that is wrong', () => {
  test.each([
    ['10 minutes behind', -600_000, 3],
    ['in 2020', Date.UTC(2020, 0, 1) - Date.now(), 0],
    ['in 1970', 5000 - Date.now(), 0],
  ])('%s: counted, nothing set aside, and all received once it is right', async (_, offset, sent) => {
    const { endpoint, bodies } = await startServer()
    const { run, world } = makeUser()
    for (let ms = 0; ms < 3; ms++) await run(endpoint, offset + ms, ['build'])
    expect(bodies).toHaveLength(sent)
    const before = Date.now()
    await run(endpoint, 0, ['test'])
    await run(endpoint, 0, ['build'])
    expect(counted(bodies)).toBe(5)
    expect(marksIn(streamOf(world))).toBe(5)
    expect(world.files().filter(path => path.includes('~'))).toEqual([])
    for (const { time } of pointsOf(bodies.at(-1)!)) {
      expect(Number(time / 1_000_000n)).toBeGreaterThan(before - 60_000)
      expect(Number(time / 1_000_000n)).toBeLessThan(before + 60_000)
    }
  })

  test('behind for some runs of many: what was counted before goes on', async () => {
    const { endpoint, bodies } = await startServer()
    const { run, world } = makeUser()
    for (const offset of [0, 0, -HOUR, -20 * 365 * DAY, 0, -600_000, 0]) await run(endpoint, offset)
    expect(counted(bodies)).toBe(7)
    expect(marksIn(streamOf(world))).toBe(7)
    expect(world.files().filter(path => path.includes('~'))).toEqual([])
  })
})

test.skipIf(!root)('a mark of which only a part fits on the disk is taken back (needs root)', async () => {
  const { world } = makeUser()
  const code = `import { initTelemetry } from '${INDEX}'
initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' }).trackCommand('build')`
  const script = `mount -t tmpfs -o size=64k tmpfs "$HOME" && cd "$HOME" && run() { TRIX_TELEMETRY=local "$1" --input-type=module -e "$2"; } || exit 1
run "$@"; tally=$(find . -name 'command_name=build'); mark=$(cat "$tally")
i=1; while [ $i -lt 292 ]; do echo "$mark" >> "$tally"; i=$((i + 1)); done
cat /dev/zero > fill 2> /dev/null
run "$@"; stat -c %s "$tally"; rm fill; run "$@"; run "$@"; stat -c %s "$tally"; find . -name '*~*'`
  const { stdout, stderr } = await runProcess(
    'unshare',
    ['-m', 'sh', '-c', script, 'sh', process.execPath, code],
    {
      cwd: world.cwd,
      env: world.env,
    },
  )
  expect({ stdout, stderr }).toEqual({ stdout: `${292 * 14}\n${294 * 14}\n`, stderr: '' })
})

describe('files that heal', () => {
  test.each(['', 'x', '\0'.repeat(100)])(
    'a fingerprint of %j is made anew once, by however many',
    async content => {
      const { endpoint, bodies } = await startServer()
      const { run, world } = makeUser()
      await run(endpoint)
      writeFileSync(join(world.state, 'fingerprint'), content)
      await Promise.all(Array.from({ length: 8 }, (_, index) => run(endpoint, index)))
      await run(endpoint, 100)
      const ids = bodies.map(body => /"user\.fingerprint","value":\{"stringValue":"(\w+)"/.exec(body)![1])
      expect(new Set(ids).size).toBe(2)
      expect(new Set(ids.slice(1)).size).toBe(1)
      const aside = readdirSync(world.state).filter(name => name.startsWith('fingerprint~'))
      expect(aside.map(name => readFileSync(join(world.state, name), 'utf8'))).toEqual([content])
      expect(counted(bodies)).toBe(10)
    },
  )

  test('an instance that is damaged', async () => {
    const { endpoint, bodies } = await startServer()
    const { run, world } = makeUser()
    await run(endpoint)
    writeFileSync(join(streamOf(world), 'instance'), '')
    await Promise.all(Array.from({ length: 6 }, (_, index) => run(endpoint, index)))
    await run(endpoint, 100)
    expect(counted(bodies)).toBe(8)
    const ids = bodies.map(
      body => /"service\.instance\.id","value":\{"stringValue":"([\w-]+)"/.exec(body)![1],
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('ids are durable when they are made, and no ordinary run waits for a disk', async () => {
    const { endpoint } = await startServer()
    const { run } = makeUser()
    const home = makeWorld().home
    const trace = join(home, 'trace')
    const synced = async () => {
      await run(endpoint, 0, ['build'], home, [
        'strace',
        '-f',
        '-qq',
        '-e',
        'trace=fsync,fdatasync,sync,openat',
        '-o',
        trace,
      ])
      const lines = readFileSync(trace, 'latin1').split('\n')
      return {
        syncs: lines.filter(line => /f(data)?sync\(/.test(line)).length,
        looks: lines.filter(line => line.includes('/trix/fingerprint"')).length,
      }
    }
    expect((await synced()).syncs).toBe(2)
    // One look at the fingerprint is all that it costs to notice a copy.
    expect(await synced()).toEqual({ syncs: 0, looks: 1 })
  })

  test('a fingerprint is renewed after 13 months, with new streams', async () => {
    const { endpoint, bodies } = await startServer()
    const { run } = makeUser()
    for (const days of [0, 200, 395, 397, 500]) await run(endpoint, days * DAY)
    const ids = bodies.map(body => JSON.stringify(JSON.parse(body).resourceMetrics[0].resource))
    expect(ids.map(id => ids.indexOf(id))).toEqual([0, 0, 0, 3, 3])
    expect(counted(bodies)).toBe(5)
  })
})

describe('a copied home', () => {
  const copies: Record<string, (from: string, to: string) => Promise<void>> = {
    'by cp -a': (from, to) => shell('cp -a "$1" "$2"', from, to),
    'by cp -a of the state folder alone': (from, to) => {
      mkdirSync(join(to, '.local/state'), { recursive: true })
      return shell('cp -a "$1/.local/state/trix" "$2/.local/state/trix"', from, to)
    },
    'by tar': (from, to) => shell('mkdir "$2" && tar -C "$1" -cf - . | tar -C "$2" -xf -', from, to),
    'by cp of Node': async (from, to) => cpSync(from, to, { recursive: true, preserveTimestamps: true }),
  }
  test.each(Object.entries(copies))(
    '%s is an installation of its own, and the original goes on',
    async (_, copy) => {
      const { endpoint, bodies } = await startServer()
      const { run, world } = makeUser()
      const other = `${world.home}-copy`
      await run(endpoint)
      await run(endpoint)
      await copy(world.home, other)
      for (const home of [other, world.home, other]) await run(endpoint, 0, ['build'], home)
      expect(counted(bodies)).toBe(5)
      const ids = bodies.map(body => JSON.stringify(JSON.parse(body).resourceMetrics[0].resource))
      expect(ids.map(id => ids.indexOf(id))).toEqual([0, 0, 2, 0, 2])
    },
  )

  test('that is restored over the original, from before some runs', async () => {
    const { endpoint, bodies } = await startServer()
    const { run, world } = makeUser()
    for (let runs = 0; runs < 3; runs++) await run(endpoint)
    await shell('tar -C "$1" -cf "$2" .', world.home, `${world.home}.tar`)
    for (let runs = 0; runs < 2; runs++) await run(endpoint)
    renameSync(world.home, `${world.home}-lost`)
    await shell('mkdir "$1" && tar -C "$1" -xf "$2"', world.home, `${world.home}.tar`)
    rmSync(`${world.home}-lost`, { recursive: true })
    for (let runs = 0; runs < 2; runs++) await run(endpoint)
    expect(counted(bodies)).toBe(7)
  })

  test('by many first runs at once', async () => {
    const { endpoint, bodies } = await startServer()
    const { run, world } = makeUser()
    await run(endpoint)
    const other = `${world.home}-copy`
    await shell('cp -a "$1" "$2"', world.home, other)
    await Promise.all(Array.from({ length: 6 }, (_, index) => run(endpoint, index, ['build'], other)))
    await run(endpoint, 50, ['build'], other)
    expect(counted(bodies)).toBe(8)
  })
})

function shell(script: string, ...given: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', script, 'sh', ...given], { stdio: 'inherit' })
    child.on('exit', code => (code ? reject(new Error(`${script}: ${code}`)) : resolve()))
  })
}

test('a full tally is set aside by many at once: received plus stored is what was run', async () => {
  const { endpoint, bodies } = await startServer()
  const { run, world } = makeUser()
  await run(endpoint)
  const tally = join(streamOf(world), 'command_invocation/command_name=build')
  const first = Number(readFileSync(tally, 'latin1').slice(0, 13))
  const more = Array.from({ length: 74_896 }, (_, index) => `${first + Math.floor(index / 1000)}\n`)
  appendFileSync(tally, more.join(''))
  await Promise.all(Array.from({ length: 8 }, (_, index) => run(endpoint, index)))
  await run(endpoint, 1000)
  const stored = marksIn(streamOf(world))
  expect(stored).toBe(74_897 + 9)
  expect(counted(bodies)).toBeLessThanOrEqual(stored)
  const aside = readdirSync(join(streamOf(world), 'command_invocation')).filter(name => name.includes('~'))
  expect(aside).toHaveLength(1)
  // What is in the new tally is received: nothing of it was set aside with the old one.
  const last = pointsOf(bodies.at(-1)!).find(({ value }) => value > 0)!
  expect(last.value).toBe(statSync(tally).size / 14)
})

test('an installation that version 0.1 has made goes on without a jump', async () => {
  const { endpoint, bodies } = await startServer()
  const { run, world } = makeUser()
  const fixtures = join(import.meta.dirname, '../../fixtures')
  cpSync(join(fixtures, 'state-0.1'), world.state, { recursive: true })
  const before = readFileSync(join(fixtures, 'state-0.1.received.jsonl'), 'utf8').trim().split('\n')
  expect(counted(before)).toBe(7)
  await run(endpoint, 0, ['build'])
  await run(endpoint, HOUR, ['test', 'build'])
  expect(counted([...before, ...bodies])).toBe(10)
  const id = (body: string) => /"user\.fingerprint","value":\{"stringValue":"(\w+)"/.exec(body)![1]
  expect(id(bodies[0]!)).toBe(id(before[0]!))
  expect(world.files().filter(path => path.includes('~'))).toEqual([])
})

test('an installation of version 0.1 whose notice was seen sends, without an explicit yes', async () => {
  const { endpoint, bodies } = await startServer()
  const { run, world } = makeUser()
  delete world.env.TRIX_TELEMETRY
  cpSync(join(import.meta.dirname, '../../fixtures/state-0.1'), world.state, { recursive: true })
  await run(endpoint)
  expect(bodies).toHaveLength(1)
  expect(readFileSync(join(world.state, 'notice'), 'utf8')).toMatch(/^1 trix \S+\n?$/)
})
