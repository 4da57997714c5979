import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { shared } from '../src/core/global.ts'
import { initTelemetry } from '../src/core/handle.ts'
import { parseSeries } from '../src/core/log/record.ts'
import { commandSeries, eventSeries, type Series } from '../src/core/vocabulary.ts'
import { foldAt } from '../src/helper/preview.ts'
import { startReceiver } from './receiver.ts'
import { writeTool } from './tool-file.ts'
import { makeWorld } from './world.ts'

// What can be sent is a list. These tests try to get another text into a log or a request.

const root = mkdtempSync(join(tmpdir(), 'otlp-tally-vocabulary-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const COMMANDS = ['init', 'build', 'db migrate']
const EVENTS = {
  cup_brewed: { size: ['small', 'large'], decaf: Boolean },
  update_found: {},
}
const lists = { commands: COMMANDS, events: EVENTS }
const options = { name: 'trix', version: '1.0.0', ...lists, failures: true, agents: true }

/** Every text that a series may hold. */
const ALLOWED = new Set<unknown>([
  ...[...COMMANDS, 'unknown', 'command_invocation', 'command_name', 'agent', 'claude', 'other'],
  ...['cup_brewed', 'update_found', 'size', 'small', 'large', 'decaf', true, false],
])
const wordsOf = ({ metric, attributes }: Series) => [metric, ...Object.entries(attributes).flat()]

const environment = { ...process.env }
beforeEach(() => {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root)
})
afterEach(() => {
  process.env = { ...environment }
  shared().tools.clear()
  process.removeAllListeners('exit')
})

/** What is in the log after a tool has done this. */
function counted(act: (tool: Record<string, (...given: unknown[]) => void>) => void, env: object = {}) {
  process.env = { HOME: root, TRIX_TELEMETRY: 'local', ...env }
  shared().tools.clear()
  rmSync(join(root, '.local'), { recursive: true, force: true })
  act(initTelemetry(options) as never)
  process.removeAllListeners('exit')
  const folder = join(root, '.local/state/trix/v1/local')
  const logs = existsSync(folder) ? readdirSync(folder) : []
  return logs.flatMap(name =>
    [...foldAt(join(folder, name)).series].map(([text, { value }]) => ({ ...parseSeries(text)!, value })),
  )
}

const SECRET = 'Hunter2'
const text = fc.oneof(
  fc.constantFrom(
    SECRET,
    ` ${SECRET}`,
    'Build',
    'build ',
    'db  migrate',
    'db',
    'constructor',
    '__proto__',
    'unknown',
  ),
  fc.constantFrom(...COMMANDS, 'small', 'true', ''),
  fc.string({ unit: fc.constantFrom(...'abZ09_.:- /@'), maxLength: 10 }),
)
/** A text in all the forms in which JavaScript can pass one. */
const form = fc.constantFrom<(value: string) => unknown>(
  value => value,
  value => Object(value),
  value => [value],
  value => ({ toString: () => value }),
  value => ({ [Symbol.toPrimitive]: () => value }),
  value => ({ toJSON: () => value }),
  value => ({ value, length: value.length, includes: () => true }),
  value => new Proxy(Object(value), {}),
  value => Symbol(value),
  value => () => value,
)
const passed = fc.tuple(text, form).map(([value, make]) => make(value))
/** Has a listed value when it is read first, and another one later. */
const fickle = fc.tuple(fc.constantFrom('small', 'build', true), text).map(([good, other]) => {
  let asked = 0
  return Object.defineProperty({}, 'size', { enumerable: true, get: () => (asked++ ? other : good) })
})
const attributes = fc.oneof(
  fc.dictionary(fc.oneof(fc.constantFrom('size', 'decaf', 'command_name', 'agent'), text), passed, {
    maxKeys: 3,
  }),
  fickle,
  passed,
)
const call = fc.oneof(
  fc.tuple(fc.constant('trackCommand'), passed),
  fc.tuple(
    fc.constant('trackEvent'),
    fc.oneof(fc.constantFrom('cup_brewed', 'update_found', 'command_invocation', 'command_failure'), passed),
    attributes,
  ),
)

test('whatever is passed, in whatever form: nothing but what is in the lists', () => {
  let found = 0
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 6 }), text, (calls, agent) => {
      const act = (tool: Record<string, (...given: unknown[]) => void>) => {
        for (const [name, ...given] of calls) tool[name]!(...given)
      }
      for (const series of counted(act, { AI_AGENT: agent })) {
        found++
        for (const word of wordsOf(series)) expect(ALLOWED).toContain(word)
      }
    }),
    { numRuns: 600 },
  )
  expect(found).toBeGreaterThan(80)
})

