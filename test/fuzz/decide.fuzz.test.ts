import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consentPath, noticePath } from '../../src/core/decide/consent.ts'
import { type Decision, decide } from '../../src/core/decide/decide.ts'
import { optOutIn } from '../../src/core/decide/environment.ts'
import type { TelemetryOptions } from '../../src/core/options.ts'
import { decisionSentence } from '../../src/explain/decision.ts'
import { slipOf, slipped } from '../arbitraries.ts'
import { isRoot } from '../machine.ts'
import { fuzz, makeFolder, oddText } from './fuzz.ts'

const root = makeFolder()

/** A config file, and what is in its `[telemetry]` if it is valid. */
interface Config {
  /** Its content, or what makes something else in its place. */
  put: string | Uint8Array | ((path: string) => void)
  valid: boolean
  enabled?: boolean | undefined
  air_gapped?: boolean | undefined
  endpoint?: string | undefined
}

interface Case {
  name: string
  helper: string | undefined
  disabled: boolean | undefined
  doNotTrack: string | undefined
  telemetry: string | undefined
  /** A no by another name (without the prefix), and its value. */
  otherNo: [name: string, value: string] | undefined
  ci: string | undefined
  test: boolean
  unread: string | undefined
  environmentEndpoint: string | undefined
  endpoint: string | undefined
  consent: 'notice' | 'explicit' | undefined
  noticeVersion: 1 | 2
  failures: boolean
  badOption: boolean
  place: 'good' | 'foreign' | 'open' | 'homeless'
  terminal: boolean
  machineNo: boolean
  config: Config
  /** What is in `consent.json` and `notice`. */
  answer: 'none' | 'no' | 'damaged' | Agreed
  notice: 'none' | 'damaged' | Agreed
}
interface Agreed {
  origin: string
  failures: boolean
  version: 1 | 2
}

/**
 * The table of docs/decision.md, written once more and in another way. Spaces around a value and its case do not matter.
 */
function decided(given: Case): [row: number, mode: Decision['mode']] {
  const { config } = given
  const word = given.telemetry?.trim().toLowerCase()
  const wish = ['on', '1', 'true', 'yes'].includes(word ?? '') ? 'on' : word
  const says = (value: string | undefined) =>
    value !== undefined && !['', '0', 'false'].includes(value.trim().toLowerCase())
  if (given.helper !== undefined) return [1, 'off']
  if (given.disabled) return [2, 'off']
  if (says(given.doNotTrack)) return [3, 'off']
  if (wish !== undefined && !['on', 'local', 'log'].includes(wish)) return [4, 'off']
  if (given.otherNo) return [4, 'off']
  if (given.badOption) return [0, 'off']
  if (given.place !== 'good') return [5, 'off']
  if (!config.valid) return [6, 'off']
  if (config.enabled === false || given.machineNo) return [7, 'off']
  if (given.answer === 'no' || given.answer === 'damaged') return [8, 'off']
  if (wish === 'local' || config.air_gapped) return [9, 'local']
  const endpoint = given.environmentEndpoint || (config.endpoint ?? given.endpoint)
  const receiver = goodEndpoints.find(([url]) => url === endpoint)
  if (!receiver) return [10, 'off']
  if (wish === 'log') return [11, 'log']
  const [url, origin, whole, isHere] = receiver
  if (given.test && !isHere && wish !== 'on') return [12, 'off']
  const isNamed = !given.environmentEndpoint || [config.endpoint, given.endpoint].includes(url)
  if ((wish === 'on' || config.enabled) && (isNamed || isHere)) return [13, 'on']
  if (says(given.ci)) return [14, 'off']
  const covers = (agreed: Case['answer']) =>
    typeof agreed === 'object' &&
    agreed.origin === (isNamed ? origin : whole) &&
    agreed.version >= given.noticeVersion &&
    (agreed.failures || !given.failures)
  if (covers(given.answer)) return [15, 'on']
  if (given.consent === 'explicit') return [16, 'off']
  if (covers(given.notice)) return [17, 'on']
  return given.terminal && !given.unread ? [19, 'off'] : [18, 'off']
}

