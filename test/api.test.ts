import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiReference } from '../build/api-reference.ts'
import * as cli from '../src/cli.ts'
import * as main from '../src/index.ts'
import { ROOT } from './paths.ts'
import { consentedUser, counts } from './receiver.ts'
import { linked, runProcess } from './world.ts'

const reference = apiReference()

test('docs/api.md is what the docstrings say (`npm run docs:api` writes it)', async () => {
  await expect(reference).toMatchFileSnapshot(join(ROOT, 'docs/api.md'))
})

/** What each example does for a user who has agreed: its arguments, what it prints, what is counted. */
const examples: Record<
  string,
  { args?: string[]; stdout?: RegExp; counted?: Record<string, number>; metric?: string }
> = {
  initTelemetry: { counted: { build: 1 } },
  trackCommand: { counted: { build: 1 } },
  trackEvent: { metric: 'deploy', counted: { 'true,staging': 1 } },
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
    const { world, receiver } = await consentedUser()
    const script = join(world.cwd, 'example.mjs')
    writeFileSync(script, linked(code!))
    const result = await runProcess(process.execPath, [script, ...args], world)
    expect(result).toMatchObject({ status: 0, stdout: expect.stringMatching(stdout), stderr: '' })
    if (counted) expect(counts(await receiver.arrived(1), metric)).toEqual(counted)
  },
)
