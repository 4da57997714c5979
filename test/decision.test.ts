import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Config, parseConfig } from '../src/core/decide/config.ts'
import { type Decision, decide, endpointOf, type Facts, headersOf } from '../src/core/decide/decide.ts'
import { reasonFor } from '../src/core/decide/reason.ts'
import { isNear } from '../src/core/near.ts'
import type { TelemetryOptions } from '../src/core/options.ts'

const options: TelemetryOptions = {
  name: 'trix',
  version: '1.0.0',
  endpoint: 'https://otel.example.com',
  headers: { Authorization: 'tool' },
}

/** Facts under which nothing stands against telemetry but that the notice has not been shown. */
const plain: Facts = {
  options,
  prefix: 'TRIX',
  env: {},
  denied: undefined,
  disabled: false,
  problems: () => [],
  folders: () => ({ config: 'config.toml', state: 'state' }),
  stateProblem: () => undefined,
  config: () => ({}),
  noticeSeen: () => false,
  showNotice: () => false,
}

const withEnv = (facts: Facts, env: Facts['env']): Facts => ({ ...facts, env: { ...facts.env, ...env } })
const withOptions = (facts: Facts, more: Partial<TelemetryOptions>): Facts => ({
  ...facts,
  options: { ...facts.options, ...more },
})
const withConfig = (facts: Facts, more: Config): Facts => {
  const config = facts.config()
  return { ...facts, config: () => ('problem' in config ? config : { ...config, ...more }) }
}

/** What makes each row of the table apply. A later row must not undo what an earlier one set. */
const rows: Record<number, (facts: Facts) => Facts> = {
  0: facts => ({ ...facts, problems: () => ['version: expected …'] }),
  1: facts => withEnv(facts, { OTLP_TALLY_HELPER: '{}' }),
  2: facts => ({ ...facts, disabled: true }),
  3: facts => withEnv(facts, { DO_NOT_TRACK: '1' }),
  4: facts => withEnv(facts, { TRIX_TELEMETRY: 'off' }),
  5: facts => ({ ...facts, stateProblem: () => 'the state folder belongs to another user' }),
  6: facts => ({ ...facts, config: () => ({ problem: 'telemetry.enabled: expected true or false' }) }),
  7: facts => withConfig(facts, { enabled: false }),
  8: facts => withEnv(facts, { CI: 'true' }),
  9: facts => withConfig(facts, { air_gapped: true }),
  10: facts => withOptions(facts, { endpoint: undefined }),
  11: facts => withConfig(facts, { enabled: true }),
  12: facts => withOptions(facts, { consent: 'explicit' }),
  13: facts => ({ ...facts, noticeSeen: () => false }),
  14: facts => ({ ...facts, noticeSeen: () => true }),
}
const modes: Record<number, Decision['mode']> = { 9: 'local', 11: 'on', 14: 'on' }
const modeOf = (row: number) => modes[row] ?? 'off'

describe('each row of the table decides', () => {
  test.each(Object.entries(rows))('row %s', (row, apply) => {
    const facts = apply(plain)
    const decision = decide(facts)
    expect(decision).toMatchObject({ rule: Number(row), mode: modeOf(Number(row)) })
    expect(reasonFor(decision, facts)).toMatch(/./)
  })

  test('row 0 also where a permission or the runtime is missing, and then nothing else is looked at', () => {
    const facts = { ...rows[1]!(plain), denied: 'Deno was started without --allow-env' }
    expect(decide(facts)).toMatchObject({ rule: 0, mode: 'off' })
    expect(reasonFor(decide(facts), facts)).toBe('Deno was started without --allow-env')
  })

  test('row 2 gives the reason of the tool', () => {
    const facts = { ...plain, disabled: 'telemetry: false in package.json' }
    expect(decide(facts)).toMatchObject({ rule: 2, mode: 'off' })
    expect(reasonFor(decide(facts), facts)).toBe('telemetry: false in package.json')
  })
})

/** All rows that say off before row 9 may be asked in any order: the cheap ones come first. */
const isEarly = (row: number) => row <= 8

