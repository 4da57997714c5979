import { describe, expect, test } from 'vitest'
import { type Decision, decide, type Facts, rulings, wantsLog } from '../src/core/decide/decision.ts'

/** Facts under which nothing stands against telemetry but that the notice has not been shown. */
const plain: Facts = {
  prefix: 'TRIX',
  env: {},
  problems: [],
  disabled: false,
  consent: 'notice',
  endpoint: 'https://otel.example.com',
  folders: () => ({ config: 'config.toml', state: 'state' }),
  foreign: () => false,
  config: () => ({}),
  noticeSeen: () => false,
  showNotice: () => false,
}

/** What makes each row of the table apply. A later row must not undo what an earlier one set. */
const rows: Record<number, (facts: Facts) => Facts> = {
  1: facts => ({ ...facts, env: { ...facts.env, OTLP_TALLY_HELPER: '2000' } }),
  2: facts => ({ ...facts, disabled: true }),
  3: facts => ({ ...facts, env: { ...facts.env, DO_NOT_TRACK: '1' } }),
  4: facts => ({ ...facts, env: { ...facts.env, TRIX_TELEMETRY: 'off' } }),
  5: facts => ({ ...facts, foreign: () => true }),
  6: facts => ({ ...facts, config: () => ({ problem: 'telemetry.enabled: expected true or false' }) }),
  7: facts => ({ ...facts, config: () => ({ ...facts.config(), enabled: false }) }),
  8: facts => ({ ...facts, env: { ...facts.env, CI: 'true' } }),
  9: facts => ({ ...facts, config: () => ({ ...facts.config(), air_gapped: true }) }),
  10: facts => ({ ...facts, endpoint: undefined }),
  11: facts => ({ ...facts, config: () => ({ ...facts.config(), enabled: true }) }),
  12: facts => ({ ...facts, consent: 'explicit' }),
  13: facts => ({ ...facts, noticeSeen: () => false }),
  14: facts => ({ ...facts, noticeSeen: () => true }),
}
const modes: Record<number, Decision['mode']> = { 9: 'local', 11: 'on', 14: 'on' }

describe('each row of the table decides', () => {
  for (const [row, apply] of Object.entries(rows)) {
    test(`row ${row}`, () => {
      expect(decide(apply(plain))).toMatchObject({ rule: Number(row), mode: modes[Number(row)] ?? 'off' })
    })
  }
})

describe('of two rows that apply, the first one decides', () => {
  for (const [earlier, apply] of Object.entries(rows)) {
    for (const [later, applyToo] of Object.entries(rows)) {
      const [first, second] = [Number(earlier), Number(later)]
      // Both write the one value of `enabled`, or the one mark of the notice: they cannot apply together.
      if (first >= second || (first === 7 && second === 11) || (first === 13 && second === 14)) continue
      // A config that is not valid says nothing else.
      if (first === 6 && [7, 9, 11].includes(second)) continue
      test(`${first} before ${second}`, () => {
        expect(decide(applyToo(apply(plain))).rule).toBe(first)
      })
    }
  }
})

describe('TRIX_TELEMETRY=on', () => {
  const on = (facts: Facts) => ({ ...facts, env: { ...facts.env, TRIX_TELEMETRY: 'on' } })
  for (const row of [7, 8, 11, 12, 13, 14]) {
    test(`skips row ${row}`, () =>
      expect(decide(on(rows[row]!(plain)))).toMatchObject({ mode: 'on', rule: 4 }))
  }
  for (const row of [1, 2, 3, 5, 6, 9, 10]) {
    test(`does not skip row ${row}`, () => expect(decide(on(rows[row]!(plain))).rule).toBe(row))
  }
})

