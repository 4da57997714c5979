import { chownSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TelemetryOptions } from '../../src/core/options.ts'
import { strictDecode } from '../strict-decode.ts'
import { fuzz, makeFolder, oddText, openBatch, requestOf } from './fuzz.ts'
import { NOW } from './installation.ts'
import { outputOf } from './output.ts'

const root = makeFolder()
/** Only root can give a folder away. */
const canGiveAway = process.geteuid?.() === 0

/** What is in `[telemetry]`, or that it is not valid in whatever way. */
interface Config {
  /** A text, or what is there in place of a file. */
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
  ci: string | undefined
  environmentEndpoint: string | undefined
  endpoint: string | undefined
  consent: 'notice' | 'explicit' | undefined
  noticeVersion: number | undefined
  notice: string | undefined
  badOption: boolean
  foreign: boolean
  homeless: boolean
  terminal: boolean
  /** Whether something is counted, which makes many files: not in every case. */
  counts: boolean
  config: Config
}

type Verdict = 'off' | 'local' | 'log' | 'on'

/**
 * The table of DESIGN.md, "Who decides", written down once more and in another way: each row says whether it applies.
 * Spaces around a value and its case say nothing, and a variable that is empty says as much as one that is not there.
 */
function decided(given: Case): [row: number, Verdict] {
  const { config } = given
  const word = given.telemetry?.trim().toLowerCase()
  const wish =
    word === undefined
      ? 'none'
      : ['on', '1', 'true', 'yes'].includes(word)
        ? 'on'
        : word === 'local' || word === 'log'
          ? word
          : 'off'
  const says = (value: string | undefined) =>
    value !== undefined && !['', '0', 'false'].includes(value.trim().toLowerCase())
  // "`on` skips 7, 8 and 11–14 and nothing else", and `log` prints what `on` would send.
  const silent = wish === 'none'
  if (given.helper !== undefined) return [1, 'off']
  if (given.disabled) return [2, 'off']
  if (says(given.doNotTrack)) return [3, 'off']
  if (wish === 'off') return [4, 'off']
  // All of these say off, and the cheap ones are asked first.
  if (silent && says(given.ci)) return [8, 'off']
  if (given.badOption) return [0, 'off']
  if (given.foreign || given.homeless) return [5, 'off']
  if (!config.valid) return [6, 'off']
  if (silent && config.enabled === false) return [7, 'off']
  if (wish === 'local') return [4, 'local']
  if (config.air_gapped) return [9, wish === 'log' ? 'off' : 'local']
  if (!goodEndpoints.includes(endpointIn(given) ?? '')) return [10, 'off']
  if (!silent) return [4, wish === 'log' ? 'log' : 'on']
  if (config.enabled) return [11, 'on']
  if (given.consent === 'explicit') return [12, 'off']
  return seen(given) ? [14, 'on'] : [13, 'off']
}

/** A mark of version 0.1 is a number alone; the others name the tool and the host, which no text of chance does here. */
const seen = ({ notice, noticeVersion }: Case) =>
  notice !== undefined &&
  Buffer.from(notice)
    .toString('latin1')
    .trim()
    .split('\n')
    .some(line => /^\d{1,10}$/.test(line) && Number(line) >= (noticeVersion ?? 1))

const endpointIn = ({ environmentEndpoint, config, endpoint }: Case) =>
  environmentEndpoint || (config.endpoint ?? endpoint)

const goodEndpoints = [
  'http://127.0.0.1:9',
  'https://otel.invalid/base?token=x',
  'HTTPS://[::1]:4318/v1/metrics',
]
const badEndpoints = [
  ...['', 'ftp://otel.invalid', 'otel.invalid:4318', 'localhost:4318', 'file:///etc', 'javascript:alert(1)'],
  ...['https://', 'http://a b', 'https://user:secret@otel.invalid', '/v1/metrics', 'constructor'],
]
const endpoint = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...goodEndpoints) },
  fc.constantFrom(...badEndpoints),
)

