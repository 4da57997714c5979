import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { flushTelemetry, initTelemetry, trackCommand, trackEvent } from '../../src/core/handle.ts'
import type { Telemetry, Tool } from '../../src/core/tool.ts'
import { strictDecode } from '../strict-decode.ts'
import { fuzz, makeFolder, oddText, withEnvironment } from './fuzz.ts'
import { outputOf } from './output.ts'

const root = makeFolder()
/** What Node itself would print: an unhandled rejection, too many listeners. */
const complaints: unknown[] = []
const complain = (reason: unknown) => void complaints.push(reason)

beforeEach(() => {
  process.on('warning', complain).on('unhandledRejection', complain)
})
afterEach(async () => {
  await new Promise(resolve => setTimeout(resolve, 50)) // both come later
  process.off('warning', complain).off('unhandledRejection', complain)
  expect(complaints).toEqual([])
})

/** A value that is made when a call is made, because fast-check looks into the values that it holds. */
class Made {
  readonly make: () => unknown
  constructor(make: () => unknown) {
    this.make = make
  }
}

/** The value with all that is `Made` in it. */
function real(value: unknown): unknown {
  if (value instanceof Made) return value.make()
  if (Array.isArray(value)) return value.map(real)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, real(inner)]))
}

const thrower = () => {
  throw new Error('read')
}
const throwing = new Proxy({}, { get: () => thrower })
const cyclic = () => {
  const object: Record<string, unknown> = {}
  object.self = object
  return object
}

/** What JavaScript can pass where a string, a number or an object is meant. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
  fc.anything({
    withBoxedValues: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
  }),
  oddText,
  fc
    .constantFrom<(() => unknown)[]>(
      () => Symbol('x'),
      () => thrower,
      () => new Proxy({}, throwing),
      () => new Proxy([], throwing),
      () => new Proxy(() => {}, throwing),
      () => ({ toString: null, valueOf: null, toJSON: thrower }),
      () => ({ toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower }),
      () => Object.defineProperty({}, 'name', { enumerable: true, get: thrower }),
      cyclic,
      () => new Headers({ a: 'b' }),
      () => Object.create({ command_name: 'inherited' }),
      () => globalThis,
      () => process.argv,
    )
    .map(make => new Made(make)),
)

const either = <T>(good: fc.Arbitrary<T>, weight = 12) =>
  fc.oneof({ weight, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: hostile })

const word = fc.string({ unit: fc.constantFrom(...'aZ09_.:- '), minLength: 1, maxLength: 66 })
const key = fc.string({ unit: fc.constantFrom(...'aZ09_.'), minLength: 1, maxLength: 65 })
const value = fc.oneof(word, fc.constantFrom('true', 'false', 'con', 'NUL', 'a,b', 'a=b', '-'), fc.boolean())
const attributes = fc.dictionary(
  fc.oneof(key, fc.constantFrom('constructor', 'command_name', 'a')),
  either(value, 30),
  {
    maxKeys: 9,
  },
)
/** Changes each time it is read. */
const fickle = fc.tuple(value, fc.array(oddText, { minLength: 1, maxLength: 4 })).map(([first, later]) => {
  const make = () => {
    const answers: unknown[] = [first, ...later]
    return Object.defineProperty({}, 'command_name', {
      enumerable: true,
      get: () => (answers.length > 1 ? answers.shift() : answers[0]),
    })
  }
  return new Made(make)
})

