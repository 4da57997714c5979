import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { endings } from '../failures.ts'
import { marksIn } from '../log-text.ts'
import { makeWorld } from '../world.ts'
import { gone } from './exercise.ts'
import { makeProject } from './project.ts'
import { runtimes } from './tools.ts'

// The table of test/failures.ts in every runtime, since what is a failure should not depend on the runtime. The
// differences are listed here and in docs/failures.md.

const project = makeProject()

/** Runs a tool that ends in this way. Returns how it ended and how many failures are then on disk. */
async function end(command: readonly string[], { code, kill }: { code: string; kill?: NodeJS.Signals }) {
  const world = makeWorld({ TRIX_TELEMETRY: 'on', DENO_NO_UPDATE_CHECK: '1' })
  const file = project.write(
    `ending-${Math.random().toString(36).slice(2)}.mjs`,
    `import process from 'node:process'
    import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({
      name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009', failures: true, commands: ['build'] })
    trackCommand('build')
    ${code}`,
  )
  const child = spawn(command[0]!, [...command.slice(1), file], {
    cwd: world.cwd,
    env: world.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.once('data', () => kill && child.kill(kill))
  const [status, signal] = await new Promise<[number | null, string | null]>(resolve =>
    child.on('close', (...ended) => resolve(ended)),
  )
  const counted = marksIn(join(world.state, 'v1'))
  expect(counted['command_invocation,command_name=build']).toBe(1)
  const ended = { status, signal, failures: counted['command_failure,command_name=build'] ?? 0 }
  // Deno's helper has a cache in the home, which is removed with the test.
  await gone(`HOME=${world.home}`)
  return ended
}

/** Node 22.12 sets the exit code for an `await` that is never settled only after all `exit` listeners have run. */
const UNSEEN_BY_NODE_22 = /^an `await`/

describe.each([
  ['Node 20', runtimes.node20],
  ['Node 22', runtimes.node22],
  ['Node 24', runtimes.node24],
  ['Node 26', runtimes.node26],
])('%s', (name, node) => {
  test.each(endings.map(ending => [ending.title, ending] as const))('%s', async (title, ending) => {
    const { code, kill, flags = [], status, signal } = ending
    expect(await end([node, ...flags], { code, ...(kill && { kill }) })).toEqual({
      status: status ?? null,
      signal: signal ?? null,
      failures: ending.fails && !(name === 'Node 22' && UNSEEN_BY_NODE_22.test(title)) ? 1 : 0,
    })
  })
})

/** A runtime that runs no `exit` listeners after these endings cannot count them as failures. */
const UNSEEN_BY_BUN = /^an unhandled rejection/
const UNSEEN_BY_DENO = /^an uncaught error|^an unhandled rejection/

describe.each([
  ['Bun', [runtimes.bun], UNSEEN_BY_BUN],
  ['Deno', [runtimes.deno, 'run', '--allow-all'], UNSEEN_BY_DENO],
] as const)('%s', (_, command, unseen) => {
  const common = endings.filter(({ nodeOnly }) => !nodeOnly).map(ending => [ending.title, ending] as const)
  test.each(common)('%s', async (title, { code, kill, fails }) => {
    const { failures } = await end(command, { code, ...(kill && { kill }) })
    expect(failures).toBe(fails && !unseen.test(title) ? 1 : 0)
  })
})
