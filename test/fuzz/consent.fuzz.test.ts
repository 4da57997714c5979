import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clear } from '../../src/cli/clear.ts'
import type { Context } from '../../src/cli/context.ts'
import { exportAll } from '../../src/cli/export.ts'
import { storedStreams } from '../../src/cli/storage.ts'
import { disable, enable } from '../../src/cli/switch.ts'
import { openBatch } from '../../src/core/batch.ts'
import { decide } from '../../src/core/decide/decide.ts'
import { factsOf } from '../../src/core/decide/facts.ts'
import { markNotice } from '../../src/core/decide/notice.ts'
import type { Tool } from '../../src/core/tool.ts'
import { settle } from '../../src/helper/beginnings.ts'
import { fuzz, makeFolder, type Request, requestOf } from './fuzz.ts'

// Whatever a user does, and in whichever order: nothing that was counted without consent is ever received, and after
// `disable` no file holds an id. What consent is, is said here once more, in other words than in `decide`.

const root = makeFolder()
const NOW = 1_795_300_000_000

const environments = {
  none: {},
  on: { TRIX_TELEMETRY: 'on' },
  local: { TRIX_TELEMETRY: 'local' },
  log: { TRIX_TELEMETRY: 'log' },
  off: { TRIX_TELEMETRY: 'off' },
  typo: { TRIX_TELEMETRY: 'fasle' },
  ci: { CI: 'true' },
  track: { DO_NOT_TRACK: '1', TRIX_TELEMETRY: 'on' },
}
type Name = keyof typeof environments

type Step =
  | { do: 'run'; env: Name }
  | { do: 'enable' | 'disable' | 'clear' | 'export'; env: Name }
  | { do: 'clear all' | 'notice' | 'air-gap' | 'misspell' }

const env = fc.constantFrom(...(Object.keys(environments) as Name[]))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run' as const), env }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('enable', 'disable', 'clear', 'export'), env }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('clear all', 'notice', 'air-gap', 'misspell') }),
  },
)

/** What a user has said, as the model knows it. */
interface Said {
  enabled: boolean | undefined
  airGapped: boolean
  misspelt: boolean
  noticed: boolean
}

function modeOf({ enabled, airGapped, misspelt, noticed }: Said, name: Name): string {
  if (name === 'off' || name === 'typo' || name === 'track' || misspelt) return 'off'
  if (name === 'local') return 'local'
  if (name === 'none' || name === 'ci') {
    if (enabled === false || name === 'ci') return 'off'
    if (airGapped) return 'local'
    return enabled || noticed ? 'on' : 'off'
  }
  return airGapped ? (name === 'log' ? 'off' : 'local') : name
}

const ID = /\b[0-9a-f]{64}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/

test('nothing counted outside consent is ever received, and after disable no file holds an id', async () => {
  await fuzz(
    'consent',
    1000,
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async steps => {
      const home = mkdtempSync(join(root, 'home-'))
      const user = new User(home)
      for (const step of steps) await user.take(step)
      rmSync(home, { recursive: true })
    }),
  )
})