// Never a random text as `home`, because this test would write there.
const home = fc.oneof(
  fc.constantFrom(join(root, 'own'), '~/own', join(root, 'own\0'), '', 'relative', '~', '.'),
  hostile.filter(other => typeof other !== 'string'),
)
const attributesOfEvent = fc.dictionary(
  key,
  either(fc.oneof(fc.constant(Boolean), fc.array(word, { maxLength: 2 })), 20),
  {
    maxKeys: 2,
  },
)
const goodOptions = fc.record({
  name: fc.constantFrom('trix', 'my-tool', 'A.b_c'),
  version: fc.constantFrom('1.0.0', '2.0.0-rc.1+x'),
  endpoint: fc.constantFrom('http://127.0.0.1:9', 'https://otel.invalid/x?y=z'),
  // Some of what is counted below.
  commands: fc.constantFrom(['build', 'a'], ['true', 'false', 'con', 'NUL', '-']),
  events: fc.constantFrom({}, { a: { a: ['a', 'b'], Z: Boolean } }),
})
const moreOptions = fc.record(
  {
    name: hostile,
    version: hostile,
    endpoint: either(fc.constantFrom('', 'ftp://x'), 3),
    commands: either(
      fc.array(either(fc.constantFrom('build', 'db migrate', 'a', 'x'.repeat(64)), 20), { maxLength: 3 }),
      4,
    ),
    events: either(fc.dictionary(key, either(attributesOfEvent, 20), { maxKeys: 2 }), 4),
    failures: either(fc.oneof(fc.boolean(), fc.constant({ except: [1] }))),
    agents: either(fc.boolean()),
    command: either(fc.constantFrom('ng analytics', false)),
    headers: either(fc.dictionary(fc.oneof(key, oddText), fc.oneof(word, oddText)), 3),
    timeoutMs: either(fc.integer({ min: 1, max: 100 })),
    metricName: either(fc.constantFrom('runs', 'app.commands', 'a'.repeat(64), '1st', 'constructor')),
    environment: either(fc.boolean()),
    intervalMs: either(fc.constantFrom(0, 60_000, -1)),
    policy: either(fc.constantFrom('https://trix.dev/privacy', 'trix.dev'), 3),
    delivery: either(fc.constantFrom('auto', 'detached', 'inline')),
    consent: either(fc.constantFrom('notice', 'explicit')),
    notice: either(word),
    noticeVersion: either(fc.constantFrom(1, 2)),
    home,
    resourceAttributes: either(fc.oneof(attributes, fickle), 3),
    disabled: either(fc.oneof(fc.boolean(), word)),
    unknown: hostile,
  },
  { requiredKeys: [] },
)
/** Mostly valid, with few unusual options: one that is invalid turns all off. */
const options = fc.oneof(
  { weight: 4, arbitrary: goodOptions },
  {
    weight: 12,
    arbitrary: fc.tuple(goodOptions, moreOptions, fc.nat(20)).map(([good, more, index]) => {
      const chosen = Object.entries(more).slice(index, index + 2)
      return { ...good, ...Object.fromEntries(chosen) }
    }),
  },
  { weight: 2, arbitrary: fc.tuple(goodOptions, moreOptions).map(([good, more]) => ({ ...good, ...more })) },
  { weight: 1, arbitrary: hostile },
)

const call = fc.oneof(
  fc.tuple(fc.constant('trackCommand' as const), fc.tuple(either(value))),
  fc.tuple(fc.constant('trackEvent' as const), fc.tuple(either(key), either(attributes))),
  fc.tuple(fc.constant('trackEvent' as const), fc.tuple(either(key), fickle)),
  fc.tuple(fc.constant('trackEvent' as const), fc.tuple(either(key))),
)
const event = fc.tuple(
  fc.constant('trackEvent' as const),
  fc.tuple(
    fc.constantFrom('a', 'b'),
    fc.constantFrom({}, { a: 'a' }, { a: 'c' }, { Z: true }, { a: 'b', Z: false }),
  ),
)
const calls = fc.array(fc.oneof({ weight: 4, arbitrary: call }, { weight: 1, arbitrary: event }), {
  minLength: 1,
  maxLength: 8,
})
const makeCall = (telemetry: Telemetry, [name, args]: [keyof Telemetry, readonly unknown[]]) =>
  (telemetry[name] as (...args: unknown[]) => unknown)(...args.map(real))

const modes = fc.constantFrom('on', 'log', 'log', 'local', 'off', 'constructor', undefined)

