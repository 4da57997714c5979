import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { consentPath, kindsOf, noticePath, writeAnswers } from '../src/core/decide/consent.ts'
import { decide, type Situation } from '../src/core/decide/decide.ts'
import { endpointOf, targetOf } from '../src/core/decide/target.ts'
import type { TelemetryOptions } from '../src/core/options.ts'
import { explain } from '../src/explain/decision.ts'
import { anyTool, options } from './any-tool.ts'
import { helpersEnded } from './helper.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld, type World } from './world.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/decision.md'), 'utf8')

/** The table of docs/decision.md. */
const table = [...page.matchAll(/^\| (\d+) +\| (.+?) +\| (\w+) +\|$/gm)].map(([, row, source, result]) => ({
  row: Number(row),
  source: source!,
  result: result!,
}))

/** A case for a row: what makes it decide where nothing else stands against telemetry. */
interface Case {
  row: number
  title: string
  env?: Record<string, string>
  config?: string
  options?: Partial<TelemetryOptions>
  /** Puts files into the world. */
  lay?(world: World, endpoint: string): void
  terminal?: true
  /** Where the tool sends: an address that leads here, but is not one of this machine. */
  local?: true
}

const agreement = (endpoint: string, more: Partial<TelemetryOptions> = {}) => ({
  [endpoint]: { noticeVersion: 1, kinds: kindsOf({ ...options, ...more }), time: 1 },
})
const said = (answer: 'yes' | 'no' | 'shown', more?: Partial<TelemetryOptions>) => {
  return ({ state }: World, endpoint: string) => {
    const path = answer === 'shown' ? noticePath(state) : consentPath(state)
    if (answer === 'no') writeAnswers(path, { no: 1 })
    else if (answer === 'yes') writeAnswers(path, { yes: agreement(endpoint, more) })
    else writeAnswers(path, { shown: agreement(endpoint, more) })
  }
}
/** A yes that every no has to beat: with each row but those behind it, this decides by row 15. */
const yes = said('yes')

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
  { row: 8, title: 'a no', lay: said('no'), env: { TRIX_TELEMETRY: 'on' } },
  {
    row: 8,
    title: 'a no, and a notice',
    lay(world, to) {
      said('shown')(world, to)
      said('no')(world, to)
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
    lay: said('no'),
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
  { row: 14, title: 'a CI by another name', env: { TF_BUILD: 'True' }, lay: said('shown') },
  { row: 15, title: 'a yes', lay: yes, options: { consent: 'explicit' } },
  {
    row: 15,
    title: 'a yes to this in a test, to this machine',
    lay: yes,
    local: true,
    env: { VITEST: 'true' },
  },
  { row: 16, title: 'no yes yet', options: { consent: 'explicit' }, lay: said('shown'), terminal: true },
  { row: 16, title: 'a yes to less', options: { consent: 'explicit', failures: true }, lay: yes },
  { row: 17, title: 'the notice', lay: said('shown') },
  { row: 17, title: 'the notice, and an agent', lay: said('shown'), env: { CLAUDECODE: '1' } },
  { row: 18, title: 'no terminal' },
  { row: 18, title: 'no terminal, and a notice for less', lay: said('shown'), options: { agents: true } },
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

/** Lays a case out: its world, the options and the environment of its tool. */
async function lay(given: Case) {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  // 0.0.0.0 leads to this machine, and does not say so.
  const to = given.local ? receiver.endpoint : receiver.endpoint.replace('127.0.0.1', '0.0.0.0')
  const world = makeWorld()
  if (given.config !== undefined) world.writeConfig(given.config)
  given.lay?.(world, to)
  const env = Object.fromEntries(
    Object.entries(given.env ?? {}).map(([name, value]) => [
      name,
      value.replace('HOME/', `${world.home}/`).replace(/^TO$/, to),
    ]),
  )
  return { world, receiver, env, options: { ...options, endpoint: to, ...given.options } }
}

const situationOf = (world: World, env: object, given: TelemetryOptions): Situation => ({
  options: given,
  env: { ...world.env, ...env },
  disabled: given.disabled ?? false,
})

describe('each row decides, in the code and in a real process', () => {
  test.each(cases)('$row: $title', async given => {
    const { world, receiver, env, options } = await lay(given)
    const shows = given.terminal && !('TERM' in env) ? { show: () => true } : {}
    const decision = decide({ ...situationOf(world, env, options), ...shows })
    const { mode } = decision
    expect(decision).toMatchObject({ row: given.row, mode: table[given.row]!.result })
    // One line, whatever it is about.
    expect(explain(decision, options.disabled)).toMatch(/^[^\n]{10,}$/)

    const before = world.files()
    const tool = anyTool(world, options)
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
  })

  test('there is a case for every row', () => {
    expect([...new Set(cases.map(({ row }) => row))]).toEqual(table.map(({ row }) => row))
  })
})

describe('all the noes first', () => {
  const rows = cases.filter(({ row, env = {}, terminal }) => {
    // Of two values of one variable or file only one can be had.
    return !terminal && row >= 2 && !('HOME' in env) && row !== 10
  })
  const noes = rows.filter(({ row }) => table[row]!.result === 'off' && row <= 8)
  /** The two cases in one; undefined where both need the same thing with other contents. */
  const both = (a: Case, b: Case): Case | undefined => {
    const same = Object.keys(a.env ?? {}).some(name => name in (b.env ?? {}) && name !== 'TRIX_TELEMETRY')
    if (same || (a.config !== undefined && b.config !== undefined) || (a.lay && b.lay)) return undefined
    return {
      ...{
        row: Math.min(a.row, b.row),
        title: '',
        env: { ...b.env, ...a.env },
        options: { ...b.options, ...a.options },
      },
      ...((a.config ?? b.config) !== undefined && { config: a.config ?? b.config! }),
      ...((a.lay ?? b.lay) && { lay: a.lay ?? b.lay! }),
    }
  }
  test('every no beats every other row', async () => {
    let tried = 0
    for (const no of noes) {
      for (const other of rows.filter(({ row }) => row > 8)) {
        const given = both(no, other)
        if (!given) continue
        const { world, env, options } = await lay(given)
        expect([no.title, other.title, decide(situationOf(world, env, options)).mode]).toEqual([
          no.title,
          other.title,
          'off',
        ])
        tried++
      }
    }
    expect(tried).toBeGreaterThan(150)
  })
})

test('what cannot be found out is off, and says why', () => {
  const world = makeWorld({ TRIX_TELEMETRY: 'on' })
  mkdirSync(join(world.home, '.local/state'), { recursive: true })
  symlinkSync(join(world.home, '.local/state/trix'), join(world.home, '.local/state/trix'))
  const decision = decide(situationOf(world, {}, { ...options, endpoint: 'https://otel.example.com' }))
  expect(decision).toMatchObject({ row: 5, mode: 'off' })
  expect(explain(decision)).toMatch(/^ELOOP/)
})

describe('without the row that decided', () => {
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
  test.each(['1', 'true', 'yes', 'x'])('DO_NOT_TRACK=%s and CI=%s count as set', value => {
    expect([row({ DO_NOT_TRACK: value }), row({ CI: value })]).toEqual([3, 14])
  })
  test.each(['', '0', 'false', 'False'])('DO_NOT_TRACK=%s and CI=%s count as not set', value => {
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
  test('names in its rows what makes them apply', () => {
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
    const code = readFileSync(join(import.meta.dirname, '../src/core/decide/environment.ts'), 'utf8')
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