class User {
  readonly state: string
  readonly config: string
  readonly options = { name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' }
  said: Said = { enabled: undefined, airGapped: false, misspelt: false, noticed: false }
  /** By command, each run its own: what may be sent now, and what is counted for the user alone. */
  sendable = new Set<string>()
  own = new Set<string>()
  ended = new Set<string>()
  last: string | undefined
  runs = 0
  readonly home: string

  constructor(home: string) {
    this.home = home
    this.state = join(home, '.local/state/trix')
    this.config = join(home, '.config/trix/config.toml')
    mkdirSync(join(home, '.config/trix'), { recursive: true })
  }

  async take(step: Step): Promise<void> {
    const name = 'env' in step ? step.env : 'none'
    switch (step.do) {
      case 'run':
        return this.run(name)
      case 'notice':
        markNotice(this.state, {
          name: 'trix',
          version: 1,
          host: '127.0.0.1:9',
          endpoint: this.options.endpoint,
        })
        this.said.noticed = true
        return
      case 'air-gap':
        this.said.airGapped = !this.said.airGapped
        return this.writeConfig()
      case 'misspell':
        this.said.misspelt = !this.said.misspelt
        return this.writeConfig()
      case 'enable':
        enable(this.context(name))
        if (!this.said.misspelt) this.said.enabled = true
        return
      case 'disable':
        disable(this.context(name))
        if (!this.said.misspelt) this.said.enabled = false
        return this.forgotten()
      case 'export':
        expect(exportAll(this.context(name), { format: 'otlp' })).toBe(0)
        return
      default: {
        const all = step.do === 'clear all'
        expect(await clear(this.context(name), { yes: true, all })).toBe(0)
        this.sendable.clear()
        this.own.clear()
        if (all) this.said.noticed = false
        expect(this.files().filter(file => /command_name|instance|~/.test(file))).toEqual([])
        if (all) this.forgotten()
      }
    }
  }

  run(name: Name): void {
    const mode = modeOf(this.said, name)
    const before = this.contents()
    const command = `c${this.runs++}`
    const env = this.env(name)
    const facts = factsOf(this.options, { env, disabled: false, mayShow: false })
    const decision = decide(facts)
    expect([name, this.said, decision.mode]).toEqual([name, this.said, mode])
    if (mode === 'off') {
      expect(this.contents()).toEqual(before)
      return
    }
    const now = NOW + this.runs * 1000
    const batch = openBatch(facts, decision, now)
    batch.count({ metric: 'command_invocation', attributes: { command_name: command } }, now)
    if (mode === 'on') this.sendable.add(command)
    if (mode === 'local') this.own.add(command)
    const request = requestOf(batch, now + 1)
    if (mode === 'on') this.received(request!)
    else if (mode === 'local') expect(request).toBeUndefined()
    else expect(this.contents()).toEqual(before)
    const kept = storedStreams(this.options, this.state, undefined)
      .filter(({ local }) => local)
      .flatMap(({ series }) => series.map(one => one.series.attributes.command_name))
    expect(kept.sort()).toEqual([...this.own].sort())
  }

  received({ text, note }: Request): void {
    const [{ resource, scopeMetrics }] = JSON.parse(text).resourceMetrics
    const attributes = Object.fromEntries(
      resource.attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [
        key,
        value.stringValue,
      ]),
    )
    this.last = attributes['user.fingerprint']
    expect(this.ended).not.toContain(this.last)
    const names = scopeMetrics[0].metrics[0].sum.dataPoints.map(
      (point: { attributes: { value: { stringValue: string } }[] }) => point.attributes[0]!.value.stringValue,
    )
    for (const name of names) expect([...this.sendable]).toContain(name)
    if (note) settle(note, false)
  }

  /** After a `disable`, and after `clear --all`. */
  forgotten(): void {
    for (const [file, text] of Object.entries(this.contents())) {
      expect(file).not.toMatch(/fingerprint|instance|tallies/)
      expect(text).not.toMatch(ID)
    }
    this.sendable.clear()
    if (this.last) this.ended.add(this.last)
  }

  env(name: Name): Record<string, string> {
    return { HOME: this.home, ...environments[name] }
  }

  context(name: Name): Context {
    const stream = { write: () => true }
    const tool = { options: this.options, disabled: false } as unknown as Tool
    return { tool, env: this.env(name), stdin: process.stdin, stdout: stream, stderr: stream }
  }

  writeConfig(): void {
    const { enabled, airGapped, misspelt } = this.said
    const lines = [
      misspelt ? '[Telemetry]' : '[telemetry]',
      ...(enabled === undefined ? [] : [`enabled = ${enabled}`]),
      ...(airGapped ? ['air_gapped = true'] : []),
    ]
    writeFileSync(this.config, `${lines.join('\n')}\n`)
  }

  files(): string[] {
    return existsSync(this.state)
      ? readdirSync(this.home, { recursive: true, withFileTypes: true })
          .filter(entry => !entry.isDirectory())
          .map(entry => join(entry.parentPath, entry.name))
      : []
  }

  contents(): Record<string, string> {
    return Object.fromEntries(this.files().map(file => [file, readFileSync(file, 'utf8')]))
  }
}
