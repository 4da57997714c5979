import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { consentPath, kindsOf, noticePath, writeAnswers } from '../src/core/decide/consent.ts'
import { decide, type Situation } from '../src/core/decide/decide.ts'
import { endpointOf, targetOf } from '../src/core/decide/target.ts'
import type { TelemetryOptions } from '../src/core/options.ts'
import { decisionSentence } from '../src/explain/decision.ts'
import { helpersEnded } from './helper.ts'
import { ROOT } from './paths.ts'
import { startReceiver } from './receiver.ts'
import { options, writeTool } from './tool-file.ts'
import { makeWorld, type World } from './world.ts'

const page = readFileSync(join(ROOT, 'docs/decision.md'), 'utf8')

/** The table of docs/decision.md. */
const table = [...page.matchAll(/^\| (\d+) +\| (.+?) +\| (\w+) +\|$/gm)].map(([, row, source, result]) => ({
  row: Number(row),
  source: source!,
  result: result!,
}))

/** A situation in which a row decides. In `env`, HOME/ stands for the home of the world, and TO for the endpoint. */
interface Case {
  row: number
  title: string
  env?: Record<string, string>
  config?: string
  options?: Partial<TelemetryOptions>
  /** Puts files into the world. */
  lay?(world: World, endpoint: string): void
  terminal?: true
  /** The endpoint says that it is on this machine. Otherwise it is 0.0.0.0, which leads here too and does not say so. */
  local?: true
}

const agreement = (endpoint: string, more: Partial<TelemetryOptions> = {}) => ({
  [endpoint]: { noticeVersion: 1, kinds: kindsOf({ ...options, ...more }), time: 1 },
})
const yes = ({ state }: World, endpoint: string) =>
  writeAnswers(consentPath(state), { yes: agreement(endpoint) })
const no = ({ state }: World) => writeAnswers(consentPath(state), { no: 1 })
const shown = ({ state }: World, endpoint: string) =>
  writeAnswers(noticePath(state), { shown: agreement(endpoint) })

