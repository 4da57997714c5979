import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openBatch } from '../src/core/batch.ts'
import { decide } from '../src/core/decide/decide.ts'
import { factsOf } from '../src/core/decide/facts.ts'
import type { Body, Source } from '../src/core/deliver/job.ts'
import { shared } from '../src/core/global.ts'
import { initTelemetry } from '../src/core/handle.ts'
import type { TelemetryOptions } from '../src/core/options.ts'
import { seriesProblem } from '../src/core/vocabulary.ts'
import { settle } from '../src/helper/beginnings.ts'
import { bodyOf } from '../src/helper/body.ts'

/**
 * With `commands` and `events`, what can be sent is a list. These tests look for a way to get another text into a body:
 * whatever is passed, in whatever form, and whatever lies on disk already.
 */

const root = mkdtempSync(join(tmpdir(), 'otlp-tally-vocabulary-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const COMMANDS = ['init', 'build', 'db migrate']
const EVENTS = {
  cup_brewed: { size: ['small', 'large'], decaf: Boolean },
  update_found: {},
}
const lists = { commands: COMMANDS, events: EVENTS }
const options: TelemetryOptions = {
  name: 'trix',
  version: '1.0.0',
  endpoint: 'http://127.0.0.1:9',
  ...lists,
  failures: true,
  agents: true,
}

/** Every text that a body may hold, beside what is in no place for texts of a caller (times, counts). */
const ALLOWED = new Set([
  ...COMMANDS,
  ...['unknown', 'command_invocation', 'command_failure', 'command_name', 'agent', 'claude', 'other'],
  ...['cup_brewed', 'update_found', 'size', 'small', 'large', 'decaf'],
])

/** The texts of a body that come from what was counted: metrics, keys and values of points. */
function textsOf(body: string): string[] {
  const [{ scopeMetrics }] = JSON.parse(body).resourceMetrics
  return scopeMetrics[0].metrics.flatMap(({ name, sum }: { name: string; sum: { dataPoints: object[] } }) => [
    name,
    ...sum.dataPoints.flatMap(point =>
      (point as { attributes: { key: string; value: { stringValue?: string } }[] }).attributes.flatMap(
        ({ key, value }) => [key, ...(value.stringValue === undefined ? [] : [value.stringValue])],
      ),
    ),
  ])
}

let bodies: string[] = []
const environment = { ...process.env }

beforeEach(() => {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root)
  bodies = []
  shared().tools.clear()
})
afterEach(() => {
  process.env = { ...environment }
  process.removeAllListeners('exit')
  vi.restoreAllMocks()
})

/** What `log` mode prints is the body that `on` would send. */
async function logged(
  act: (tool: ReturnType<typeof initTelemetry>) => void,
  more: object = {},
): Promise<string[]> {
  process.env = { HOME: root, TRIX_TELEMETRY: 'log', ...more }
  let said = ''
  const fs = process.getBuiltinModule('node:fs')
  vi.spyOn(fs, 'writeSync').mockImplementation(((_: number, text: Buffer) => {
    said += text.toString()
    return text.length
  }) as never)
  shared().tools.clear()
  const tool = initTelemetry(options as TelemetryOptions) as ReturnType<typeof initTelemetry>
  act(tool)
  await tool.flushTelemetry()
  vi.restoreAllMocks()
  process.removeAllListeners('exit')
  return said.split('\n').filter(line => line.startsWith('{'))
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

test('whatever is passed, in whatever form: nothing but what is in the lists', async () => {
  let counted = 0
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 6 }), text, async (calls, agent) => {
      const lines = await logged(
        tool => {
          for (const [name, ...given] of calls)
            (tool as never as Record<string, (...all: unknown[]) => void>)[name]!(...given)
        },
        { AI_AGENT: agent },
      )
      for (const body of lines) {
        counted++
        for (const word of textsOf(body)) expect(ALLOWED).toContain(word)
        expect(body).not.toContain(SECRET)
      }
    }),
    { numRuns: 1500 },
  )
  expect(counted).toBeGreaterThan(100)
})

/** As it is in the helper: what came through its environment is plain JSON. */
const plain = (source: Source): Source =>
  JSON.parse(JSON.stringify(source, (_key, value) => (value === Boolean ? 'boolean' : value)))

/** The body, of which nothing is taken. */
function textOf(source: Source): string {
  const { text, note } = bodyOf({ source, timeoutMs: 2000 }, Date.now(), false) as Body
  if (note) settle(note, true)
  return text
}