function environmentOf(mode: string | undefined): NodeJS.ProcessEnv {
  const modes = ['TRIX', 'MY_TOOL', 'A_B_C'].map(prefix => [`${prefix}_TELEMETRY`, mode])
  return { HOME: root, PATH: '/nonexistent', ...(mode !== undefined && Object.fromEntries(modes)) }
}

/** What names and values of a body look like. */
const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/
const VALUE = /^(?! )(?!.* {2})[A-Za-z0-9_.:+ -]{1,64}(?<! )$/

interface Sent {
  resource: { attributes: Pair[] }
  scopeMetrics: { metrics: { name: string; sum: { dataPoints: { attributes: Pair[] }[] } }[] }[]
}
interface Pair {
  key: string
  value: { stringValue?: string; boolValue?: boolean }
}

/** A strict decoder accepts the body, and it has only names and values of the closed sets. */
function checkBody(text: string): void {
  const body = JSON.parse(text)
  strictDecode(body)
  for (const { resource, scopeMetrics } of body.resourceMetrics as Sent[]) {
    const metrics = scopeMetrics.flatMap(({ metrics }) => metrics)
    for (const { name } of metrics) expect(name).toMatch(NAME)
    const points = metrics.flatMap(({ sum }) => sum.dataPoints)
    const pairs = [...resource.attributes, ...points.flatMap(({ attributes }) => attributes)]
    for (const { key, value } of pairs) {
      expect(key).toMatch(NAME)
      if (value.boolValue === undefined) expect(value.stringValue).toMatch(VALUE)
    }
  }
}

test('before initTelemetry the functions do nothing', async () => {
  await fuzz(
    'the functions before initTelemetry',
    5000,
    fc.asyncProperty(calls, async list => {
      const output = await withEnvironment(environmentOf('log'), () =>
        outputOf(async () => {
          for (const one of list)
            expect(makeCall({ trackCommand, trackEvent, flushTelemetry } as Telemetry, one)).toBe(undefined)
          expect(await flushTelemetry()).toBe(undefined)
        }),
      )
      expect(output).toEqual({ stdout: '', stderr: '' })
    }),
  )
})

test('whatever the options, names and attributes: it never throws, rejects, prints, or sends what a decoder refuses', async () => {
  let bodies = 0
  await fuzz(
    'initTelemetry',
    25_000,
    fc.asyncProperty(
      options,
      fc.array(calls, { minLength: 1, maxLength: 2 }),
      modes,
      async (given, lists, mode) => {
        // Not in every case, so that earlier counts are there, up to the limit of series.
        if (bodies % 50 === 0) rmSync(root, { recursive: true, force: true })
        mkdirSync(root, { recursive: true })
        const output = await withEnvironment(environmentOf(mode), () =>
          outputOf(async () => {
            const telemetry = initTelemetry(real(given) as never)
            for (const list of lists) {
              for (const one of list) expect(makeCall(telemetry, one)).toBe(undefined)
              // Nothing is sent by a test: it is disabled, as by a late `--no-telemetry`.
              if (mode !== 'log' && 'disable' in telemetry) (telemetry as Tool).disable(true)
              expect(await telemetry.flushTelemetry()).toBe(undefined)
            }
            if ('disable' in telemetry) (telemetry as Tool).disable(true)
          }),
        )
        expect(output.stdout).toBe('')
        if (mode !== 'log') expect(output.stderr).toBe('')
        for (const line of output.stderr.split('\n').filter(Boolean)) {
          if (line.startsWith('{')) checkBody(line)
          else
            expect(line).toMatch(
              /^(trix|my-tool|A\.b_c) telemetry: (not counted \(|this would be sent to http)/,
            )
          bodies += Number(line.startsWith('{'))
        }
      },
    ),
  )
  console.log(`${bodies} bodies read by the strict decoder`)
  expect(bodies).toBeGreaterThan(0)
})
