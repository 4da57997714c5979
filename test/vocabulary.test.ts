import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { shared } from '../src/core/global.ts'
import { initTelemetry } from '../src/core/handle.ts'
import { parseSeries, seriesText } from '../src/core/log/record.ts'
import { commandSeries, eventSeries, type Series } from '../src/core/vocabulary.ts'
import { foldAt } from '../src/helper/preview.ts'
import { anyTool } from './any-tool.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld } from './world.ts'

/**
 * What can be sent is a list. These tests look for a way to get another text into a log or a body: whatever is passed, and
 * in whatever form.
 */

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

/** What lies in the log after a program has done this, by series. */
function counted(act: (tool: Record<string, (...given: unknown[]) => void>) => void, env: object = {}) {
  process.env = { HOME: root, TRIX_TELEMETRY: 'local', ...env }
  shared().tools.clear()
  rmSync(join(root, '.local'), { recursive: true, force: true })
  act(initTelemetry(options) as never)
  process.removeAllListeners('exit')
  const folder = join(root, '.local/state/trix/v1/local')
  const logs = process.getBuiltinModule('node:fs').existsSync(folder) ? readdirSync(folder) : []
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
/** The same text in all the forms in which JavaScript can pass one. */
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
/** Answers with something good first, and with something else when asked again. */
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
    { numRuns: 1500 },
  )
  expect(found).toBeGreaterThan(200)
})

test('all that is in the lists arrives', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const act = `
for (const name of ['init', 'build', 'db migrate', 'biuld']) trackCommand(name)
for (const size of ['small', 'large']) trackEvent('cup_brewed', { size, decaf: true })
trackEvent('cup_brewed', { size: undefined, decaf: false })
trackEvent('update_found')
process.exit(1)`
  // `Boolean` is no JSON.
  const { endpoint } = receiver
  const tool = anyTool(
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

describe('one by one', () => {
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
  test('the names of what every object has are in no list', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__'])
      expect(eventSeries(name, {}, lists)).toBeUndefined()
    expect(commandSeries('constructor', lists)?.attributes).toEqual({ command_name: 'unknown' })
  })
  test('an agent is one of ours, and only where the tool asks for it', () => {
    process.env = { AI_AGENT: 'claude SECRET' }
    expect(commandSeries('build', { commands: COMMANDS, agents: true })?.attributes).toMatchObject({
      agent: 'claude',
    })
    expect(commandSeries('build', { commands: COMMANDS })?.attributes).toEqual({ command_name: 'build' })
  })
  test('what the lists can hold survives the log', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,8}( [A-Za-z0-9_.:-]{1,8}){0,3}$/)
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,12}$/)
    fc.assert(
      fc.property(
        name,
        fc.dictionary(name, fc.oneof(value, fc.boolean()), { maxKeys: 8, noNullPrototype: true }),
        (metric, attributes) => {
          expect(parseSeries(seriesText({ metric, attributes }))).toEqual({ metric, attributes })
        },
      ),
    )
  })
})

test('a name that is not in the list is counted as unknown, so that typos show as a number', () => {
  const series = counted(tool => {
    for (const name of ['biuld', 'Build', SECRET]) tool.trackCommand!(name)
  })
  expect(series).toEqual([
    { metric: 'command_invocation', attributes: { command_name: 'unknown' }, value: 3 },
  ])
})

test.each(['--help', '-v', 'telemetry', 'telemetry status', 'telemetry:status'])(
  '%s is no command, and not counted as unknown either',
  name => expect(counted(tool => tool.trackCommand!(name))).toEqual([]),
)

test('a literal typo does not compile, and a computed string does', () => {
  const folder = join(root, 'types')
  mkdirSync(folder)
  const source = join(import.meta.dirname, '../src/index.ts')
  writeFileSync(
    join(folder, 'usage.ts'),
    `import { initTelemetry } from '${source}'
const least = { name: 'trix', version: '1.0.0' }
const { trackCommand, trackEvent } = initTelemetry({
  ...least,
  commands: ['init', 'build', 'db migrate'],
  events: { cup_brewed: { size: ['small', 'large'], decaf: Boolean }, update_found: {} },
})
trackCommand('build')
trackCommand(process.argv[2] ?? 'init')
trackEvent('cup_brewed', { size: 'small', decaf: true })
trackEvent('cup_brewed', {})
trackEvent('update_found')
// @ts-expect-error a typo
trackCommand('biuld')
// @ts-expect-error argv is no name
trackCommand(process.argv)
// @ts-expect-error no such event
trackEvent('cup_brewd')
// @ts-expect-error no such value
trackEvent('cup_brewed', { size: 'medium' })
// @ts-expect-error no such attribute
trackEvent('cup_brewed', { colour: 'small' })
// @ts-expect-error a boolean
trackEvent('cup_brewed', { decaf: 'yes' })

trackEvent('cup_brewed', { size: undefined })
trackEvent('cup_brewed', { size: \`\${process.argv[2]}\` })
// @ts-expect-error numbers are no values
trackEvent('cup_brewed', { size: 3 })
// @ts-expect-error commands must be listed
initTelemetry(least)
const computed = initTelemetry({ ...least, commands: process.argv.map(String) })
computed.trackCommand('anything')
// @ts-expect-error there are no events
computed.trackEvent('anything')
`,
  )
  const compilerOptions = {
    ...{ module: 'esnext', moduleResolution: 'bundler', strict: true, noEmit: true, target: 'es2023' },
    ...{
      lib: ['es2023', 'dom'],
      types: ['node'],
      typeRoots: [join(import.meta.dirname, '../node_modules/@types')],
    },
    ...{ allowImportingTsExtensions: true, skipLibCheck: true },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['usage.ts'] }))
  const tsc = join(import.meta.dirname, '../node_modules/typescript/bin/tsc')
  const compile = () => {
    try {
      return execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  }
  expect(compile()).toBe('')
}, 60_000)
