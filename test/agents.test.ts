import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AGENTS, agentIn } from '../src/core/agent.ts'
import { anyText } from './arbitraries.ts'
import { helpersEnded } from './helper.ts'
import { ROOT } from './paths.ts'
import { startReceiver } from './receiver.ts'
import { writeTool } from './tool-file.ts'
import { makeWorld } from './world.ts'

const page = readFileSync(join(ROOT, 'docs/agents.md'), 'utf8')

const agentOf = (env: Record<string, string>) => agentIn(env)?.agent

/** The rows of the table in docs/agents.md. */
const rows = [...page.matchAll(/^\| `([A-Z_]+)` *\| (\w+) *\| (.*?) *\|$/gm)].map(
  ([, variable, agent, source]) => ({ variable: variable!, agent: agent!, source: source! }),
)
const VARIABLES = rows.map(({ variable }) => variable)

describe('docs/agents.md', () => {
  test('names every variable that the code reads, and no other', () => {
    const code = readFileSync(join(ROOT, 'src/core/agent.ts'), 'utf8')
    const read = [...code.matchAll(/'([A-Z][A-Z_]+)'/g)].map(([, name]) => name!)
    expect(read.length).toBeGreaterThan(5)
    expect(['AI_AGENT', ...VARIABLES].sort()).toEqual(read.sort())
  })

  test('names every agent', () => {
    const listed = [...page.matchAll(/`([a-z]+)`/g)].map(([, name]) => name)
    expect(listed).toEqual(expect.arrayContaining([...AGENTS]))
  })

  test.each(rows)('$variable means $agent, and the row has a source', ({ variable, agent, source }) => {
    expect(source).toMatch(/^\[.+\](\[\d\]|\(https:\/\/)/)
    expect(agentOf({ [variable]: '1' })).toBe(agent)
    expect(agentOf({ [variable]: '/some/path' })).toBe(agent)
    expect(agentOf({ [variable]: '' })).toBeUndefined()
    expect(AGENTS).toContain(agent)
  })
})

describe('the agent of an environment', () => {
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
  ])('AI_AGENT=%.30s is %s', (named, agent) => {
    expect(agentOf({ AI_AGENT: named })).toBe(agent)
    // It is made for this purpose, so it comes before the other variables.
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
  ])('none is detected in %j', env => {
    expect(agentOf(env)).toBeUndefined()
  })
})

test('whatever is in the environment, the agent is one of the list', () => {
  const names = fc.constantFrom('AI_AGENT', ...VARIABLES, 'AGENT', 'CI', 'USER', '__proto__', 'constructor')
  const texts = fc.oneof(
    anyText,
    fc.constantFrom(...AGENTS, 'claude\u0000secret', 'SECRET', 'toString', '__proto__'),
    fc.tuple(fc.string(), fc.constantFrom(...AGENTS), fc.string()).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(fc.dictionary(names, texts, { maxKeys: 6 }), env => {
      const agent = agentOf(env)
      expect([undefined, ...AGENTS]).toContain(agent)
      if (!env.AI_AGENT && !VARIABLES.some(name => env[name])) expect(agent).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

test('runs and failures are counted by agent, and no other text of the environment is in a request', async () => {
  const receiver = await startReceiver()
  const { endpoint } = receiver
  const tool = writeTool(
    makeWorld({ TRIX_TELEMETRY: 'on' }),
    { endpoint, agents: true, failures: true },
    "trackCommand('build'); process.exit(1)",
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
    expect(await tool.run(env)).toMatchObject({ status: 1, stdout: '', stderr: '' })
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

test('an agent is shown no notice, and what it runs is counted once its user has seen the notice', async () => {
  const receiver = await startReceiver()
  const world = makeWorld()
  const tool = writeTool(world, { endpoint: receiver.endpoint, agents: true })
  for (const variable of VARIABLES) expect((await tool.onTerminal({ [variable]: '1' })).stdout).toBe('')
  expect((await tool.onTerminal({ AI_AGENT: 'x' })).stdout).toBe('')
  expect(world.files()).toEqual([])
  await helpersEnded(world)
  expect(receiver.requests).toEqual([])
  expect((await tool.onTerminal()).stdout).toMatch(/which coding\s+agent ran it/)
  await tool.run({ CLAUDECODE: '1' })
  expect((await receiver.arrived(1))[0]!.body).toContain('"claude"')
})
