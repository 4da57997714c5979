import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTelemetry } from '../../src/core/telemetry.ts'
import { strictDecode } from '../strict-decode.ts'
import { fuzz, makeFolder, openBatch } from './fuzz.ts'
import { outputOf } from './output.ts'

const root = makeFolder()
const NOW = 1_795_206_980_885
const MARK = 14

interface Scribble {
  kind: 'overwrite' | 'truncate' | 'append' | 'empty' | 'remove' | 'folder'
  /** Which file, where in it and how much, as parts of a thousand. */
  file: number
  at: number
  bytes: Uint8Array
}

interface Step {
  /** How far the clock has moved since the step before. */
  clock: number
  commands: string[]
  explicit: boolean
  /** Between counting and sending; the helper starts when the command ends. */
  runsFor: number
  scribble: Scribble | undefined
  midway: Scribble | undefined
}

const digits = fc
  .string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 30 })
  .map(text => Buffer.from(text))
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  digits,
  fc.constantFrom('0', '9', '\0', '\n', ' ', '\xff').map(fill => Buffer.from(fill.repeat(MARK), 'latin1')),
  fc
    .constantFrom('0'.repeat(13), '0'.repeat(12).concat('1'), `-${'1'.repeat(12)}`)
    .map(mark => Buffer.from(`${mark}\n`)),
  fc.integer({ min: -400_000, max: 400_000 }).map(ms => Buffer.from(`${NOW + ms}\n`)),
)
const scribble: fc.Arbitrary<Scribble> = fc.record({
  kind: fc.constantFrom(
    ...([
      'overwrite',
      'overwrite',
      'overwrite',
      'truncate',
      'append',
      'append',
      'empty',
      'remove',
      'folder',
    ] as const),
  ),
  file: fc.nat(999),
  at: fc.oneof(fc.constant(0), fc.nat(999)),
  bytes,
})
const maybe = (weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: scribble })

const stepOf = (clock: fc.Arbitrary<number>, between: fc.Arbitrary<Scribble | undefined>, midway = between) =>
  fc.record({
    clock,
    commands: fc.array(fc.constantFrom('build', 'test', 'Build'), { minLength: 1, maxLength: 4 }),
    explicit: fc.boolean(),
    runsFor: fc.nat(1500),
    scribble: between,
    midway,
  })

const forward = fc.oneof(fc.integer({ min: 5, max: 5000 }), fc.integer({ min: 60_000, max: 10 * 86_400_000 }))
const moving = fc.oneof(
  forward,
  fc.integer({ min: -5000, max: 0 }),
  fc.constantFrom(-299_999, -300_001, -3_600_000, 3_600_000, -365 * 86_400_000, 365 * 86_400_000),
)

interface Point {
  start: bigint
  time: bigint
  value: bigint
}

/** Every point of a body under the name of its series. */
function pointsOf(text: string): [series: string, Point][] {
  const body = JSON.parse(text)
  strictDecode(body)
  const [{ resource, scopeMetrics }] = body.resourceMetrics
  const instance = JSON.stringify(resource.attributes)
  return scopeMetrics[0].metrics.flatMap(
    ({ name, sum }: { name: string; sum: { dataPoints: Record<string, unknown>[] } }) =>
      sum.dataPoints.map(point => [
        `${instance} ${name} ${JSON.stringify(point.attributes)}`,
        {
          start: BigInt(point.startTimeUnixNano as string),
          time: BigInt(point.timeUnixNano as string),
          value: BigInt(point.asInt as string),
        },
      ]),
  )
}

/** One state folder that is used, and scribbled over, and what of it has been sent. */
class Installation {
  readonly home = root
  readonly state = join(root, '.local/state/trix')
  /** The largest size that a tally had, by inode: fewer whole marks than that is the one damage that cannot be seen. */
  readonly sizes = new Map<number, number>()
  /** Tallies whose first mark is not ours any more, so neither is their start. */
  readonly foreign = new Set<string>()
  readonly last = new Map<string, Point & { upsets: number }>()
  clock = 0
  /** How often the clock was set back, or a file was damaged: marks that are seen no more make the time earlier. */
  upsets = 0
  bodies = 0
  refused = 0

  constructor() {
    rmSync(root, { recursive: true, force: true })
    mkdirSync(this.state, { recursive: true })
    appendFileSync(join(this.state, 'notice'), '1\n')
  }