test('each command, event and value of the lists arrives', async () => {
  const receiver = await startReceiver()
  const act = `
for (const name of ['init', 'build', 'db migrate', 'biuld']) trackCommand(name)
for (const size of ['small', 'large']) trackEvent('cup_brewed', { size, decaf: true })
trackEvent('cup_brewed', { size: undefined, decaf: false })
trackEvent('update_found')
process.exit(1)`
  // `Boolean` is no JSON.
  const { endpoint } = receiver
  const tool = writeTool(
    makeWorld({ TRIX_TELEMETRY: 'on' }),
    { ...options, endpoint, agents: false, events: {} },
    act,
  )
  tool.edit(text =>
    text.replace(
      '"events":{}',
      '"events":{ cup_brewed: { size: ["small", "large"], decaf: Boolean }, update_found: {} }',
    ),
  )
  expect(await tool.run()).toMatchObject({ status: 1, stdout: '', stderr: '' })
  const { body } = (await receiver.arrived(1))[0]!
  const points = JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics.flatMap(
    ({
      name,
      sum,
    }: {
      name: string
      sum: { dataPoints: { asInt: string; attributes: { key: string; value: object }[] }[] }
    }) =>
      sum.dataPoints
        .filter(({ asInt }) => asInt !== '0')
        .map(({ asInt, attributes }) =>
          [name, ...attributes.map(({ key, value }) => `${key}=${Object.values(value)}`), asInt].join(' '),
        ),
  )
  expect(points.sort()).toEqual([
    ...['command_failure command_name=unknown 1', 'command_invocation command_name=build 1'],
    ...['command_invocation command_name=db migrate 1', 'command_invocation command_name=init 1'],
    ...['command_invocation command_name=unknown 1', 'cup_brewed decaf=false 1'],
    ...['cup_brewed decaf=true size=large 1', 'cup_brewed decaf=true size=small 1', 'update_found 1'],
  ])
})

test('a boolean and its text are two values', () => {
  expect(eventSeries('cup_brewed', { decaf: true }, lists)).toBeDefined()
  for (const attributes of [
    { decaf: 'true' },
    { size: true },
    { constructor: true },
    { colour: 'small' },
    [],
    null,
  ])
    expect(eventSeries('cup_brewed', attributes, lists)).toBeUndefined()
})
test('a name that every object has, such as constructor, is in no list', () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__'])
    expect(eventSeries(name, {}, lists)).toBeUndefined()
  expect(commandSeries('constructor', lists)?.attributes).toEqual({ command_name: 'unknown' })
})
test('an agent is one of the list, and only where the tool asks for agents', () => {
  process.env = { AI_AGENT: 'claude SECRET' }
  expect(commandSeries('build', { commands: COMMANDS, agents: true })?.attributes).toMatchObject({
    agent: 'claude',
  })
  expect(commandSeries('build', { commands: COMMANDS })?.attributes).toEqual({ command_name: 'build' })
})

test('a command that is not in the list is counted as unknown', () => {
  const series = counted(tool => {
    for (const name of ['biuld', 'Build', SECRET]) tool.trackCommand!(name)
  })
  expect(series).toEqual([
    { metric: 'command_invocation', attributes: { command_name: 'unknown' }, value: 3 },
  ])
})

test.each(['--help', '-v', 'telemetry', 'telemetry status', 'telemetry:status'])(
  '%s is not counted, not even as unknown',
  name => expect(counted(tool => tool.trackCommand!(name))).toEqual([]),
)