/** Each with what an agreement on it covers: its origin, or the whole URL where only the environment names it. */
const goodEndpoints: [url: string, origin: string, whole: string, isHere: boolean][] = [
  ['http://127.0.0.1:9', 'http://127.0.0.1:9', 'http://127.0.0.1:9/v1/metrics', true],
  [
    'https://otel.invalid/base?token=x',
    'https://otel.invalid:443',
    'https://otel.invalid/base/v1/metrics?token=x',
    false,
  ],
  [
    'https://otel.invalid/?token=y',
    'https://otel.invalid:443',
    'https://otel.invalid/v1/metrics?token=y',
    false,
  ],
  ['HTTPS://[::1]:4318/v1/metrics', 'https://[::1]:4318', 'https://[::1]:4318/v1/metrics', true],
]
const badEndpoints = [
  ...['', 'ftp://otel.invalid', 'otel.invalid:4318', 'localhost:4318', 'file:///etc', 'javascript:alert(1)'],
  ...['https://', 'http://a b', 'https://user:secret@otel.invalid', '/v1/metrics', 'constructor'],
]
const endpoint = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...goodEndpoints.map(([url]) => url)) },
  fc.constantFrom(...badEndpoints),
)

const maybe = <T>(arbitrary: fc.Arbitrary<T>, nil = 2) =>
  fc.oneof({ weight: nil, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const tables = ['', '[server]\nenabled = true\n', '[[jobs]]\nair_gapped = false\nenabled = false\n']
// Not the same tables as before, because TOML forbids a table twice.
const after = fc.constantFrom('', '[client]\nenabled = false\n', '[telephone]\nair_gapped = true\n', '# end')
const before = fc.constantFrom(
  ...['# telemetry is below\n', 'a = 9223372036854775807\n', 'b = """\n[telemetry]\nenabled = true\n"""\n'],
  ...tables,
)

const validConfig: fc.Arbitrary<Config> = fc
  .record({
    enabled: maybe(fc.boolean(), 1),
    air_gapped: maybe(fc.boolean(), 4),
    endpoint: maybe(endpoint, 3),
    timeout_ms: maybe(fc.integer({ min: 1, max: 60_000 })),
    headers: maybe(fc.constantFrom('{ authorization = "Bearer x" }', '{}', '{ a = "", __proto__ = "x" }')),
    before,
    after,
    shape: fc.constantFrom('table', 'dotted', 'inline'),
    eol: fc.constantFrom('\n', '\r\n'),
    mark: fc.constantFrom('', '\ufeff'),
  })
  .map(({ before, after, shape, eol, mark, headers, ...values }) => {
    const { enabled, air_gapped, endpoint } = values
    const lines = Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key} = ${JSON.stringify(value)}`],
    )
    // Headers need an endpoint in the same table.
    if (headers && endpoint !== undefined) lines.push(`headers = ${headers}`)
    const text = {
      table: `${before}[telemetry]\n${lines.join('\n')}\n${after}`,
      dotted: `${lines.map(line => `telemetry.${line}\n`).join('')}${before}`,
      inline: `telemetry = { ${lines.join(', ')} }\n${before}`,
    }[shape]
    return { put: mark + text!.replaceAll('\n', eol), valid: true, enabled, air_gapped, endpoint }
  })

const wrongLines = fc.constantFrom(
  ...[
    'enabled = "true"',
    'enabled = 1',
    'enabled = []',
    'enabled = {}',
    'enabled = nan',
    'enabled = 1979-05-27',
  ],
  ...[
    'enabled = tru',
    'enabled = True',
    'enabled =',
    'enabled = true = true',
    'enabled = true\nenabled = true',
  ],
  ...['enabeld = false', 'Enabled = false', '"enabled " = false', 'disabled = true', '__proto__ = {}'],
  ...['constructor = 1', 'problem = "x"', 'timeout_ms = 0', 'timeout_ms = 60001', 'timeout_ms = 1.5'],
  ...['timeout_ms = -1', 'timeout_ms = "5"', 'timeout_ms = 9223372036854775807', 'timeout_ms = inf'],
  ...['air_gapped = "yes"', 'air_gapped = 0', 'endpoint = 4318', 'endpoint = ["http://127.0.0.1:9"]'],
  ...[
    'headers = "x"',
    'headers = []',
    'headers = { a = 1 }',
    'headers = { "a b" = "c" }',
    'headers = { a = "b" }',
  ],
  ...[
    'headers = { a = "b\\nc" }',
    'headers = { a = { b = "c" } }',
    'headers = 1979-05-27',
    'headers = 07:32:00',
  ],
)
const wrongTables = fc.constantFrom(
  ...['telemetry = false', 'telemetry = "off"', 'telemetry = 1', 'telemetry = []', 'telemetry = nan'],
  ...['telemetry = 1979-05-27', 'telemetry = 1979-05-27T07:32:00Z', 'telemetry = 07:32:00'],
  ...[
    '[[telemetry]]\nenabled = true',
    '[telemetry]\n[telemetry]',
    '[telemetry',
    '[telemetry2]\nair_gapped = true',
    '[Telemetry]\nenabled = false',
    'telemetri = 1',
    'enabled = false',
    'telemetry',
    '= 1',
    '{"telemetry":{}}',
  ],
)
const invalidConfig: fc.Arbitrary<Config> = fc
  .oneof(
    fc.tuple(wrongLines, after).map(([line, after]) => `[telemetry]\n${line}\n${after}`),
    fc.tuple(wrongLines, after).map(([line, after]) => `[telemetry]\nenabled = true\n${line}\n${after}`),
    fc.tuple(wrongTables, after).map(([table, after]) => `${table}\n${after}`),
    fc.constantFrom(
      ...[
        Buffer.from('[telemetry]\nenabled = true # \xff\n', 'latin1'),
        Buffer.from('\ufeff[telemetry]\nenabled = true\n', 'utf16le'),
        '[telemetry]\nenabled = true\n\0',
        `[telemetry]\nenabled = true\na.b = ${'['.repeat(5000)}`,
      ],
      (path: string) => void mkdirSync(path),
      (path: string) => symlinkSync('/dev/zero', path),
      (path: string) => symlinkSync(path, path),
    ),
  )
  .map(put => ({ put, valid: false }))

const config = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Config>({ put: () => {}, valid: true }) },
  { weight: 6, arbitrary: validConfig },
  { weight: 2, arbitrary: invalidConfig },
)

const flag = fc.oneof(fc.constantFrom('', '0', 'false', ' False ', '1', 'true', 'no', ' '), oddText)
const seldom = fc.nat(19).map(number => number === 0)
const agreed: fc.Arbitrary<Agreed> = fc.record({
  origin: fc.constantFrom(...goodEndpoints.flatMap(([, origin, whole]) => [origin, whole])),
  failures: fc.boolean(),
  version: fc.constantFrom(1 as const, 2 as const),
})
const cases: fc.Arbitrary<Case> = fc.record({
  name: fc.constantFrom('trix', '@acme/my-tool', 'A.b_c', '7z', 'constructor', 'do', 'con', 'otlp-tally'),
  helper: maybe(fc.constantFrom('', '2000', '0'), 20),
  disabled: fc.constantFrom(undefined, undefined, false, false, false, true),
  doNotTrack: maybe(flag, 8),
  telemetry: maybe(
    fc.oneof(
      fc.constantFrom('on', '1', 'true', 'yes', ' ON ', 'log', 'Local', 'off', '0', 'false', 'no', '', 'onn'),
      oddText.filter(text => !/^(on|1|true|yes|local|log)$/i.test(text.trim())),
    ),
    3,
  ),
  otherNo: maybe(
    fc.constantFrom<[string, string]>(
      ['NO_TELEMETRY', '1'],
      ['TELEMETRY_ENABLED', 'false'],
      ['telemtry', 'off'],
    ),
    12,
  ),
  ci: maybe(flag, 5),
  test: fc.nat(4).map(number => number === 0),
  unread: maybe(fc.constantFrom('COMP_LINE', 'CLAUDECODE', 'AI_AGENT'), 4),
  environmentEndpoint: maybe(endpoint, 3),
  endpoint: maybe(endpoint, 0),
  consent: fc.constantFrom(undefined, 'notice', 'explicit'),
  noticeVersion: fc.constantFrom(1, 2),
  failures: fc.boolean(),
  badOption: seldom,
  place: fc.oneof(
    { weight: 12, arbitrary: fc.constant('good' as const) },
    fc.constantFrom(...(isRoot ? ['foreign' as const] : []), 'open' as const, 'homeless' as const),
  ),
  terminal: fc.boolean(),
  machineNo: seldom,
  config,
  answer: fc.oneof(
    { weight: 6, arbitrary: fc.constant('none' as const) },
    { weight: 4, arbitrary: agreed },
    fc.constantFrom('no' as const, 'damaged' as const),
  ),
  notice: fc.oneof(
    fc.constant('none' as const),
    { weight: 2, arbitrary: agreed },
    fc.constant('damaged' as const),
  ),
})

const prefixOf = (name: string) =>
  name
    .replace('@', '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')
    .replace(/^(?=\d)/, '_')

/** Writes the files of a case where its tool looks for them. They have no stamp, so none is a copy. */
function lay(given: Case): { env: Record<string, string>; options: TelemetryOptions; state: string } {
  rmSync(root, { recursive: true, force: true })
  const folder = given.name.replace('/', '+')
  const state = join(root, 'state', folder)
  const configPath = join(root, 'config', folder, 'config.toml')
  mkdirSync(state, { recursive: true, mode: 0o700 })
  mkdirSync(dirname(configPath), { recursive: true })
  const { put } = given.config
  if (typeof put === 'function') put(configPath)
  else writeFileSync(configPath, put)
  if (given.machineNo) {
    mkdirSync(join(root, 'machine', folder), { recursive: true })
    writeFileSync(join(root, 'machine', folder, 'config.toml'), '[telemetry]\nenabled = false\n')
  }
  const textOf = (what: string, answer: Case['answer']) => {
    if (answer === 'no') return '{"no":1}'
    if (typeof answer !== 'object') return answer === 'damaged' ? `{"${what}":` : undefined
    const kinds = ['commands', ...(answer.failures ? ['failures'] : [])]
    const agreements = { [answer.origin]: { noticeVersion: answer.version, kinds, time: 1 } }
    return JSON.stringify({ [what]: agreements, user: process.geteuid?.() ?? -1, file: [0, 0] })
  }
  const texts = [
    [consentPath(state), textOf('yes', given.answer)],
    [noticePath(state), textOf('shown', given.notice)],
  ] as const
  for (const [path, text] of texts) if (text !== undefined) writeFileSync(path, text)
  if (given.place === 'foreign') chownSync(state, 12_345, 12_345)
  if (given.place === 'open') chmodSync(state, 0o777)
  const prefix = prefixOf(given.name)
  const env = {
    ...(given.place === 'homeless'
      ? { HOME: '/nonexistent', XDG_CONFIG_HOME: join(root, 'config') }
      : { HOME: root, XDG_CONFIG_HOME: join(root, 'config'), XDG_STATE_HOME: join(root, 'state') }),
    XDG_CONFIG_DIRS: join(root, 'machine'),
    OTLP_TALLY_HELPER: given.helper,
    DO_NOT_TRACK: given.doNotTrack,
    CI: given.ci,
    VITEST: given.test ? 'true' : undefined,
    ...(given.unread && { [given.unread]: 'x' }),
    ...(given.otherNo && { [`${prefix}_${given.otherNo[0]}`]: given.otherNo[1] }),
    [`${prefix}_TELEMETRY`]: given.telemetry,
    [`${prefix}_TELEMETRY_ENDPOINT`]: given.environmentEndpoint,
    // The user's own collector, which must not matter.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:10',
  }
  const { name, endpoint, consent, noticeVersion, failures } = given
  const options = { name, version: '1.0.0', commands: ['build'], endpoint, consent, noticeVersion, failures }
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    state,
    env: Object.fromEntries(set),
    options: given.badOption ? { ...options, timeoutMs: -1 } : options,
  }
}

test('the first row of the table that applies decides, and the reason is one line', async () => {
  const rows = new Set<number>()
  await fuzz(
    'decide',
    20_000,
    fc.property(cases, given => {
      const { env, options, state } = lay(given)
      const existed = [consentPath(state), noticePath(state)].map(path => existsSync(path))
      let shown = 0
      const decision = decide({
        ...{ options, env, disabled: given.disabled ?? false },
        show: () => given.terminal && ++shown > 0,
      })
      const [row, mode] = decided(given)
      rows.add(row)
      expect([decision.row, decision.mode]).toEqual([row, mode])
      expect(shown).toBe(row === 19 ? 1 : 0)
      expect([consentPath(state), noticePath(state)].map(path => existsSync(path))).toEqual(existed)
      expect(decisionSentence(decision)).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u)
    }),
  )
  expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, row) => row))
})

// A no by another name, and what is not one.

const NOES = [
  ...['TELEMETRY_DISABLED', 'TELEMETRY_DISABLE', 'DISABLE_TELEMETRY', 'NO_TELEMETRY', 'TELEMETRY_OFF'],
  ...['TELEMETRY_OPTOUT', 'TELEMETRY_OPT_OUT', 'DO_NOT_TRACK'],
]
const SWITCHES = ['TELEMETRY_ENABLED', 'ENABLE_TELEMETRY', 'TELEMETRY']
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ_'
const slip = slipOf(LETTERS, 'more', 'less', 'other', 'swap', 'none')
const inSomeCase = (word: string, upper: boolean) => (upper ? word : word.toLowerCase())
const yes = fc.constantFrom('on', '1', 'true', 'yes', 'TRUE', 'local', 'log')
const no = fc.constantFrom('off', '0', 'false', 'no', '', 'nope')
const optOut = (name: string, value: string) => optOutIn({ PATH: '/bin', HOME: '/', [name]: value }, 'TRIX')

test('a no by another name is seen, also with a slip and in any case', async () => {
  await fuzz(
    'noes',
    20_000,
    fc.property(
      fc.constantFrom(...NOES),
      slip,
      fc.boolean(),
      fc.constantFrom('1', 'true', 'yes', 'x'),
      (word, slip, upper, value) => {
        const name = inSomeCase(`TRIX_${slipped(word, slip)}`, upper)
        expect([name, optOut(name, value)]).toEqual([name, { variable: name, meant: 'TRIX_TELEMETRY' }])
      },
    ),
  )
  await fuzz(
    'switches',
    20_000,
    fc.property(fc.constantFrom(...SWITCHES), slip, fc.boolean(), no, (word, slip, upper, value) => {
      const name = inSomeCase(`TRIX_${slipped(word, slip)}`, upper)
      expect([name, optOut(name, value)?.variable]).toEqual([name, name])
    }),
  )
})

test('neither a yes by another name nor a no that is set to 0 is a no', async () => {
  await fuzz(
    'yes',
    20_000,
    fc.property(fc.constantFrom(...SWITCHES), slip, fc.boolean(), yes, (word, slip, upper, value) => {
      const name = inSomeCase(`TRIX_${slipped(word, slip)}`, upper)
      expect([name, optOut(name, value)]).toEqual([name, undefined])
    }),
  )
  await fuzz(
    'not set',
    20_000,
    fc.property(
      fc.constantFrom(...NOES),
      slip,
      fc.constantFrom('', '0', 'false', ' False '),
      (word, slip, value) => {
        const name = `TRIX_${slipped(word, slip)}`
        expect([name, optOut(name, value)]).toEqual([name, undefined])
      },
    ),
  )
})

test('no other variable is a no, whatever its value', async () => {
  const others = fc.oneof(
    fc.constantFrom(
      'TELEMETRY_ENDPOINT',
      'TELEMETRY_URL',
      'TEMPLATE',
      'HOME',
      'TOKEN',
      'NO_COLOR',
      'DEBUG',
      'LOG',
      'CACHE',
    ),
    fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 6 }),
  )
  await fuzz(
    'others',
    20_000,
    fc.property(others, fc.oneof(yes, no), (name, value) => {
      expect([name, optOut(`TRIX_${name}`, value)]).toEqual([name, undefined])
      expect(optOut(`TRIXIE_${name}`, value)).toBeUndefined()
      expect(optOut(`TRIXTELEMETRY`, value)).toBeUndefined()
    }),
  )
})