describe('the values of the variables', () => {
  const mode = (env: Facts['env']) => decide({ ...plain, env, noticeSeen: () => true }).mode
  test.each(['on', '1', 'true', 'yes', 'ON', ' Yes '])('TRIX_TELEMETRY=%s is on', value => {
    expect(decide({ ...plain, env: { TRIX_TELEMETRY: value } }).mode).toBe('on')
  })
  test.each(['off', '0', 'false', 'no', 'Off', '', 'maybe', 'onn', '2'])(
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
  const asked = (value: string, facts = plain) => decide({ ...facts, env: { TRIX_TELEMETRY: value } })
  test('local counts without an endpoint, and without a yes', () => {
    expect(asked('local', rows[10]!(rows[7]!(plain)))).toMatchObject({ mode: 'local', rule: 4 })
  })
  test('local still leaves the folder of another user alone', () => {
    expect(asked('local', rows[5]!(plain))).toMatchObject({ mode: 'off', rule: 5 })
  })
  test('log prints what on would send', () => {
    expect(asked('log')).toMatchObject({ mode: 'log' })
  })
  test('log wants an explanation, whatever decides', () => {
    expect(wantsLog({ ...plain, disabled: true, env: { TRIX_TELEMETRY: ' Log ' } })).toBe(true)
    expect(wantsLog({ ...plain, env: { TRIX_TELEMETRY: 'on' } })).toBe(false)
  })
  test.each([2, 5, 6, 9, 10])('log explains that row %i lets nothing be sent', row => {
    expect(asked('log', rows[row]!(plain))).toMatchObject({ mode: 'off', rule: row })
  })
})

describe('what costs a system call is only asked when a rule needs it', () => {
  const untouchable = () => {
    throw new Error('asked')
  }
  const facts = {
    ...plain,
    foreign: untouchable,
    config: untouchable,
    noticeSeen: untouchable,
    showNotice: untouchable,
  }
  test.each([1, 2, 3, 4])('row %i reads nothing', row => {
    expect(decide(rows[row]!(facts)).mode).toBe('off')
  })
  test('the notice is not shown where an earlier row decides', () => {
    const asked = { ...plain, showNotice: untouchable, consent: 'explicit' as const }
    expect(decide(asked).rule).toBe(12)
  })
})

test('what cannot be found out means off, with the reason', () => {
  const unreadable = () => {
    throw new Error('EACCES: permission denied')
  }
  for (const [fact, rule] of [
    ['foreign', 5],
    ['config', 6],
    ['noticeSeen', 13],
  ] as const) {
    expect(decide({ ...plain, [fact]: unreadable })).toMatchObject({
      mode: 'off',
      rule,
      reason: 'EACCES: permission denied',
    })
  }
})

test('the environment wins over the config, and the config over the tool, in naming the endpoint', () => {
  const reason = (env: Facts['env'], endpoint: string | undefined) =>
    decide({
      ...plain,
      env,
      config: () => (endpoint === undefined ? {} : { endpoint }),
      endpoint: 'ftp://tool',
    }).reason
  expect(reason({ TRIX_TELEMETRY_ENDPOINT: 'env' }, 'config')).toMatch(/endpoint of TRIX_TELEMETRY_ENDPOINT/)
  expect(reason({}, 'config')).toMatch(/endpoint of config\.toml/)
  expect(reason({}, undefined)).toMatch(/endpoint of the tool/)
})

test('options that are not valid switch off, and the reason names each', () => {
  expect(
    decide({ ...plain, problems: ['name: expected …', 'version: expected …'], noticeSeen: () => true }),
  ).toMatchObject({
    mode: 'off',
    reason: 'initTelemetry: name: expected …; version: expected …',
  })
})

describe('the rulings, in the order in which they would decide', () => {
  const order = (facts: Facts) => [...rulings(facts)].map(({ rule, mode }) => `${rule} ${mode}`)
  test('with nothing set', () => expect(order(plain)).toEqual(['13 off']))
  test('with every switch off', () => {
    const all = [3, 4, 7, 8, 14].reduce((facts, row) => rows[row]!(facts), plain)
    expect(order(all)).toEqual(['3 off', '4 off', '7 off', '8 off', '14 on'])
  })
  test('what a variable skips comes after it', () => {
    const on = { ...rows[8]!(rows[7]!(plain)), env: { TRIX_TELEMETRY: 'on', CI: '1' } }
    expect(order(on)).toEqual(['4 on', '7 off', '8 off', '13 off'])
  })
  test('a fact that cannot be found out is a ruling too', () => {
    const foreign = () => {
      throw new Error('EACCES')
    }
    expect(order({ ...plain, foreign })).toEqual(['5 off', '13 off'])
  })
})
