import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AGENTS, agentOf } from '../src/core/agent.ts'
import { decide } from '../src/core/decide/decide.ts'
import { factsOf } from '../src/core/decide/facts.ts'
import { createTelemetry } from '../src/core/telemetry.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/agents.md'), 'utf8')

/** The rows of the table in docs/agents.md. */
const rows = [...page.matchAll(/^\| `([A-Z_]+)` *\| (\w+) *\| (.*?) *\|$/gm)].map(
  ([, variable, agent, source]) => ({ variable: variable!, agent: agent!, source: source! }),
)
const VARIABLES = rows.map(({ variable }) => variable)

describe('docs/agents.md', () => {
  test('has every variable that is looked at, and no other', () => {
    const code = readFileSync(join(root, 'src/core/agent.ts'), 'utf8')
    const looked = [...code.matchAll(/'([A-Z][A-Z_]+)'/g)].map(([, name]) => name!)
    expect(looked.length).toBeGreaterThan(5)
    expect([...VARIABLES].sort()).toEqual(looked.sort())
  })

  test('has every value', () => {
    const listed = [...page.matchAll(/`([a-z]+)`/g)].map(([, name]) => name)
    expect(listed).toEqual(expect.arrayContaining([...AGENTS]))
  })

  test.each(rows)('$variable is $agent, with a source', ({ variable, agent, source }) => {
    expect(source).toMatch(/^\[.+\](\[\d\]|\(https:\/\/)/)
    expect(agentOf({ [variable]: '1' })).toBe(agent)
    expect(agentOf({ [variable]: '/some/path' })).toBe(agent)
    expect(agentOf({ [variable]: '' })).toBeUndefined()
    expect(AGENTS).toContain(agent)
  })
})

describe('who runs a command', () => {
  test.each([
    ['claude-code', 'claude'],
    ['Claude', 'claude'],
    ['devin@1', 'devin'],
    ['cursor-cli', 'cursor'],
    ['github_copilot_vscode_agent', 'copilot'],
    ['kiro', 'kiro'],
    ['my own agent', 'other'],
    ['1', 'other'],
    [' ', 'other'],
    ['../../etc/passwd', 'other'],
    ['x'.repeat(100_000), 'other'],
  ])('AI_AGENT=%.30s: %s', (named, agent) => {
    expect(agentOf({ AI_AGENT: named })).toBe(agent)
    // It is made for this, so it comes before the others.
    expect(agentOf({ AI_AGENT: named, OPENCODE: '1' })).toBe(agent)
  })

  test.each([
    {},
    { AI_AGENT: '' },
    { CI: 'true', TERM_PROGRAM: 'vscode', EDITOR: 'cursor --wait', PATH: '/home/me/.pi/agent/bin' },
    { REPL_ID: '1', GOOSE_PROVIDER: 'openai', AGENT: '1', TERM_PROGRAM: 'kiro' },
    {
      ANTHROPIC_API_KEY: 'x',
      CLAUDE_CONFIG_DIR: '/x',
      CODEX_HOME: '/x',
      GEMINI_API_KEY: 'x',
      CURSOR_TRACE_ID: 'x',
    },
  ])('a person: %j', env => {
    expect(agentOf(env)).toBeUndefined()
  })
})

test('whatever is in the environment, only listed values reach a body', () => {
  const names = fc.constantFrom('AI_AGENT', ...VARIABLES, 'AGENT', 'CI', 'USER', '__proto__', 'constructor')
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...AGENTS, 'claude\u0000secret', 'SECRET', 'toString', '__proto__'),
    fc.tuple(fc.string(), fc.constantFrom(...AGENTS), fc.string()).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(fc.dictionary(names, texts, { maxKeys: 6 }), env => {
      const agent = agentOf(env)
      expect([undefined, ...AGENTS]).toContain(agent)
      if (!env.AI_AGENT && !VARIABLES.some(name => env[name])) expect(agent).toBeUndefined()
    }),
    { numRuns: 2000 },
  )
})

test('the whole way, as processes: what a hostile environment says is in no body', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  const run = async (env: Record<string, string>) =>
    runProcess(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { initTelemetry } from ${JSON.stringify(join(root, 'dist/index.js'))}
        initTelemetry({ name: 'trix', version: '1.0.0', agents: true, failures: true, commands: ['build'] })
          .trackCommand('build')
        process.exit(1)`,
      ],
      { cwd: world.cwd, env: { ...world.env, ...env } },
    )
  const environments: [env: Record<string, string>, agent: string | undefined][] = [
    [{}, undefined],
    [{ AI_AGENT: 'SECRET-of-somebody' }, 'other'],
    [{ AI_AGENT: 'claude SECRET' }, 'claude'],
    [{ CLAUDECODE: 'SECRET', CODEX_THREAD_ID: 'SECRET' }, 'claude'],
    [{ CODEX_THREAD_ID: 'SECRET' }, 'codex'],
    [{ JUNIE_DATA: '/home/SECRET' }, 'junie'],
    [{ AGENT: 'SECRET', AI: 'SECRET' }, undefined],
  ]
  for (const [index, [env]] of environments.entries()) {
    expect(await run(env)).toMatchObject({ status: 1, stdout: '', stderr: '' })
    await receiver.arrived(index + 1)
  }
  const seen: Record<string, Record<string, number>> = {}
  const { metrics } = JSON.parse(receiver.requests.at(-1)!.body).resourceMetrics[0].scopeMetrics[0]
  for (const { name, sum } of metrics)
    for (const { attributes, asInt } of sum.dataPoints) {
      const pairs = attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [
        key,
        value.stringValue,
      ])
      const { agent = 'nobody', ...rest } = Object.fromEntries(pairs)
      expect(rest).toEqual({ command_name: 'build' })
      seen[name] = { ...seen[name], [agent]: Math.max(Number(asInt), seen[name]?.[agent] ?? 0) }
    }
  const expected = { nobody: 2, other: 1, claude: 2, codex: 1, junie: 1 }
  expect(seen).toEqual({ command_invocation: expected, command_failure: expected })
  for (const { body } of receiver.requests) expect(body).not.toContain('SECRET')
})

test('without a terminal no notice is shown, so an agent is only counted where the user has seen it or said yes', () => {
  const { env } = makeWorld({ CLAUDECODE: '1' })
  const options = { name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', agents: true }
  const rule = (more: Record<string, string>) =>
    decide(factsOf(options, { env: { ...env, ...more }, disabled: false, mayShow: true }))
  expect(rule({})).toMatchObject({ mode: 'off', rule: 13 })
  expect(rule({ CI: '1' })).toMatchObject({ mode: 'off', rule: 8 })
  expect(rule({ CI: '1', TRIX_TELEMETRY: 'on' })).toMatchObject({ mode: 'on', rule: 4 })
  // Nothing of it is looked at before something is counted.
  expect(createTelemetry(options).options.agents).toBe(true)
})
