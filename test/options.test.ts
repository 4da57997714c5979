import { expect, test } from 'vitest'
import { optionProblems } from '../src/core/options.ts'

const least = { name: 'trix', version: '0.19.3' }

test('accepts the least and the most that can be said', () => {
  expect(optionProblems(least)).toEqual([])
  expect(
    optionProblems({
      name: 'My.tool_2-x',
      version: '1.0.0-Beta.1+build.5',
      endpoint: 'https://otel.example.com',
      headers: { authorization: 'Bearer x' },
      timeoutMs: 60_000,
      metricName: 'app.commands',
      temporality: 'delta',
      delivery: 'inline',
      consent: 'explicit',
      notice: 'We count.',
      noticeVersion: 2,
      home: '~/.tx3/trix',
      resourceAttributes: { 'os.type': 'linux', 'service.namespace': 'tx3', beta: true },
      disabled: false,
    }),
  ).toEqual([])
})

test.each([
  [{ ...least, name: '' }, 'name: expected a letter or digit'],
  [{ ...least, name: '../x' }, 'name: expected'],
  [{ ...least, name: '@scope/x' }, 'name: expected'],
  [{ version: '1' }, 'name: expected'],
  [{ name: 'trix' }, 'version: expected a version such as "1.2.3", at most 64 characters, got undefined'],
  [{ ...least, version: '1 2' }, 'version: expected'],
  [{ ...least, endpoint: 4318 }, 'endpoint: expected a base URL, got number'],
  [{ ...least, headers: { 'a b': 'c' } }, 'headers: expected an object of header names and values'],
  [{ ...least, headers: { a: 'b\r\nc: d' } }, 'headers: expected'],
  [{ ...least, timeoutMs: 0 }, 'timeoutMs: expected a whole number of milliseconds from 1 to 60000'],
  [{ ...least, timeoutMs: 60_001 }, 'timeoutMs: expected'],
  [{ ...least, timeoutMs: '2000' }, 'timeoutMs: expected'],
  [{ ...least, metricName: '1st' }, 'metricName: expected'],
  [{ ...least, temporality: 'Delta' }, 'temporality: expected "cumulative" or "delta", got "Delta"'],
  [{ ...least, delivery: 'batch' }, 'delivery: expected'],
  [{ ...least, consent: true }, 'consent: expected'],
  [{ ...least, notice: '' }, 'notice: expected a text'],
  [{ ...least, noticeVersion: 0 }, 'noticeVersion: expected a whole number from 1'],
  [{ ...least, home: 'relative/folder' }, 'home: expected an absolute path'],
  [
    { ...least, resourceAttributes: { 'service.name': 'x' } },
    'resourceAttributes: expected attributes other than',
  ],
  [{ ...least, resourceAttributes: { 'os.type': '/etc/passwd' } }, 'resourceAttributes: expected'],
  [{ ...least, disabled: 'yes' }, 'disabled: expected true or false'],
  [{ ...least, endpont: 'https://x' }, 'endpont: there is no such option'],
])('refuses %j', (options, problem) => {
  expect(optionProblems(options)).toEqual([expect.stringContaining(problem)])
})

test('names every problem, and none of the callers of JavaScript makes it throw', () => {
  expect(optionProblems({ name: 1, version: null, timeoutMs: -1 })).toHaveLength(3)
  for (const options of [undefined, null, 1, 'trix', Symbol('x'), () => {}, []]) {
    expect(optionProblems(options).length).toBeGreaterThan(0)
  }
})
