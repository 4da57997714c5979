import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { apiReference } from '../build/api-reference.ts'
import * as cli from '../src/cli.ts'
import * as main from '../src/index.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

const root = join(import.meta.dirname, '..')
const reference = apiReference()

test('docs/api.md is what the docstrings say (`npm run docs:api` writes it)', async () => {
  await expect(reference).toMatchFileSnapshot(join(root, 'docs/api.md'))
})

/** What each example does when it is run by a user who allows it: its arguments, its output, what is counted. */
const examples: Record<
  string,
  { args?: string[]; stdout?: RegExp; counted?: Record<string, number>; metric?: string }
> = {
  initTelemetry: { counted: { build: 1 } },
  trackCommand: { counted: { build: 1 } },
  trackEvent: { metric: 'safety_triggered', counted: { 'true,high': 1 } },
  flushTelemetry: { counted: { watch: 1 } },
  runTelemetryCommand: { args: ['telemetry', 'status'], stdout: /^trix telemetry is on/ },
  askConsent: { counted: { build: 1 } },
  consentText: {},
  recordConsent: {},
}

test('every function has an example', () => {
  expect(Object.keys(examples).sort()).toEqual([...Object.keys(main), ...Object.keys(cli)].sort())
})

test.each(Object.entries(examples))(
  'the example of %s runs',
  async (name, { args = [], stdout = /^$/, metric, counted }) => {
    const section = reference.split(/^### /m).find(text => text.startsWith(`\`${name}\``))!
    const [, code] = /^```js\n([\s\S]*?)^```$/m.exec(section)!
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    const script = join(world.cwd, 'example.mjs')
    writeFileSync(
      script,
      code!.replace(
        /from 'otlp-tally(\/cli)?'/g,
        (_, cli) => `from '${root}/dist/${cli ? 'cli' : 'index'}.js'`,
      ),
    )
    const result = await runProcess(process.execPath, [script, ...args], { cwd: world.cwd, env: world.env })
    expect(result).toMatchObject({ status: 0, stdout: expect.stringMatching(stdout), stderr: '' })
    if (counted) expect(counts(await receiver.arrived(1), metric)).toEqual(counted)
  },
)
