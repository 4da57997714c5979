import { createServer } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { homeProblem, optionProblems } from '../src/core/option-problems.ts'
import { optionSentence } from '../src/explain/option.ts'
import { anyText } from './arbitraries.ts'
import { listen } from './loopback.ts'
import { isLinux } from './machine.ts'

const least = { name: 'trix', version: '0.19.3', commands: ['build'] }
const said = (options: unknown) => optionProblems(options).map(optionSentence)

test('the fewest and the most options are accepted', () => {
  expect(said(least)).toEqual([])
  expect(
    said({
      name: '@acme/My.tool_2-x',
      version: '1.0.0-Beta.1+build.5',
      endpoint: 'https://otel.example.com',
      commands: ['init', 'build', 'db migrate', 'a b c d e f'],
      events: { safety_triggered: { risk_level: ['low', 'high'], blocked: Boolean }, update_found: {} },
      failures: { except: [1, 2] },
      agents: false,
      environment: true,
      headers: { authorization: 'Bearer x' },
      timeoutMs: 60_000,
      intervalMs: 86_400_000,
      metricName: 'app.commands',
      delivery: 'inline',
      consent: 'explicit',
      notice: 'We count.',
      noticeVersion: 2,
      policy: 'https://example.com/privacy?lang=en',
      command: 'ng analytics',
      home: '~/.tx3/trix',
      resourceAttributes: { 'os.type': 'linux', 'service.namespace': 'tx3', beta: true },
      disabled: false,
    }),
  ).toEqual([])
  expect(said({ ...least, command: false, disabled: 'telemetry: false in package.json' })).toEqual([])
  expect(said({ ...least, commands: [], events: {}, disabled: '', failures: true })).toEqual([])
})

test('an option may be undefined, unless it is required', () => {
  expect(said({ ...least, events: undefined, home: undefined })).toEqual([])
  expect(said({ ...least, commands: undefined })).toEqual([
    expect.stringMatching(/^commands: .*got undefined$/),
  ])
})

const LIST =
  'commands: expected a list of names, each 1 to 64 of A-Z a-z 0-9 _ . : - with single spaces inside, got '
const EVENTS =
  'events: expected metrics, each with its attributes, each with Boolean or a list of its values, got '
const NAME = 'name: expected a name such as "trix" or "@acme/trix", at most 64 characters, got '

test.each([
  [{ ...least, name: '' }, `${NAME}""`],
  [{ ...least, name: '../x' }, `${NAME}"../x"`],
  [{ ...least, name: '@scope/../x' }, `${NAME}"@scope/../x"`],
  [{ ...least, name: '@acme/' }, `${NAME}"@acme/"`],
  [{ ...least, name: 'a/b' }, `${NAME}"a/b"`],
  [{ ...least, name: 'x'.repeat(65) }, NAME],
  [{ ...least, name: undefined }, `${NAME}undefined`],
  [
    { ...least, version: undefined },
    'version: expected a version such as "1.2.3", at most 64 characters, got undefined',
  ],
  [{ ...least, version: '1 2' }, 'version: expected'],
  [{ ...least, endpoint: 4318 }, 'endpoint: expected a base URL, got 4318'],
  [{ ...least, commands: 'build' }, `${LIST}"build"`],
  [{ ...least, commands: ['build', ''] }, `${LIST}""`],
  [{ ...least, commands: ['--flag=x'] }, `${LIST}"--flag=x"`],
  [{ ...least, commands: ['a  b'] }, `${LIST}"a  b"`],
  [{ ...least, commands: [true] }, `${LIST}true`],
  [{ ...least, commands: ['build', undefined] }, `${LIST}undefined`],
  [{ ...least, commands: { build: true } }, `${LIST}object`],
  [{ ...least, commands: ['x'.repeat(65)] }, LIST],
  [{ ...least, events: ['found'] }, `${EVENTS}object`],
  [{ ...least, events: { '1st': {} } }, `${EVENTS}"1st"`],
  [{ ...least, events: { found: ['a'] } }, `${EVENTS}"found"`],
  [{ ...least, events: { found: { size: 'small' } } }, `${EVENTS}"found.size"`],
  [{ ...least, events: { found: { size: ['small', '/etc'] } } }, `${EVENTS}"found.size"`],
  [{ ...least, events: { found: { size: String } } }, `${EVENTS}"found.size"`],
  [{ ...least, events: { found: { 'a b': Boolean } } }, `${EVENTS}"found.a b"`],
  [
    { ...least, events: { found: Object.fromEntries([...'abcdefghi'].map(key => [key, Boolean])) } },
    `${EVENTS}"found"`,
  ],
  [{ ...least, failures: 'yes' }, 'failures: expected true, false or { except: [exit codes] }, got "yes"'],
  [{ ...least, failures: { except: [256] } }, 'failures: expected'],
  [{ ...least, failures: { exept: [1] } }, 'failures: expected'],
  [{ ...least, agents: 1 }, 'agents: expected true or false, got 1'],
  [{ ...least, environment: 'all' }, 'environment: expected true or false, got "all"'],
  [
    { ...least, headers: { 'a b': 'c' } },
    'headers: expected header names and values that `fetch` accepts, got "a b"',
  ],
  [
    { ...least, headers: { a: 'b\r\nc: d' } },
    'headers: expected header names and values that `fetch` accepts, got "a"',
  ],
  [{ ...least, headers: { a: 1 } }, 'headers: expected'],
  [{ ...least, timeoutMs: 0 }, 'timeoutMs: expected a whole number of milliseconds from 1 to 60000, got 0'],
  [{ ...least, timeoutMs: 60_001 }, 'timeoutMs: expected'],
  [{ ...least, timeoutMs: '2000' }, 'timeoutMs: expected'],
  [
    { ...least, intervalMs: -1 },
    'intervalMs: expected a whole number of milliseconds, at most 30 days, got -1',
  ],
  [{ ...least, metricName: '1st' }, 'metricName: expected'],
  [{ ...least, delivery: 'batch' }, 'delivery: expected'],
  [{ ...least, consent: true }, 'consent: expected'],
  [{ ...least, notice: '' }, 'notice: expected a text'],
  [{ ...least, noticeVersion: 0 }, 'noticeVersion: expected a whole number from 1'],
  [{ ...least, policy: 'privacy.html' }, 'policy: expected an http(s) URL, got "privacy.html"'],
  [{ ...least, policy: 'https://example.com/\u001b[2J' }, 'policy: expected'],
  [
    { ...least, command: true },
    'command: expected how it is called, such as "trix telemetry", or false, got true',
  ],
  [{ ...least, command: '' }, 'command: expected'],
  [{ ...least, home: 'relative/folder' }, 'home: expected an absolute path'],
  [{ ...least, home: '~root/x' }, 'home: expected an absolute path'],
  [{ ...least, resourceAttributes: { 'service.name': 'x' } }, /^resourceAttributes: .*got "service.name"$/],
  [{ ...least, resourceAttributes: { 'os.type': '/etc/passwd' } }, /^resourceAttributes: .*got "os.type"$/],
  [{ ...least, disabled: 1 }, 'disabled: expected true, false or the reason, got 1'],
  [{ ...least, temporality: 'delta' }, '"temporality": there is no such option'],
  [{ ...least, endpont: 'https://x' }, '"endpont": there is no such option; did you mean endpoint?'],
  [{ ...least, comands: ['build'] }, '"comands": there is no such option; did you mean commands?'],
  [{ ...least, Event: {} }, '"Event": there is no such option; did you mean events?'],
  [{ ...least, timeout: 1 }, '"timeout": there is no such option; did you mean timeoutMs?'],
  [{ ...least, hme: 1 }, '"hme": there is no such option; did you mean home?'],
])('%j is refused', (options, problem) => {
  const [sentence, ...others] = said(options)
  expect(others).toEqual([])
  if (typeof problem === 'string') expect(sentence).toContain(problem)
  else expect(sentence).toMatch(problem)
})