const cases: Case[] = [
  { row: 0, title: 'an option that is not valid', options: { timeoutMs: -1 } },
  { row: 0, title: 'an option that there is not', options: { endpont: '' } as object },
  { row: 1, title: 'the helper', env: { OTLP_TALLY_HELPER: '' } },
  { row: 2, title: 'disabled', options: { disabled: true } },
  { row: 2, title: 'disabled, with a reason', options: { disabled: 'telemetry: false in package.json' } },
  { row: 3, title: 'DO_NOT_TRACK', env: { DO_NOT_TRACK: '1', TRIX_TELEMETRY: 'on' } },
  { row: 4, title: 'off', env: { TRIX_TELEMETRY: 'off' } },
  { row: 4, title: 'a value that is not understood', env: { TRIX_TELEMETRY: 'banana' } },
  { row: 4, title: 'a no by another name', env: { TRIX_TELEMETRY_DISABLED: '1', TRIX_TELEMETRY: 'on' } },
  { row: 4, title: 'a no with a slip', env: { TRIX_TELEMTRY: 'off', TRIX_TELEMETRY: 'on' } },
  { row: 5, title: 'no home', env: { HOME: '/nonexistent', TRIX_TELEMETRY: 'on' } },
  {
    ...{ row: 5, title: 'a config that everybody may write', env: { TRIX_TELEMETRY: 'on' }, config: '' },
    lay: ({ config }) => chmodSync(config, 0o666),
  },
  {
    ...{ row: 5, title: 'a state folder that everybody may write', env: { TRIX_TELEMETRY: 'on' } },
    lay: ({ state }) => mkdirSync(state, { recursive: true }) && chmodSync(state, 0o777),
  },
  { row: 6, title: 'no TOML', config: '[telemetry', env: { TRIX_TELEMETRY: 'on' } },
  { row: 6, title: 'a misspelt opt-out', config: '[telemetry]\nenabeld = false', lay: yes },
  {
    ...{ row: 6, title: 'a dangling link', env: { TRIX_TELEMETRY: 'on' }, config: '' },
    lay({ config }) {
      rmSync(config)
      symlinkSync('/nonexistent/config.toml', config)
    },
  },
  {
    ...{ row: 6, title: 'a folder that is a dangling link', env: { TRIX_TELEMETRY: 'on' } },
    lay({ home }) {
      rmSync(join(home, '.config'), { recursive: true, force: true })
      mkdirSync(join(home, '.config'))
      symlinkSync('/nonexistent', join(home, '.config/trix'))
    },
  },
  { row: 7, title: 'enabled = false', config: '[telemetry]\nenabled = false', env: { TRIX_TELEMETRY: 'on' } },
  {
    ...{
      row: 7,
      title: "the machine's",
      env: { TRIX_TELEMETRY: 'on', XDG_CONFIG_DIRS: '/nonexistent:HOME/xdg' },
    },
    lay({ home }) {
      mkdirSync(join(home, 'xdg/trix'), { recursive: true })
      writeFileSync(join(home, 'xdg/trix/config.toml'), '[telemetry]\nenabled = false')
    },
  },
  { row: 8, title: 'a no', lay: no, env: { TRIX_TELEMETRY: 'on' } },
  {
    row: 8,
    title: 'a no, and a notice',
    lay(world, to) {
      shown(world, to)
      no(world)
    },
  },
  {
    ...{ row: 8, title: 'an answer that cannot be read', env: { TRIX_TELEMETRY: 'on' } },
    lay: ({ state }) => void mkdirSync(consentPath(state), { recursive: true }),
  },
  {
    ...{
      row: 8,
      title: 'a no at the default place',
      env: { TRIX_TELEMETRY: 'on', XDG_STATE_HOME: 'HOME/state' },
    },
    lay: no,
  },
  { row: 9, title: 'local', env: { TRIX_TELEMETRY: 'local', CI: '1' } },
  { row: 9, title: 'air_gapped', config: '[telemetry]\nair_gapped = true', env: { TRIX_TELEMETRY: 'on' } },
  { row: 10, title: 'no endpoint', options: { endpoint: undefined }, env: { TRIX_TELEMETRY: 'on' } },
  {
    row: 10,
    title: 'a password',
    options: { endpoint: 'http://a:b@127.0.0.1' },
    env: { TRIX_TELEMETRY: 'on' },
  },
  { row: 11, title: 'log', env: { TRIX_TELEMETRY: 'log', CI: '1', VITEST: 'true' } },
  { row: 12, title: 'a test runner', env: { VITEST: 'true' }, lay: yes },
  {
    row: 12,
    title: 'a test runner by NODE_ENV',
    env: { NODE_ENV: 'test' },
    config: '[telemetry]\nenabled = true',
  },
  { row: 13, title: 'on', env: { TRIX_TELEMETRY: 'on', CI: '1', VITEST: 'true' } },
  { row: 13, title: 'enabled = true', config: '[telemetry]\nenabled = true', env: { CI: '1' } },
  {
    ...{ row: 13, title: "on, for the environment's endpoint on this machine", local: true },
    ...{
      options: { endpoint: undefined },
      env: { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'TO', VITEST: '1' },
    },
  },
  { row: 14, title: 'CI', env: { CI: 'true' }, lay: yes },
  { row: 14, title: 'a CI by another name', env: { TF_BUILD: 'True' }, lay: shown },
  { row: 15, title: 'a yes', lay: yes, options: { consent: 'explicit' } },
  {
    row: 15,
    title: 'a yes to this in a test, to this machine',
    lay: yes,
    local: true,
    env: { VITEST: 'true' },
  },
  { row: 16, title: 'no yes yet', options: { consent: 'explicit' }, lay: shown, terminal: true },
  { row: 16, title: 'a yes to less', options: { consent: 'explicit', failures: true }, lay: yes },
  { row: 17, title: 'the notice', lay: shown },
  { row: 17, title: 'the notice, and an agent', lay: shown, env: { CLAUDECODE: '1' } },
  { row: 18, title: 'no terminal' },
  { row: 18, title: 'no terminal, and a notice for less', lay: shown, options: { agents: true } },
  { row: 18, title: 'a dumb terminal', terminal: true, env: { TERM: 'dumb' } },
  { row: 18, title: 'an agent', terminal: true, env: { GEMINI_CLI: '1' } },
  { row: 18, title: 'shell completion', terminal: true, env: { COMP_LINE: 'trix b', COMP_POINT: '6' } },
  {
    ...{ row: 18, title: "on, for the environment's endpoint" },
    ...{ options: { endpoint: undefined }, env: { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'TO' } },
  },
  { row: 19, title: 'a terminal', terminal: true },
  {
    row: 19,
    title: 'a terminal, and a higher noticeVersion',
    terminal: true,
    lay: yes,
    options: { noticeVersion: 2 },
  },
]