describe('of two rows that apply, the first one decides', () => {
  for (const [earlier, apply] of Object.entries(rows)) {
    for (const [later, applyToo] of Object.entries(rows)) {
      const [first, second] = [Number(earlier), Number(later)]
      // Both write the one value of `enabled`, or the one mark of the notice: they cannot apply together.
      if (first >= second || (first === 7 && second === 11) || (first === 13 && second === 14)) continue
      test(`${first} before ${second}`, () => {
        const { mode, rule } = decide(applyToo(apply(plain)))
        expect(mode).toBe(modeOf(first))
        if (isEarly(second)) expect([first, second]).toContain(rule)
        else expect(rule).toBe(first)
      })
    }
  }
})

describe('TRIX_TELEMETRY=on', () => {
  const on = (facts: Facts) => withEnv(facts, { TRIX_TELEMETRY: 'on' })
  test.each([7, 8, 11, 12, 13, 14])('skips row %i', row => {
    expect(decide(on(rows[row]!(plain)))).toMatchObject({ mode: 'on', rule: 4, explicit: true })
  })
  test.each([0, 1, 2, 3, 5, 6, 9, 10])('does not skip row %i', row => {
    expect(decide(on(rows[row]!(plain)))).toMatchObject({ rule: row, mode: modeOf(row) })
  })
})

describe('the values of the variables', () => {
  const mode = (env: Facts['env']) => decide({ ...plain, env, noticeSeen: () => true }).mode
  test.each(['on', '1', 'true', 'yes', 'ON', ' Yes '])('TRIX_TELEMETRY=%s is on', value => {
    expect(decide({ ...plain, env: { TRIX_TELEMETRY: value } }).mode).toBe('on')
  })
  test.each(['off', '0', 'false', 'no', 'Off', '', 'maybe', 'onn', '2', 'constructor', '__proto__'])(
    'TRIX_TELEMETRY=%s is off',
    value => {
      expect(mode({ TRIX_TELEMETRY: value })).toBe('off')
    },
  )
  test.each(['1', 'true', 'yes', 'x'])('DO_NOT_TRACK=%s and CI=%s count as set', value => {
    expect([mode({ DO_NOT_TRACK: value }), mode({ CI: value })]).toEqual(['off', 'off'])
  })
  test.each(['', '0', 'false', 'False'])('DO_NOT_TRACK=%s and CI=%s count as not set', value => {
    expect([mode({ DO_NOT_TRACK: value }), mode({ CI: value })]).toEqual(['on', 'on'])
  })
})

describe('local and log', () => {
  const asked = (value: string, facts = plain) => decide(withEnv(facts, { TRIX_TELEMETRY: value }))
  test('local counts without an endpoint, in CI, and without a yes', () => {
    for (const row of [8, 9, 10, 11, 12, 13, 14])
      expect(asked('local', rows[row]!(plain))).toMatchObject({ mode: 'local', rule: 4 })
  })
  test.each([0, 1, 2, 3, 5, 6])('local does not skip row %i', row => {
    expect(asked('local', rows[row]!(plain))).toMatchObject({ mode: 'off', rule: row })
  })
  test('log prints what on would send', () => {
    expect(asked('log')).toMatchObject({ mode: 'log', rule: 4 })
  })
  test.each([0, 1, 2, 3, 5, 6, 9, 10])('log lets nothing be sent by row %i', row => {
    expect(asked('log', rows[row]!(plain))).toMatchObject({ mode: 'off', rule: row })
  })
})

describe('what costs a system call is only asked when a row needs it', () => {
  const untouchable = () => {
    throw new Error('asked')
  }
  const facts: Facts = {
    ...plain,
    folders: untouchable,
    problems: untouchable,
    stateProblem: untouchable,
    config: untouchable,
    noticeSeen: untouchable,
    showNotice: untouchable,
  }
  test.each([1, 2, 3, 4])('row %i reads nothing', row => {
    expect(decide(rows[row]!(facts)).mode).toBe('off')
  })
  test('nor does CI', () =>
    expect(decide(withEnv(facts, { CI: '1' }))).toMatchObject({ mode: 'off', rule: 8 }))
  test('the notice is not shown where an earlier row decides', () => {
    expect(decide({ ...rows[12]!(plain), showNotice: untouchable, noticeSeen: untouchable }).rule).toBe(12)
  })
})