/** The body that the helper of an ordinary command sends now. */
function send(given: TelemetryOptions, command: string): string {
  const facts = factsOf(given, { env: { HOME: root, TRIX_TELEMETRY: 'on' }, disabled: false, mayShow: false })
  const batch = openBatch(facts, decide(facts), Date.now() - 40)
  batch.count(
    { metric: given.metricName ?? 'command_invocation', attributes: { command_name: command } },
    Date.now(),
  )
  const { source } = batch.job(Date.now(), true)!
  const text = textOf(plain(source))
  // And in this process, for inline delivery, where `Boolean` is what the tool has given.
  expect(textOf(source)).toBe(text)
  bodies.push(text)
  return text
}

test('all that is in the lists arrives, though the helper has them as plain JSON', () => {
  const env = { HOME: root, TRIX_TELEMETRY: 'on' }
  const facts = factsOf(options, { env, disabled: false, mayShow: false })
  const batch = openBatch(facts, decide(facts), Date.now() - 40)
  for (const [metric, attributes] of [
    ['command_invocation', { command_name: 'db migrate', agent: 'other' }],
    ['command_invocation', { command_name: 'unknown' }],
    ['command_failure', { command_name: 'init', agent: 'claude' }],
    ['cup_brewed', { size: 'small', decaf: false }],
    ['cup_brewed', { decaf: true }],
    ['update_found', {}],
  ] as const)
    batch.count({ metric, attributes }, Date.now())
  const { source } = batch.job(Date.now(), true)!
  const text = textOf(plain(source))
  expect(textOf(source)).toBe(text)
  expect([...text.matchAll(/"asInt":"1"/g)]).toHaveLength(6)
  expect([...text.matchAll(/"boolValue":(true|false)/g)].map(([, value]) => value).sort()).toEqual([
    ...['false', 'false', 'true', 'true'],
  ])
})

