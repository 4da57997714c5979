import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
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

/** What makes each row apply. Rows 7, 9 and 11 are keys of one config, 12 to 14 are states of consent. */
const rows: Record<number, (setting: Setting, world: World) => void> = {
  0: ({ options }) => options.push('timeoutMs: -1'),
  1: ({ env }) => (env.OTLP_TALLY_HELPER = '2000'),
  2: ({ options }) => options.push('disabled: true'),
  3: ({ env }) => (env.DO_NOT_TRACK = '1'),
  4: ({ env }) => (env.TRIX_TELEMETRY = 'off'),
  5: (_, world) => {
    mkdirSync(world.state, { recursive: true })
    chownSync(world.state, 65534, 65534)
  },
  6: ({ config }) => config.push('timeout_ms = -1'),
  7: ({ config }) => config.push('enabled = false'),
  8: ({ env }) => (env.CI = 'true'),
  9: ({ config }) => config.push('air_gapped = true'),
  10: ({ options }) => options.push('endpoint: undefined'),
  11: ({ config }) => config.push('enabled = true'),
  12: ({ options }) => options.push("consent: 'explicit'"),
  13: () => {},
  14: (_, world) => {
    mkdirSync(world.state, { recursive: true })
    writeFileSync(join(world.state, 'notice'), '1\n')
  },
}
const effects: Record<number, 'counted' | 'sent'> = { 9: 'counted', 11: 'sent', 14: 'sent' }

/** Runs a tool under these rows: what `status` says decided, and what a command did. */
async function under(numbers: number[], env: Record<string, string> = {}) {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld()
  const setting: Setting = { env, config: [], options: [] }
  for (const number of numbers) rows[number]!(setting, world)
  if (setting.config.length) world.writeConfig(['[telemetry]', ...setting.config, ''].join('\n'))
  const options = ["name: 'trix'", "version: '1.0.0'", `endpoint: '${receiver.endpoint}'`, ...setting.options]
  const run = (code: string) =>
    world.script(
      `import { initTelemetry, trackCommand } from 'otlp-tally'
       import { runTelemetryCommand } from 'otlp-tally/cli'
       initTelemetry({ ${options.join()} })
       ${code}`,
      setting.env,
    )
  const status = JSON.parse((await run("await runTelemetryCommand(['status', '--json'])")).stdout)
  const before = world.files()
  const result = await run("trackCommand('build')\nconsole.log('built')")
  expect(result).toEqual({ status: 0, signal: null, stdout: 'built\n', stderr: '' })
  const counted = world.files().some(file => file.endsWith('command_name=build'))
  if (!counted) expect(world.files()).toEqual(before)
  if (status.mode === 'on') await receiver.arrived(1)
  await helpersEnded(world)
  return { rule: status.rule, did: receiver.requests.length ? 'sent' : counted ? 'counted' : 'nothing' }
}

const decided = (rule: number) => ({ rule, did: effects[rule] ?? 'nothing' })
const needsRoot = (...numbers: number[]) => numbers.includes(5) && !isRoot

describe('each row decides', () => {
  for (const number of Object.keys(rows).map(Number)) {
    test.skipIf(needsRoot(number))(`row ${number}`, async () => {
      expect(await under([number])).toEqual(decided(number))
    })
  }
})

describe('of two neighbours the first one decides', () => {
  for (let first = 0; first < 13; first++) {
    // Row 7 and row 11 are the two values of one key, so the row after 10 meets 12 as well.
    test.skipIf(needsRoot(first, first + 1))(`row ${first} before row ${first + 1}`, async () => {
      expect(await under([first + 1, first])).toEqual(decided(first))
    })
  }
})

describe('TRIX_TELEMETRY=on', () => {
  const on = (number: number) => under([number], { TRIX_TELEMETRY: 'on' })
  for (const number of [7, 8, 12, 13]) {
    test(`skips row ${number}`, async () => {
      expect(await on(number)).toEqual({ rule: 4, did: 'sent' })
    })
  }
  for (const number of [0, 1, 2, 3, 5, 6, 9, 10]) {
    test.skipIf(needsRoot(number))(`does not skip row ${number}`, async () => {
      expect(await on(number)).toEqual(decided(number))
    })
  }
})