test('what cannot be found out means off, with the reason', () => {
  const unreadable = () => {
    throw new Error('EACCES: permission denied')
  }
  for (const fact of ['stateProblem', 'config', 'noticeSeen', 'showNotice'] as const) {
    const facts = { ...plain, [fact]: unreadable }
    expect(decide(facts)).toMatchObject({ mode: 'off', rule: 5 })
    expect(reasonFor(decide(facts), facts)).toBe('EACCES: permission denied')
  }
})

describe('the endpoint, and the headers that stay with it', () => {
  const env = { TRIX_TELEMETRY_ENDPOINT: 'http://env' }
  const headers = { Authorization: 'config' }
  test.each<[string, Facts['env'], Config, string, string, object]>([
    ['the tool names one', {}, {}, 'tool', 'https://otel.example.com', { authorization: 'tool' }],
    ['the config does', {}, { endpoint: 'http://config' }, 'config', 'http://config', {}],
    [
      'with headers',
      {},
      { endpoint: 'http://c', headers },
      'config',
      'http://c',
      { authorization: 'config' },
    ],
    ['the config has headers alone', {}, { headers }, 'tool', options.endpoint!, { authorization: 'config' }],
    ['the environment does', env, { endpoint: 'http://config', headers }, 'environment', 'http://env', {}],
    [
      'an empty variable is none',
      { TRIX_TELEMETRY_ENDPOINT: '' },
      {},
      'tool',
      options.endpoint!,
      { authorization: 'tool' },
    ],
  ])('%s', (_, env, config, source, endpoint, sent) => {
    const facts = { ...plain, env }
    const found = endpointOf(facts, config)
    expect(found).toMatchObject({ source, endpoint, url: `${endpoint}/v1/metrics` })
    expect(headersOf(facts, config, found.source)).toEqual(sent)
  })

  test('a notice is about the host of the tool, and about none that the user named', () => {
    const hosts: unknown[] = []
    const noticeSeen: Facts['noticeSeen'] = ({ host }) => hosts.push(host) > 0
    decide({ ...plain, noticeSeen })
    decide({ ...withOptions(plain, { endpoint: 'HTTPS://Otel.Example.com:4318/x?y' }), noticeSeen })
    decide({ ...withEnv(plain, env), noticeSeen })
    decide({ ...withConfig(plain, { endpoint: 'http://config' }), noticeSeen })
    expect(hosts).toEqual(['otel.example.com', 'otel.example.com:4318', undefined, undefined])
  })
})

describe('the table of docs/decision.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/decision.md'), 'utf8')
  const table = [...text.matchAll(/^\| (\d+) +\| (.+?) +\| (.+?) +\|$/gm)].map(([, row, source, result]) => ({
    row: Number(row),
    source: source!,
    result: result!,
  }))
  test('has the rows that the code has', () => {
    expect(table.map(({ row }) => row)).toEqual(Object.keys(rows).map(Number))
  })
  test.each(table)('row $row: $source', ({ row, result }) => {
    const said = /^(on|off|local|as it says)/.exec(result)?.[1]
    expect(said).toBe(row === 4 ? 'as it says' : modeOf(row))
  })
  test('names in its rows what makes them apply', () => {
    const words: Record<number, RegExp> = {
      ...{ 0: /initTelemetry/, 1: /helper/, 2: /`disabled`/, 3: /`DO_NOT_TRACK`/, 4: /`TRIX_TELEMETRY`/ },
      ...{ 5: /another user.*no home/, 6: /`\[telemetry\]`/, 7: /`enabled = false`/, 8: /`CI`/ },
      ...{ 9: /`air_gapped = true`/, 10: /http\(s\)/, 11: /`enabled = true`/, 12: /'explicit'/ },
      ...{ 13: /notice was not shown/, 14: /notice was shown/ },
    }
    for (const { row, source } of table) expect(source).toMatch(words[row]!)
  })
})

