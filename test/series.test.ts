import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSeries, seriesPath } from '../src/core/tally/series.ts'
import { attributesProblem, type Series, seriesProblem } from '../src/core/vocabulary.ts'

const letters = 'ABCXYZabcxyzconauxprnlpt'
const metric = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,63}$/)
const text = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,30}( [A-Za-z0-9_.:-]{1,30})?$/)
const attributes = fc.dictionary(
  metric,
  fc.oneof(text, fc.boolean(), fc.constantFrom('true', 'false', 'con')),
  { maxKeys: 8 },
)
const series: fc.Arbitrary<Series> = fc.record({
  metric: fc.oneof(metric, fc.constantFrom('con', 'aux.x', 'a.', ...letters)),
  attributes,
})

describe('what may be counted', () => {
  test.each(['build', 'a', 'Build.All', 'x_1', 'a'.repeat(64)])('metric %j', name => {
    expect(seriesProblem({ metric: name, attributes: { [name]: true } }, {})).toBeUndefined()
  })
  test.each([
    '',
    '1st',
    '_x',
    'a b',
    'a-b',
    'a'.repeat(65),
    'naïve',
    'a\n',
    undefined,
    null,
    7,
    ['build'],
    Symbol('x'),
  ])('not metric %s', name => {
    for (const lists of [{}, { commands: ['build'] }, { events: { build: {} } }])
      expect(seriesProblem({ metric: name as string, attributes: {} }, lists)).toMatch(
        /: expected a letter, then/,
      )
  })
  test.each(['', '1st', '_x', 'a b', 'a-b', 'a'.repeat(65), 'naïve', 'a\n'])('not key %j', key => {
    expect(attributesProblem({ [key]: true })).toMatch(/^attribute .*: expected a letter, then/)
  })
  test.each(['build', 'db migrate', 'a:b', 'v1.2-rc_3', '1', 'x'.repeat(64), true, false])(
    'value %j',
    value => {
      expect(attributesProblem({ key: value })).toBeUndefined()
    },
  )
  test.each([
    '',
    ' a',
    'a ',
    'a  b',
    '/etc/passwd',
    'C:\\x',
    'a@b',
    'a=b',
    'x'.repeat(65),
    'é',
    'a\tb',
    'a\nb',
    7,
    null,
    ['a'],
    {},
  ])('not value %j', value =>
    expect(attributesProblem({ key: value })).toMatch(/^attribute key: .*expected true, false or/),
  )
  test('eight attributes, not nine', () => {
    const some = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, true]))
    expect(attributesProblem(some(8))).toBeUndefined()
    expect(attributesProblem(some(9))).toBe('attributes: expected at most 8, got 9')
  })
  test.each([null, 'x', ['a'], 7])('not attributes %j', value => {
    expect(attributesProblem(value)).toBe('attributes: expected an object')
  })
})

test('without lists a value has at most four words', () => {
  const problem = (name: string) =>
    seriesProblem({ metric: 'command_invocation', attributes: { command_name: name } }, {})
  expect(problem('one two three four')).toBeUndefined()
  expect(problem('one two three four five')).toMatch(/expected at most 4 words/)
})

describe('the file of a series', () => {
  test.each<[Series, string]>([
    [
      { metric: 'command_invocation', attributes: { command_name: 'build' } },
      'command_invocation/command_name=build',
    ],
    [{ metric: 'm', attributes: { b: true, a: 'x' } }, 'm/a=x,b=true'],
    [{ metric: 'm', attributes: { b: 'true' } }, 'm/b=%74rue'],
    [{ metric: 'm', attributes: {} }, 'm/-'],
    [{ metric: 'M', attributes: { k: 'Db Migrate:up' } }, '%4d/k=%44b%20%4digrate%3aup'],
    [{ metric: 'con', attributes: { 'con.x': 'nul' } }, '%63on/%63on.x=%6eul'],
    [{ metric: 'console.', attributes: { k: 'v1.' } }, 'console%2e/k=v1%2e'],
  ])('%j is %s', (value, path) => {
    expect(seriesPath(value)).toBe(path)
    expect(parseSeries(path)).toEqual(value)
  })

  test.each([
    'instance',
    'm/',
    'm',
    'm/a',
    'm/a=b=c',
    'm/a=%zz',
    'm/b=x,a=x',
    'm/a=B',
    'm/a=b~',
    'm/a=../x',
    'm/a=%62',
  ])('%s is no file of ours', path => expect(parseSeries(path)).toBeUndefined())

  test('reads back, fits every file system, and is told apart where case is ignored', () => {
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(series, value => {
        const path = seriesPath(value)
        expect(parseSeries(path)).toEqual(value)
        for (const name of path.split('/')) {
          expect(name.length).toBeLessThanOrEqual(201)
          expect(name).toMatch(/^[a-z0-9_.%=,+-]+$/)
          expect(name).not.toMatch(/\.$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/)
        }
        const key = JSON.stringify([value.metric, Object.entries(value.attributes).sort()])
        expect(seen.get(path.toLowerCase()) ?? key).toBe(key)
        seen.set(path.toLowerCase(), key)
      }),
      { numRuns: 3000 },
    )
  })
})