/** Makes the world of a case, and the options and the environment of its tool. */
function makeSituation(given: Case, endpoint: string) {
  const to = given.local ? endpoint : endpoint.replace('127.0.0.1', '0.0.0.0')
  const world = makeWorld()
  if (given.config !== undefined) world.writeConfig(given.config)
  given.lay?.(world, to)
  const env = Object.fromEntries(
    Object.entries(given.env ?? {}).map(([name, value]) => [
      name,
      value.replace('HOME/', `${world.home}/`).replace(/^TO$/, to),
    ]),
  )
  return { world, env, options: { ...options, endpoint: to, ...given.options } }
}

const situationOf = (world: World, env: object, given: TelemetryOptions): Situation => ({
  options: given,
  env: { ...world.env, ...env },
  disabled: given.disabled ?? false,
})

describe('each row decides, in the code and in a real process', () => {
  test.each(cases.map(given => [given.row, given.title, given] as const))(
    '%i: %s',
    async (_row, _title, given) => {
      const receiver = await startReceiver()
      const { world, env, options } = makeSituation(given, receiver.endpoint)
      const shows = given.terminal && !('TERM' in env) ? { show: () => true } : {}
      const decision = decide({ ...situationOf(world, env, options), ...shows })
      const { mode } = decision
      expect(decision).toMatchObject({ row: given.row, mode: table[given.row]!.result })
      // The reason is one line.
      expect(decisionSentence(decision, options.disabled)).toMatch(/^[^\n]{10,}$/)

      const before = world.files()
      const tool = writeTool(world, options)
      if (given.row !== 19) {
        const { stdout } = await tool.telemetry('status --json', env)
        const status = JSON.parse(stdout)
        expect([status.row, status.mode]).toEqual([given.row, mode])
        expect(world.files()).toEqual(before)
      }
      const { status, stdout, stderr } = await (given.terminal ? tool.onTerminal(env) : tool.run(env))
      expect([status, given.terminal ? '' : stdout]).toEqual([0, ''])
      const shown = given.row === 19 ? ['.local/state/trix/notice'] : []
      if (given.terminal) expect(stdout.includes('trix telemetry disable')).toBe(given.row === 19)
      if (mode === 'log') expect(stderr).toContain(`this would be sent to ${options.endpoint}`)
      else expect(stderr).toBe('')
      if (mode === 'on') {
        expect((await receiver.arrived(1))[0]!.body).toContain('"build"')
        return
      }
      await helpersEnded(world)
      expect(receiver.requests).toEqual([])
      if (mode === 'local') expect(world.files().join()).toMatch(/trix\/v1\/local\/[^,]+\.log/)
      else expect(world.files()).toEqual([...new Set([...before, ...shown])].sort())
    },
  )

  test('there is a case for every row', () => {
    expect([...new Set(cases.map(({ row }) => row))]).toEqual(table.map(({ row }) => row))
  })
})

