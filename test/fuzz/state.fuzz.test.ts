import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shared } from '../../src/core/global.ts'
import { initTelemetry } from '../../src/core/handle.ts'
import { strictDecode } from '../strict-decode.ts'
import { fuzz, makeFolder } from './fuzz.ts'
import { Installation, MARK, NOW, type Scribble, type Step } from './installation.ts'
import { outputOf } from './output.ts'

const root = makeFolder()

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
    answer: fc.constantFrom(...(['accepted', 'accepted', 'accepted', 'refused', 'killed'] as const)),
    scribble: between,
    midway,
  })

const forward = fc.oneof(fc.integer({ min: 5, max: 5000 }), fc.integer({ min: 60_000, max: 10 * 86_400_000 }))
const moving = fc.oneof(
  forward,
  fc.integer({ min: -5000, max: 0 }),
  fc.constantFrom(-299_999, -300_001, -3_600_000, 3_600_000, -365 * 86_400_000, 365 * 86_400_000),
)

let counted = { steps: 0, bodies: 0, refused: 0 }

const property = (step: fc.Arbitrary<Step>) =>
  fc.property(fc.array(step, { minLength: 2, maxLength: 16 }), steps => {
    const installation = new Installation(root)
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
      const installation = new Installation(root)
      for (const { scribble, midway, commands, explicit } of steps) {
        if (scribble) installation.scribble(scribble)
        // Neither mode sends: `local` appends, `log` reads what is there and prints the body.
        process.env = { HOME: installation.home, TRIX_TELEMETRY: explicit ? 'local' : 'log' }
        const listeners = process.listeners('exit')
        shared().tools.clear()
        const tool = initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' })
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