describe('a table that is misspelt was most likely meant', () => {
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  const at = fc.nat(100)
  /** One slip of the fingers: a letter more, less, other, or two in the other order. */
  const slip = (...kinds: string[]) => fc.tuple(fc.constantFrom(...kinds), at, fc.constantFrom(...letters))
  const slips = fc.oneof(
    fc.array(slip('more', 'less', 'other'), { maxLength: 2 }),
    slip('swap').map(one => [one]),
  )
  const slipped = (word: string, [kind, place, letter]: [string, number, string]) => {
    const index = place % word.length
    const [before, here, after] = [word.slice(0, index), word[index]!, word.slice(index + 1)]
    if (kind === 'more') return before + letter + here + after
    if (kind === 'less') return before + after
    if (kind === 'other') return before + letter + after
    return after ? before + after[0]! + here + after.slice(1) : word
  }
  const inSomeCase = (word: string, upper: boolean[]) =>
    [...word].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join('')
  const near = fc
    .tuple(slips, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }))
    .map(([slips, upper]) => inSomeCase(slips.reduce(slipped, 'telemetry'), upper))
  const shape = fc.constantFrom(
    (word: string) => `[${word}]\nenabled = false\n`,
    (word: string) => `${word}.enabled = false\n`,
    (word: string) => `${word} = { enabled = false }\n`,
    (word: string) => `${word} = false\n`,
    (word: string) => `[telemetry]\nenabled = true\n[${word}]\nenabled = false\n`,
  )

  test('by up to two slips, in any case and any form: then it is not valid', () => {
    fc.assert(
      fc.property(near, shape, (word, write) => {
        fc.pre(word !== 'telemetry')
        expect(parseConfig(write(word))).toHaveProperty(
          'problem',
          expect.stringMatching(/did you mean \[telemetry\]\?|redefine|already/),
        )
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    'template',
    'telephone',
    'telegraph',
    'elementary',
    'telemetries',
    'metrics',
    'symmetry',
    'tele',
    'meter',
  ])('%s is another word', word => expect(parseConfig(`[${word}]\nenabled = false\n`)).toEqual({}))

  test('by more than two slips is another word: an opt-in stays one', () => {
    /** The least number of such slips, where none is made in what another one has changed. */
    const distance = (a: string, b: string): number => {
      const rows = Array.from({ length: a.length + 1 }, (_, i) => [i])
      for (let j = 1; j <= b.length; j++) rows[0]![j] = j
      for (let i = 1; i <= a.length; i++) {
        for (let j = 1; j <= b.length; j++) {
          const other = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
          const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          const swap = isSwap ? rows[i - 2]![j - 2]! + 1 : other
          rows[i]![j] = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, other, swap)
        }
      }
      return rows[a.length]![b.length]!
    }
    const any = fc.string({ unit: fc.constantFrom(...'telmryxa'), minLength: 1, maxLength: 12 })
    const mistyped = fc
      .array(slip('more', 'less', 'other', 'swap'), { minLength: 1, maxLength: 4 })
      .map(slips => slips.reduce(slipped, 'telemetry'))
    const seen = { near: 0, far: 0 }
    fc.assert(
      fc.property(fc.oneof(any, mistyped), word => {
        const isClose = distance(word, 'telemetry') <= 2
        seen[isClose ? 'near' : 'far']++
        expect(isNear(word, 'telemetry')).toBe(isClose)
        if (!isClose)
          expect(parseConfig(`${word} = 1\n[telemetry]\nenabled = true\n`)).toEqual({ enabled: true })
      }),
      { numRuns: 5000 },
    )
    expect(Math.min(seen.near, seen.far)).toBeGreaterThan(500)
  })

  test('and so was enabled = false outside of any table', () => {
    expect(parseConfig('enabled = false\n')).toHaveProperty('problem', expect.stringContaining('[telemetry]'))
    expect(parseConfig('enabled = true\n')).toEqual({})
    expect(parseConfig('enabled = false\n[telemetry]\nenabled = true\n')).toEqual({ enabled: true })
    expect(parseConfig('[plugin]\nenabled = false\n')).toEqual({})
  })
})
