/**
 * The coding agents that the attribute `agent` can name, and the variables by which each is known. From the list of
 * unjs/std-env 4.3 (`src/agents.ts`), without the entries that also hold for a person: `REPL_ID` (every shell of
 * Replit), `GOOSE_PROVIDER` (a setting), and patterns in `PATH`, `EDITOR` and `TERM_PROGRAM`. Their agents are known by
 * `AI_AGENT` alone, the variable that VS Code, Vercel and others set. docs/agents.md has the source of each.
 */
const VARIABLES: readonly (readonly [agent: string, ...variables: string[]])[] = [
  ['claude', 'CLAUDECODE', 'CLAUDE_CODE'],
  ['codex', 'CODEX_SANDBOX', 'CODEX_THREAD_ID'],
  ['gemini', 'GEMINI_CLI'],
  ['cursor', 'CURSOR_AGENT'],
  ['copilot', 'COPILOT_AGENT', 'COPILOT_CLI'],
  ['opencode', 'OPENCODE'],
  ['auggie', 'AUGMENT_AGENT'],
  ['junie', 'JUNIE_DATA', 'JUNIE_SHIM_PATH'],
  ['devin'],
  ['goose'],
  ['kiro'],
  ['replit'],
]

const OTHER = 'other'

/** Every value that the attribute `agent` can have. */
export const AGENTS: readonly string[] = [...VARIABLES.map(([agent]) => agent), OTHER]

/**
 * The agent that runs this command and the variable that shows it; undefined where none does. `AI_AGENT` comes first:
 * it is meant for this. It may hold more than a name (`claude-code`, `devin@1`, `github_copilot_vscode_agent`), and
 * that is never passed on.
 */
export function agentIn(
  env: Readonly<Record<string, string | undefined>>,
): { agent: string; variable: string } | undefined {
  const named = env.AI_AGENT?.toLowerCase()
  if (named) return { agent: AGENTS.find(agent => named.includes(agent)) ?? OTHER, variable: 'AI_AGENT' }
  for (const [agent, ...variables] of VARIABLES) {
    const variable = variables.find(name => env[name])
    if (variable) return { agent, variable }
  }
  return undefined
}