describe('what was counted before there were lists is not sent', () => {
  test('of commands and of events', () => {
    const free: TelemetryOptions = { name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' }
    const facts = factsOf(free, {
      env: { HOME: root, TRIX_TELEMETRY: 'on' },
      disabled: false,
      mayShow: false,
    })
    const batch = openBatch(facts, decide(facts), Date.now())
    for (const [metric, attributes] of [
      ['command_invocation', { command_name: SECRET }],
      ['command_invocation', { command_name: 'build', user: SECRET }],
      ['command_failure', { command_name: SECRET }],
      ['cup_brewed', { size: SECRET }],
      ['cup_brewed', { decaf: 'true' }],
      ['cup_brewed', { colour: 'small' }],
      [SECRET, {}],
    ] as const)
      batch.count({ metric, attributes }, Date.now())
    expect(send(free, 'build')).toContain(SECRET)
    const now = send(options, 'build')
    expect(now).not.toContain(SECRET)
    expect(textsOf(now)).toEqual([
      'command_invocation',
      'command_name',
      'build',
      ...(now.match(/"build"/g)!.length > 1 ? ['command_name', 'build'] : []),
    ])
  })

  test('whatever files lie in the stream', () => {
    send(options, 'build')
    const [stream] = readdirSync(join(root, '.local/state/trix/tallies'))
    const folder = join(root, '.local/state/trix/tallies', stream!)
    const value = fc.oneof(
      text,
      fc.constantFrom('%48unter2', '%2e%2e', 'build%20', '%62uild', 'BUILD', '%42uild'),
    )
    const name = fc
      .tuple(fc.constantFrom('command_name', 'agent', 'size', 'decaf', 'x'), value)
      .map(([key, value]) => `${key}=${value}`.replaceAll('/', '%2f'))
    const metric = fc.constantFrom(
      'command_invocation',
      'command_failure',
      'cup_brewed',
      'update_found',
      '%48unter2',
      'hunter2',
    )
    fc.assert(
      fc.property(metric, fc.array(name, { minLength: 1, maxLength: 2 }), (metric, names) => {
        mkdirSync(join(folder, metric), { recursive: true })
        appendFileSync(join(folder, metric, names.join(',')), `${Date.now()}\n`)
      }),
      { numRuns: 90 },
    )
    // Of a process that is dead. While it might live, nothing would begin.
    writeFileSync(join(folder, `!${Date.now() - 86_400_000}-${SECRET}`), SECRET)
    const words = textsOf(send(options, 'init'))
    for (const word of words) expect(ALLOWED).toContain(word)
    expect(words).toContain('init')
  })
})

describe('one list without the other', () => {
  const problem = (metric: string, attributes: Record<string, string | boolean>, vocabulary: object) =>
    seriesProblem({ metric, attributes }, vocabulary)
  test('commands alone leave events to the alphabet', () => {
    const { commands } = lists
    expect(problem('found', { what: 'x' }, { commands })).toBeUndefined()
    expect(problem('command_invocation', { command_name: 'build' }, { commands })).toBeUndefined()
    expect(problem('command_invocation', { command_name: 'unknown' }, { commands })).toBeUndefined()
    expect(problem('command_invocation', { command_name: 'biuld' }, { commands })).toBe(
      'command_invocation: command_name="biuld" is not in `commands`',
    )
    expect(problem('command_invocation', { command_name: 'build', x: 'y' }, { commands })).toBe(
      'command_invocation: x="y" is not in `commands`',
    )
    expect(problem('command_failure', { command_name: 'biuld' }, { commands, failures: true })).toBe(
      'command_failure: command_name="biuld" is not in `commands`',
    )
    // Not a metric of commands, where the tool has not asked for it.
    expect(problem('command_failure', { command_name: 'biuld' }, { commands })).toBeUndefined()
    expect(problem('found', { what: 'one two three four five' }, { commands })).toMatch(/at most 4 words/)
  })
  test('events alone leave commands to the alphabet, and nothing but their name', () => {
    const { events } = lists
    expect(problem('command_invocation', { command_name: 'anything' }, { events })).toBeUndefined()
    expect(problem('command_invocation', { command_name: 'one two three four five' }, { events })).toMatch(
      /at most 4 words/,
    )
    expect(problem('command_invocation', { command_name: true }, { events })).toMatch(/ is not in /)
    expect(problem('command_invocation', { x: 'y' }, { events })).toBe(
      'command_invocation: x="y" is not in `commands`',
    )
    expect(problem('command_invocation', { command_name: 'a', x: 'y' }, { events })).toMatch(/ is not in /)
    expect(problem('found', {}, { events })).toBe('found is not in `events`')
    for (const name of ['constructor', 'toString', 'hasOwnProperty'])
      expect(problem(name, {}, { events })).toMatch(/not in `events`/)
    expect(problem('cup_brewed', { constructor: true }, { events })).toMatch(/not in `events`/)
  })
  test('a boolean and its text are two values', () => {
    expect(problem('cup_brewed', { decaf: true }, lists)).toBeUndefined()
    expect(problem('cup_brewed', { decaf: 'true' }, lists)).toMatch(/not in `events`/)
    expect(problem('cup_brewed', { size: true }, lists)).toMatch(/not in `events`/)
  })
  test('an agent is one of ours, and only where the tool asks for it', () => {
    const { commands } = lists
    const ran = (agent: string, agents: boolean) =>
      problem('command_invocation', { command_name: 'build', agent }, { commands, agents })
    expect([ran('claude', true), ran('other', true)]).toEqual([undefined, undefined])
    expect([ran('claude', false), ran('mine', true)]).toEqual(
      Array(2).fill(expect.stringMatching(/ is not in /)),
    )
  })
  test('whatever is refused, the message is one short line of plain characters', () => {
    fc.assert(
      fc.property(text, fc.dictionary(text, passed, { maxKeys: 3 }), (metric, attributes) => {
        const said = seriesProblem({ metric, attributes: attributes as never }, lists)
        if (said !== undefined) expect(said).toMatch(/^[ -~]{1,400}$/)
      }),
    )
  })
})

test('a name that is not in the list is counted as unknown, so that typos show as a number', async () => {
  const [body] = await logged(tool => {
    for (const name of ['biuld', 'Build', SECRET]) tool.trackCommand(name)
  })
  expect(textsOf(body!)).toContain('unknown')
  expect(body).toContain('"asInt":"3"')
})

test.each(['--help', '-v', 'telemetry', 'telemetry status', 'telemetry:status'])(
  '%s is no command, and not counted as unknown either',
  async name => expect(await logged(tool => tool.trackCommand(name))).toEqual([]),
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

const free = initTelemetry(least)
free.trackCommand('anything')
free.trackEvent('anything', { key: 'value', flag: true })
// @ts-expect-error numbers are no values
free.trackEvent('anything', { key: 3 })
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