describe('of two rows that apply the first one decides', () => {
  /** The two cases in one; undefined where both need the same thing with other contents. */
  function both(first: Case, second: Case): Case | undefined {
    const isShared = (name: string) => name in (second.env ?? {}) && name !== 'TRIX_TELEMETRY'
    if (Object.keys(first.env ?? {}).some(isShared)) return undefined
    if (first.config !== undefined && second.config !== undefined) return undefined
    if (first.lay && second.lay) return undefined
    const [config, lay] = [first.config ?? second.config, first.lay ?? second.lay]
    return {
      ...{ row: first.row, title: `${first.title}; ${second.title}` },
      env: { ...second.env, ...first.env },
      options: { ...second.options, ...first.options },
      ...(config !== undefined && { config }),
      ...(lay && { lay }),
    }
  }

  // A case of a terminal, of a home or of another endpoint has no room for a second one.
  const rows = cases.filter(
    ({ env = {}, terminal, local }) =>
      !terminal && !local && !('HOME' in env) && !('TRIX_TELEMETRY_ENDPOINT' in env),
  )
  test.each(rows.slice(0, -1).map(first => [first.row, first.title, first] as const))(
    '%i before all others: %s',
    (row, _title, first) => {
      let tried = 0
      for (const second of rows.filter(other => other.row > row)) {
        const given = both(first, second)
        // Row 12 is for where the variable does not say `on`.
        if (!given || (row === 12 && given.env?.TRIX_TELEMETRY === 'on')) continue
        const { world, env, options } = makeSituation(given, 'http://127.0.0.1:4318')
        const decision = decide(situationOf(world, env, options))
        // Where both say off, the code may look at either first.
        const expected = row <= 8 ? { mode: 'off' } : { row }
        expect({ title: given.title, ...decision }).toMatchObject({ title: given.title, ...expected })
        tried++
      }
      if (row < 18) expect(tried).toBeGreaterThan(0)
    },
  )
})

test('off, with the reason, where the state folder is a link to itself', () => {
  const world = makeWorld({ TRIX_TELEMETRY: 'on' })
  mkdirSync(join(world.home, '.local/state'), { recursive: true })
  symlinkSync(join(world.home, '.local/state/trix'), join(world.home, '.local/state/trix'))
  const decision = decide(situationOf(world, {}, { ...options, endpoint: 'https://otel.example.com' }))
  expect(decision).toMatchObject({ row: 5, mode: 'off' })
  expect(decisionSentence(decision)).toMatch(/^ELOOP/)
})

describe('status asks what would decide without the row that decided', () => {
  test.each([
    [{ CI: '1', DO_NOT_TRACK: '1' }, [3], 14],
    [{ CI: '1', DO_NOT_TRACK: '1' }, [3, 14], 15],
    [{ TRIX_TELEMETRY: 'off', VITEST: '1' }, [4], 12],
    [{ TRIX_TELEMETRY: 'local' }, [9], 15],
  ])('%j without %j is row %i', (env: Record<string, string>, without, row) => {
    const world = makeWorld()
    yes(world, 'https://otel.example.com:443')
    const situation = situationOf(world, env, { ...options, endpoint: 'https://otel.example.com' })
    expect(decide({ ...situation, without: new Set(without) }).row).toBe(row)
  })
})

describe('the values of the variables', () => {
  const row = (env: Record<string, string>) => {
    const world = makeWorld()
    return decide(situationOf(world, env, { ...options, endpoint: 'https://otel.example.com' })).row
  }
  test.each(['on', '1', 'true', 'yes', 'ON', ' Yes '])('TRIX_TELEMETRY=%s is on', value => {
    expect(row({ TRIX_TELEMETRY: value })).toBe(13)
  })
  test.each(['off', '0', 'false', 'no', 'Off', '', 'maybe', 'onn', '2', 'constructor', '__proto__'])(
    'TRIX_TELEMETRY=%s is off',
    value => expect(row({ TRIX_TELEMETRY: value })).toBe(4),
  )
  test.each(['1', 'true', 'yes', 'x'])('DO_NOT_TRACK=%s is set, and so is CI', value => {
    expect([row({ DO_NOT_TRACK: value }), row({ CI: value })]).toEqual([3, 14])
  })
  test.each(['', '0', 'false', 'False'])('DO_NOT_TRACK=%s is not set, and neither is CI', value => {
    expect([row({ DO_NOT_TRACK: value }), row({ CI: value })]).toEqual([18, 18])
  })
})

