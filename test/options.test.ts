import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameOf, optionProblems } from '../src/core/options.ts'

const least = { name: 'trix', version: '0.19.3' }

test('accepts the least and the most that can be said', () => {
  expect(optionProblems(least)).toEqual([])
  expect(
    optionProblems({
      name: 'My.tool_2-x',
      version: '1.0.0-Beta.1+build.5',
      endpoint: 'https://otel.example.com',
      commands: ['init', 'build', 'db migrate', 'a b c d e f'],
      events: { safety_triggered: { risk_level: ['low', 'high'], blocked: Boolean }, update_found: {} },
      failures: true,
      agents: false,
      headers: { authorization: 'Bearer x' },
      timeoutMs: 60_000,
      metricName: 'app.commands',
      temporality: 'delta',
      delivery: 'inline',
      consent: 'explicit',
      notice: 'We count.',
      noticeVersion: 2,
      command: 'ng analytics',
      home: '~/.tx3/trix',
      resourceAttributes: { 'os.type': 'linux', 'service.namespace': 'tx3', beta: true },
      disabled: false,
    }),
  ).toEqual([])
  expect(optionProblems({ ...least, command: false, disabled: 'telemetry: false in package.json' })).toEqual(
    [],
  )
  expect(optionProblems({ ...least, commands: [], events: {}, disabled: '' })).toEqual([])
})

test('an option that is undefined is one that is not given', () => {
  expect(optionProblems({ ...least, commands: undefined, events: undefined, home: undefined })).toEqual([])
})

test.each([
  ['@acme/trix', 'trix'],
  ['trix', 'trix'],
  ['@acme/', ''],
])('the name %s is known as %j', (name, known) => {
  expect(nameOf(name)).toBe(known)
  expect(optionProblems({ ...least, name })).toHaveLength(known ? 0 : 1)
})

test.each([
  [{ ...least, name: '' }, 'name: expected a letter or digit'],
  [{ ...least, name: '../x' }, 'name: expected'],
  [{ ...least, name: '@scope/../x' }, 'name: expected'],
  [{ ...least, name: 'x'.repeat(65) }, 'name: expected'],
  [{ version: '1' }, 'name: expected'],
  [{ name: 'trix' }, 'version: expected a version such as "1.2.3", at most 64 characters, got undefined'],
  [{ ...least, version: '1 2' }, 'version: expected'],
  [{ ...least, endpoint: 4318 }, 'endpoint: expected a base URL, got number'],
  [
    { ...least, commands: 'build' },
    'commands: expected a list of names, each 1 to 64 of A-Z a-z 0-9 _ . : - in words with single spaces between them, got "build"',
  ],
  [{ ...least, commands: ['build', ''] }, 'in words with single spaces between them, got ""'],
  [{ ...least, commands: ['--flag=x'] }, 'commands: expected a list of names, each 1 to 64 of A-Z'],
  [{ ...least, commands: ['build', '--flag=x'] }, 'got "--flag=x"'],
  [{ ...least, commands: [true] }, 'single spaces between them, got true'],
  [{ ...least, commands: ['build', undefined] }, 'single spaces between them, got undefined'],
  [{ ...least, commands: { build: true } }, 'commands: expected'],
  [
    { ...least, events: ['found'] },
    'events: expected metrics, each with its attributes, each with Boolean or a list of its values, got object',
  ],
  [
    { ...least, events: { '1st': {} } },
    'events: expected metrics, each with its attributes, each with Boolean or a list of its values, got "1st"',
  ],
  [{ ...least, events: { found: ['a'] } }, 'got found: object'],
  [{ ...least, events: { found: { size: 'small' } } }, 'got found.size: "small"'],
  [{ ...least, events: { found: { size: ['small', '/etc'] } } }, 'got found.size: "/etc"'],
  [{ ...least, events: { found: { size: String } } }, 'got found.size: function'],
  [{ ...least, events: { found: { 'a b': Boolean } } }, 'attribute "a b": expected a letter'],
  [
    { ...least, events: { found: Object.fromEntries([...'abcdefghi'].map(key => [key, Boolean])) } },
    'attributes: expected at most 8, got 9',
  ],
  [{ ...least, failures: 'yes' }, 'failures: expected true or false, got "yes"'],
  [{ ...least, agents: 1 }, 'agents: expected true or false, got number'],
  [{ ...least, headers: { 'a b': 'c' } }, 'headers: expected header names and values, got object'],
  [{ ...least, headers: { a: 'b\r\nc: d' } }, 'headers: expected'],
  [{ ...least, headers: { a: 1 } }, 'headers: expected'],
  [{ ...least, timeoutMs: 0 }, 'timeoutMs: expected a whole number of milliseconds from 1 to 60000'],
  [{ ...least, timeoutMs: 60_001 }, 'timeoutMs: expected'],
  [{ ...least, timeoutMs: '2000' }, 'timeoutMs: expected'],
  [{ ...least, metricName: '1st' }, 'metricName: expected'],
  [{ ...least, temporality: 'Delta' }, 'temporality: expected "cumulative" or "delta", got "Delta"'],
  [{ ...least, delivery: 'batch' }, 'delivery: expected'],
  [{ ...least, consent: true }, 'consent: expected'],
  [{ ...least, notice: '' }, 'notice: expected a text'],
  [{ ...least, noticeVersion: 0 }, 'noticeVersion: expected a whole number from 1'],
  [
    { ...least, command: true },
    'command: expected how it is called, such as "trix telemetry", or false, got true',
  ],
  [{ ...least, command: '' }, 'command: expected'],
  [{ ...least, home: 'relative/folder' }, 'home: expected an absolute path'],
  [
    { ...least, resourceAttributes: { 'service.name': 'x' } },
    'resourceAttributes: expected attributes other than',
  ],
  [{ ...least, resourceAttributes: { 'os.type': '/etc/passwd' } }, 'resourceAttributes: expected'],
  [{ ...least, disabled: 1 }, 'disabled: expected true, false or the reason, got number'],
  [{ ...least, endpont: 'https://x' }, 'endpont: there is no such option; did you mean endpoint?'],
  [{ ...least, commnads: ['build'] }, 'commnads: there is no such option; did you mean commands?'],
  [{ ...least, Event: {} }, 'Event: there is no such option; did you mean events?'],
  [{ ...least, timeout: 1 }, 'timeout: there is no such option; did you mean timeoutMs?'],
  [{ ...least, vers10n: '1' }, 'vers10n: there is no such option; did you mean version?'],
])('refuses %j', (options, problem) => {
  expect(optionProblems(options)).toEqual([expect.stringContaining(problem)])
})