  files(): string[] {
    return readdirSync(this.state, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
  }

  run({ commands, explicit, runsFor, midway }: Step, now: number): void {
    if (now < this.clock) this.upsets++
    const env = { HOME: this.home, ...(explicit && { TRIX_TELEMETRY: 'on' }) }
    const options = { name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' }
    const batch = openBatch(options, env, now - 40)
    for (const [index, command] of commands.entries()) {
      const series = { metric: 'command_invocation', attributes: { command_name: command } }
      // The layer above catches what these two throw: nothing is counted or sent then.
      this.attempt(() => batch.count(series, now + index))
    }
    this.measure()
    if (midway) this.scribble(midway)
    const end = now + commands.length + runsFor
    this.clock = end
    this.attempt(() => {
      const request = batch.request(end, true)
      if (request) this.receive(request.body)
    })
  }

  attempt(act: () => void): void {
    try {
      act()
    } catch (error) {
      // An assertion of ours, or of the strict decoder, is not what may happen here.
      if (
        !/^(E[A-Z]+:|the fingerprint|a tally is|it is |the stream |The encoded data)/.test(
          (error as Error).message,
        )
      )
        throw error
      this.refused++
    }
  }

  receive(body: string): void {
    this.bodies++
    const points = pointsOf(body)
    for (const [series, point] of points) {
      if (this.foreign.size && [...this.foreign].some(name => series.includes(name))) continue
      const key = `${series} ${point.start}`
      const before = this.last.get(key)
      expect(point.time > point.start, 'a time after the start').toBe(true)
      expect(point.start > 0n, 'a start that is known').toBe(true)
      if (before) {
        expect(point.value >= before.value, `a smaller value under the same start: ${key}`).toBe(true)
        // It is made of marks, and nothing else is stored of what was sent.
        if (this.upsets === before.upsets)
          expect(point.time >= before.time, `a time that went back: ${key}`).toBe(true)
      }
      this.last.set(key, { ...point, upsets: this.upsets })
    }
  }

  measure(): void {
    for (const path of this.files()) {
      const { ino, size } = statSync(path)
      this.sizes.set(ino, Math.max(size, this.sizes.get(ino) ?? 0))
    }
  }

  scribble({ kind, file, at, bytes }: Scribble): void {
    const files = this.files()
    const path = files[Math.floor((file * files.length) / 1000)]
    if (!path) return
    // That a series has begun is said by a file alone. Who removes just that gets its zero once more, at its old time.
    if (kind === 'remove' && path.includes('!')) return
    this.upsets++
    const stats = statSync(path)
    const place = Math.floor((at * (stats.size + 1)) / 1000)
    if (kind === 'remove' || kind === 'folder') rmSync(path)
    if (kind === 'folder') mkdirSync(path)
    if (kind === 'remove' || kind === 'folder') return
    const fd = openSync(path, 'r+')
    if (kind === 'truncate') ftruncateSync(fd, place)
    if (kind === 'empty') ftruncateSync(fd, 0)
    if (kind === 'append') writeSync(fd, bytes, 0, bytes.length, stats.size)
    if (kind === 'overwrite') {
      writeSync(fd, bytes, 0, bytes.length, place)
      // It may by chance be a start that this series has had, and then it is not the library that repeats it.
      if (place < MARK) this.foreign.add(commandOf(path))
    }
    closeSync(fd)
    this.refuseLostMarks(path, stats)
  }

  /** Fewer marks, but whole ones, are no damage that anybody could see; so this one is made visible. */
  refuseLostMarks(path: string, { ino }: Stats): void {
    const { size } = statSync(path)
    if (size > 0 && size % MARK === 0 && size < (this.sizes.get(ino) ?? 0)) appendFileSync(path, 'x')
  }
}

/** As it is in a body: `"stringValue":"build"`. */
function commandOf(path: string): string {
  const name = decodeURIComponent(/command_name=([^~/]*)/.exec(path)?.[1] ?? 'no tally')
  return `"stringValue":"${name}"`
}

let counted = { steps: 0, bodies: 0, refused: 0 }

const property = (step: fc.Arbitrary<Step>) =>
  fc.property(fc.array(step, { minLength: 2, maxLength: 16 }), steps => {
    const installation = new Installation()
    let now = NOW
    for (const step of steps) {
      now += step.clock
      if (step.scribble) installation.scribble(step.scribble)
      installation.run(step, now)
      now += step.commands.length + step.runsFor
    }
    counted.steps += steps.length
    counted.bodies += installation.bodies
    counted.refused += installation.refused
  })

async function tryState(what: string, cases: number, step: fc.Arbitrary<Step>): Promise<void> {
  counted = { steps: 0, bodies: 0, refused: 0 }
  await fuzz(what, cases, property(step))
  console.log(`${what}: ${counted.steps} runs, ${counted.bodies} bodies, ${counted.refused} calls refused`)
  expect(counted.bodies).toBeGreaterThan(0)
}

test('whatever is scribbled over the state: no smaller value under the same start', async () => {
  await tryState('scribbled state', 6000, stepOf(forward, maybe(1), maybe(3)))
})

test('whatever is scribbled over the state: whoever counts hears nothing of it', async () => {
  const environment = { ...process.env }
  let bodies = 0
  await fuzz(
    'counting over scribbled state',
    2000,
    fc.asyncProperty(fc.array(stepOf(forward, maybe(1)), { minLength: 2, maxLength: 12 }), async steps => {
      const installation = new Installation()
      for (const { scribble, midway, commands, explicit } of steps) {
        if (scribble) installation.scribble(scribble)
        // Neither mode sends: `local` appends, `log` reads what is there and prints the body.
        process.env = { HOME: installation.home, TRIX_TELEMETRY: explicit ? 'local' : 'log' }
        const listeners = process.listeners('exit')
        const tool = createTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' }, [])
        const output = await outputOf(async () => {
          for (const command of commands) tool.trackCommand(command)
          if (midway) installation.scribble(midway)
          await tool.flushTelemetry()
        })
        for (const listener of process.listeners('exit'))
          if (!listeners.includes(listener)) process.off('exit', listener)
        expect(output.stdout).toBe('')
        if (explicit) expect(output.stderr).toBe('')
        for (const line of output.stderr.split('\n').filter(text => text.startsWith('{'))) {
          strictDecode(JSON.parse(line))
          bodies++
        }
      }
    }),
  )
  process.env = environment
  console.log(`${bodies} bodies read by the strict decoder`)
  expect(bodies).toBeGreaterThan(0)
})

test('however the clock moves: no smaller value under the same start', async () => {
  await tryState('a moving clock', 3000, stepOf(moving, fc.constant(undefined)))
})