test.runIf(isLinux)('a path of Windows is refused elsewhere', () => {
  for (const home of ['C:\\trix', '\\trix', '~\\trix']) expect(said({ ...least, home })).toHaveLength(1)
})

test('no other option is proposed for one that resembles none', () => {
  for (const option of ['x', 'url', 'v3rs10n', 'telemetry', 'commanding', ''])
    expect(said({ ...least, [option]: 1 })).toEqual([`"${option}": there is no such option`])
})

test('every problem is named, also of what is not an object', () => {
  expect(said({ name: 1, version: null, timeoutMs: -1 })).toHaveLength(4)
  for (const options of [undefined, null, 1, 'trix', Symbol('x'), () => {}, []])
    expect(said(options).length).toBeGreaterThan(0)
})

test('each problem is one line of printable ASCII', () => {
  const odd = fc.oneof(fc.anything(), anyText, fc.constantFrom('\u001b[2J', '\u202e', 'a\nb'))
  const names = fc.oneof(fc.constantFrom('name', 'commands', 'headers', 'events', 'failures'), anyText)
  fc.assert(
    fc.property(fc.dictionary(names, odd), options => {
      for (const sentence of said({ ...least, ...options })) expect(sentence).toMatch(/^[ -~]{1,400}$/)
    }),
  )
})

test('the folders of a tool are known as long as its name and home are valid', () => {
  expect(homeProblem(optionProblems({ ...least, timeoutMs: 0, version: '' }))).toBeUndefined()
  for (const options of [{ ...least, name: '' }, { ...least, home: 'x' }, null])
    expect(homeProblem(optionProblems(options))).toBeDefined()
})

test.each(['Connection', 'Content-Length', 'expect', 'Keep-Alive', 'transfer-encoding', 'Upgrade'])(
  'the header %s is refused, because fetch would refuse it',
  name => {
    expect(said({ ...least, headers: { [name]: '5' } })).toEqual([
      `headers: expected header names and values that \`fetch\` accepts, got "${name}"`,
    ])
  },
)

test('a header that is accepted can be sent', async () => {
  const names = fc.oneof(
    fc.constantFrom('connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'),
    fc.constantFrom('host', 'te', 'trailer', 'cookie', 'proxy-authorization', 'date', 'accept-encoding', 'x'),
    fc.string({ maxLength: 8 }),
  )
  const values = fc.oneof(
    fc.constantFrom('', 'x', 'chunked', '5', 'close', '100-continue'),
    fc.string({ maxLength: 6 }),
  )
  const server = createServer((request, response) => request.resume().on('end', () => response.end()))
  const url = `http://${await listen(server)}`
  await fc.assert(
    fc.asyncProperty(names, values, async (name, value) => {
      if (optionProblems({ ...least, headers: { [name]: value } }).length) return
      const request = { method: 'POST', body: '{}', headers: { [name.toLowerCase()]: value } }
      expect((await fetch(url, request)).status).toBe(200)
    }),
    { numRuns: 150 },
  )
})
