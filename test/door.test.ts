import { chownSync, mkdirSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { consentPath, noticePath, withTerms, writeAnswers } from '../src/core/decide/consent.ts'
import { helpersEnded } from './helper.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld, type World } from './world.ts'

// The table of docs/decision.md, through the public door: a real tool, run as a user runs it. `decision.test.ts` has every
// pair of rows; here are each row and each pair of neighbours.

interface Setting {
  env: Record<string, string>
  config: string[]
  /** Of `initTelemetry`. */
  options: string[]
}

const isRoot = process.geteuid?.() === 0

/** What makes each row apply. The last one needs a terminal: see `terminal.test.ts`. */
const rows: Record<number, (setting: Setting, world: World, endpoint: string) => void> = {
  0: ({ options }) => options.push('timeoutMs: -1'),
  1: ({ env }) => (env.OTLP_TALLY_HELPER = '2000'),
  2: ({ options }) => options.push('disabled: true'),
  3: ({ env }) => (env.DO_NOT_TRACK = '1'),
  4: ({ env }) => (env.TRIX_TELEMETRY_DISABLED = '1'),
  5: (_, world) => {
    mkdirSync(world.state, { recursive: true })
    chownSync(world.state, 65534, 65534)
  },
  6: ({ config }) => config.push('timeout_ms = -1'),
  7: ({ config }) => config.push('enabled = false'),
  8: (_, world) => answer(world, { no: Date.now() }),
  9: ({ config }) => config.push('air_gapped = true'),
  10: ({ options }) => options.push('endpoint: undefined'),
  11: ({ env }) => (env.TRIX_TELEMETRY = 'log'),
  12: ({ env, options }) => {
    env.VITEST = 'true'
    options.push("endpoint: 'http://telemetry.invalid'")
  },
  13: ({ config }) => config.push('enabled = true'),
  14: ({ env }) => (env.CI = 'true'),
  15: (_, world, endpoint) => answer(world, { yes: agreed(endpoint) }),
  16: ({ options }) => options.push("consent: 'explicit'"),
  17: (_, world, endpoint) => writeAnswers(noticePath(world.state), { shown: agreed(endpoint) }),
  18: () => {},
}
const LAST = 18
const effects: Record<number, 'counted' | 'sent'> = { 9: 'counted', 13: 'sent', 15: 'sent', 17: 'sent' }

/** Where the state folder is another user's already, it stays so. */
function answer(world: World, given: Parameters<typeof writeAnswers>[1]): void {
  writeAnswers(consentPath(world.state), given)
}

const agreed = (endpoint: string) =>
  withTerms({}, { origin: endpoint, noticeVersion: 1, kinds: ['commands'] }, 1)

/** Runs a tool under these rows: what `status` says decided, and what a command did. */
async function under(numbers: number[], env: Record<string, string> = {}) {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld()
  const setting: Setting = { env, config: [], options: [] }
  for (const number of numbers) rows[number]!(setting, world, receiver.endpoint)
  if (setting.config.length) world.writeConfig(['[telemetry]', ...setting.config, ''].join('\n'))
  const options = ["name: 'trix', version: '1.0.0', commands: ['build']", `endpoint: '${receiver.endpoint}'`]
  const run = (code: string) =>
    world.script(
      `import { initTelemetry, trackCommand } from 'otlp-tally'
       import { runTelemetryCommand } from 'otlp-tally/cli'
       initTelemetry({ ${[...options, ...setting.options].join()} })
       ${code}`,
      setting.env,
    )
  const status = JSON.parse((await run("await runTelemetryCommand(['status', '--json'])")).stdout)
  const before = world.files()
  const { stderr, ...result } = await run("trackCommand('build')\nconsole.log('built')")
  expect(result).toEqual({ status: 0, signal: null, stdout: 'built\n' })
  if (env.TRIX_TELEMETRY === 'log')
    expect(stderr).toMatch(/^trix telemetry: (this would be sent to http|none \()/)
  else expect(stderr).toBe('')
  const counted = world.files().some(file => file.endsWith('.log'))
  if (!counted) expect(world.files()).toEqual(before)
  if (status.mode === 'on') await receiver.arrived(1)
  await helpersEnded(world)
  return { row: status.row, did: receiver.requests.length ? 'sent' : counted ? 'counted' : 'nothing' }
}

const decided = (row: number) => ({ row, did: effects[row] ?? 'nothing' })
const needsRoot = (...numbers: number[]) => numbers.includes(5) && !isRoot

describe('each row decides', () => {
  for (let number = 0; number <= LAST; number++) {
    test.skipIf(needsRoot(number))(`row ${number}`, async () => {
      expect(await under([number])).toEqual(decided(number))
    })
  }
})

describe('of two neighbours the first one decides', () => {
  // Which of rows 0 and 1 is named makes no difference.
  for (let first = 1; first < LAST; first++) {
    test.skipIf(needsRoot(first, first + 1))(`row ${first} before row ${first + 1}`, async () => {
      expect(await under([first + 1, first])).toEqual(decided(first))
    })
  }
})

describe('TRIX_TELEMETRY=on', () => {
  const on = (number: number) => under([number], { TRIX_TELEMETRY: 'on' })
  for (const number of [14, 16, 18]) {
    test(`is a yes in spite of row ${number}`, async () => {
      expect(await on(number)).toEqual({ row: 13, did: 'sent' })
    })
  }
  for (let number = 0; number <= 10; number++) {
    test.skipIf(needsRoot(number))(`is none in spite of row ${number}`, async () => {
      expect(await on(number)).toEqual(decided(number))
    })
  }
})