test('proposes no option that has nothing to do with it', () => {
  for (const option of ['x', 'url', 'v3rs10n', 'telemetry', 'commanding', ''])
    expect(optionProblems({ ...least, [option]: 1 })).toEqual([`${option}: there is no such option`])
})

test('names every problem, and none of the callers of JavaScript makes it throw', () => {
  expect(optionProblems({ name: 1, version: null, timeoutMs: -1 })).toHaveLength(3)
  for (const options of [undefined, null, 1, 'trix', Symbol('x'), () => {}, []]) {
    expect(optionProblems(options).length).toBeGreaterThan(0)
  }
})

test.each(['Connection', 'Content-Length', 'expect', 'Keep-Alive', 'transfer-encoding', 'Upgrade'])(
  'refuses the header %s, with which no request could be made, and says why',
  name => {
    expect(optionProblems({ ...least, headers: { [name]: '5' } })).toEqual([
      expect.stringContaining(`got ${name}, which \`fetch\` sets itself and refuses`),
    ])
  },
)

test('a header is accepted if and only if a request can be made with it', async () => {
  const names = fc.oneof(
    fc.constantFrom('connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'),
    fc.constantFrom('host', 'te', 'trailer', 'cookie', 'proxy-authorization', 'date', 'accept-encoding', 'x'),
    fc.string({ maxLength: 8 }),
  )
  const values = fc.oneof(
    fc.constantFrom('', 'x', 'chunked', '5', 'close', '100-continue'),
    fc.string({ maxLength: 6 }),
  )
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => request.resume().on('end', () => response.end()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as import('node:net').AddressInfo
  try {
    await fc.assert(
      fc.asyncProperty(names, values, async (name, value) => {
        if (optionProblems({ ...least, headers: { [name]: value } }).length) return
        const request = { method: 'POST', body: '{}', headers: { [name.toLowerCase()]: value } }
        expect((await fetch(`http://127.0.0.1:${port}`, request)).status).toBe(200)
      }),
      { numRuns: 400 },
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