const maybe = <T>(arbitrary: fc.Arbitrary<T>, nil = 2) =>
  fc.oneof({ weight: nil, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const tables = ['', '[server]\nenabled = true\n', '[[jobs]]\nair_gapped = false\nenabled = false\n']
// Not the same tables twice, which would not be valid.
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
    if (headers) lines.push(`headers = ${headers}`)
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
  ...['headers = "x"', 'headers = []', 'headers = { a = 1 }', 'headers = { "a b" = "c" }'],
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
const cases: fc.Arbitrary<Case> = fc.record({
  name: fc.constantFrom('trix', 'my-tool', 'A.b_c', '7z', 'constructor', 'do', 'con', 'otlp-tally'),
  helper: maybe(fc.constantFrom('', '2000', '0'), 20),
  disabled: fc.constantFrom(undefined, undefined, false, false, true),
  doNotTrack: maybe(flag, 4),
  telemetry: maybe(
    fc.oneof(
      fc.constantFrom('on', '1', 'true', 'yes', ' ON ', 'log', 'Local', 'off', '0', 'false', 'no', '', 'onn'),
      oddText,
    ),
    1,
  ),
  ci: maybe(flag, 4),
  environmentEndpoint: maybe(endpoint, 4),
  endpoint: maybe(endpoint, 0),
  consent: fc.constantFrom(undefined, 'notice', 'explicit'),
  noticeVersion: fc.constantFrom(undefined, 1, 2, 1e9),
  notice: fc.oneof(
    fc.constantFrom(
      undefined,
      '1\n',
      '1\n',
      '2',
      ' 3 \n',
      '',
      '0',
      '-1',
      '1.5',
      '0x7',
      'NaN',
      '1e9',
      '99999999999',
    ),
    oddText,
  ),
  badOption: fc.integer({ min: 0, max: 19 }).map(number => number === 0),
  foreign: fc.integer({ min: 0, max: 19 }).map(number => canGiveAway && number === 0),
  homeless: fc.integer({ min: 0, max: 19 }).map(number => number === 0),
  terminal: fc.boolean(),
  counts: fc.nat(3).map(number => number === 0),
  config,
})

/** Puts the files of a case where its tool looks for them. */
function lay(given: Case): { env: Record<string, string>; options: TelemetryOptions } {
  rmSync(root, { recursive: true, force: true })
  const state = join(root, 'state', given.name)
  const configPath = join(root, 'config', given.name, 'config.toml')
  mkdirSync(state, { recursive: true })
  mkdirSync(dirname(configPath), { recursive: true })
  const { put } = given.config
  if (typeof put === 'function') put(configPath)
  else writeFileSync(configPath, put)
  if (given.notice !== undefined) writeFileSync(join(state, 'notice'), given.notice)
  if (given.foreign) chownSync(state, 12_345, 12_345)
  const prefix = given.name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')
    .replace(/^(?=\d)/, '_')
  const env = {
    ...(given.homeless
      ? { HOME: 'not/absolute' }
      : { HOME: root, XDG_CONFIG_HOME: join(root, 'config'), XDG_STATE_HOME: join(root, 'state') }),
    OTLP_TALLY_HELPER: given.helper,
    DO_NOT_TRACK: given.doNotTrack,
    CI: given.ci,
    [`${prefix}_TELEMETRY`]: given.telemetry,
    [`${prefix}_TELEMETRY_ENDPOINT`]: given.environmentEndpoint,
    // The user's own collector, which is none of our business.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:10',
  }
  const { name, disabled, endpoint, consent, noticeVersion } = given
  const options = { name, version: '1.0.0', disabled, endpoint, consent, noticeVersion }
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    env: Object.fromEntries(set),
    options: given.badOption ? { ...options, timeoutMs: -1 } : options,
  }
}

/** What lies where this tool may write. */
const filesOf = ({ name }: Case) => ['config', 'state'].flatMap(kind => readdirSync(join(root, kind, name)))

test('the first row of the table that matches decides, and off writes nothing and says nothing', async () => {
  await fuzz(
    'decide',
    100_000,
    fc.asyncProperty(cases, async given => {
      const { env, options } = lay(given)
      const [row, mode] = decided(given)
      const before = filesOf(given)
      const terminal = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY')
      Object.defineProperty(process.stderr, 'isTTY', { value: given.terminal, configurable: true })
      const series = { metric: 'command_invocation', attributes: { command_name: 'build' } }
      const output = await outputOf(() => {
        const batch = openBatch(options, env, NOW - 1000)
        expect([batch.decision.rule, batch.decision.mode]).toEqual([row, mode])
        // Who is off is never asked to count: that is the layer above, and test/fuzz/telemetry.fuzz.test.ts.
        if (!given.counts || mode === 'off') return
        batch.count(series, NOW)
        const request = requestOf(batch, NOW + 1, true)
        expect(request !== undefined).toBe(mode === 'on' || mode === 'log')
        if (!request) return
        strictDecode(JSON.parse(request.text))
        expect(new URL(request.url).host).toBe(new URL(endpointIn(given)!).host)
      })
      if (terminal) Object.defineProperty(process.stderr, 'isTTY', terminal)
      else Reflect.deleteProperty(process.stderr, 'isTTY')
      const noticed = row === 13 && given.terminal
      expect(output.stdout).toBe('')
      expect(output.stderr !== '').toBe(noticed)
      if (mode !== 'on' && mode !== 'local')
        expect(filesOf(given)).toEqual([...new Set([...before, ...(noticed ? ['notice'] : [])])])
    }),
  )
})