describe('the endpoint, and the headers that stay with it', () => {
  const given = { ...options, endpoint: 'https://otel.example.com', headers: { Authorization: 'tool' } }
  const headers = { Authorization: 'config' }
  const to = (url: string) => ({ TRIX_TELEMETRY_ENDPOINT: url })
  test.each<[string, Record<string, string>, object, object]>([
    [
      'the tool names one',
      {},
      {},
      { source: 'tool', origin: 'https://otel.example.com:443', headers: { authorization: 'tool' } },
    ],
    [
      'the config does',
      {},
      { endpoint: 'http://config' },
      { source: 'config', origin: 'http://config:80', headers: {} },
    ],
    [
      'with headers',
      {},
      { endpoint: 'http://c', headers },
      { headers: { authorization: 'config' }, trusted: true },
    ],
    [
      'the config names the same one, with headers',
      {},
      { endpoint: 'https://otel.example.com/', headers },
      { headers: { authorization: 'config' } },
    ],
    [
      'the config names another path of the same host',
      {},
      { endpoint: 'https://otel.example.com/mine' },
      { headers: {}, origin: 'https://otel.example.com:443' },
    ],
    [
      'the environment does',
      to('http://env'),
      { endpoint: 'http://config', headers },
      { headers: {}, trusted: false },
    ],
    [
      'the environment names another customer of the same service',
      to('https://otel.example.com/?token=other'),
      {},
      { headers: {}, trusted: false, origin: 'https://otel.example.com/v1/metrics?token=other' },
    ],
    [
      "the environment repeats the tool's",
      to('https://otel.example.com'),
      {},
      { source: 'environment', trusted: true, headers: { authorization: 'tool' } },
    ],
    ['an empty variable is none', to(''), {}, { source: 'tool' }],
  ])('%s', (_, env, config, expected) => {
    expect(targetOf(given, config, endpointOf(given, env, config))).toMatchObject(expected)
  })
})

describe('the table of docs/decision.md', () => {
  test('has a row for each row of the code, in this order', () => {
    const words: RegExp[] = [
      ...[/option is not valid/, /helper/, /`disabled`/, /`DO_NOT_TRACK`/, /`TRIX_TELEMETRY`/],
      ...[/no home.*another user/, /config cannot be read/, /`enabled = false`/, /said no/, /air_gapped/],
      ...[/http\(s\)/, /TELEMETRY=log/, /test runner/, /TELEMETRY=on/, /CI/, /said yes/, /'explicit'/],
      ...[/notice for this was shown/, /terminal/, /notice is shown now/],
    ]
    expect(table.map(({ row }) => row)).toEqual(words.map((_, row) => row))
    for (const { row, source } of table) expect(source).toMatch(words[row]!)
  })

  test('names every variable that the code knows, and no other', () => {
    const code = readFileSync(join(ROOT, 'src/core/decide/environment.ts'), 'utf8')
    const lists = [...code.matchAll(/(\w+) = \[\n([\s\S]*?)\n\]/g)].map(([, name, text]) => ({
      name: name!,
      all: [...text!.matchAll(/'(\w+)'/g)].map(([, variable]) => variable!),
    }))
    expect(lists.map(({ name }) => name)).toEqual(['NOES', 'CI_VARIABLES', 'TEST_VARIABLES'])
    for (const name of lists[0]!.all) expect(page).toContain(`\`TRIX_${name}\``)
    for (const name of lists[2]!.all) expect(page).toContain(`\`${name}\``)
    expect(page).toContain('`COMP_LINE`, `COMP_POINT`, `COMP_CWORD` and\n  `_ARGCOMPLETE`')
    expect(code).toContain("['COMP_LINE', 'COMP_POINT', 'COMP_CWORD', '_ARGCOMPLETE']")
  })

  test('has at most 1,200 words', () => {
    expect(page.match(/\w[\w.'’/-]*/g)!.length).toBeLessThanOrEqual(1200)
  })
})
