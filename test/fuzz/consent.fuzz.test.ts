import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Context } from '../../src/cli/context.ts'
import { consentText, recordConsent } from '../../src/cli/host-consent.ts'
import { runTelemetryCommand } from '../../src/cli/run.ts'
import { type Counter, counterFor } from '../../src/core/counter.ts'
import { kindsOf, noticePath, withTerms, writeAnswers } from '../../src/core/decide/consent.ts'
import { decide } from '../../src/core/decide/decide.ts'
import { shared } from '../../src/core/global.ts'
import type { TelemetryOptions } from '../../src/core/options.ts'
import type { Tool } from '../../src/core/tool.ts'
import { EARLIEST } from '../../src/core/version.ts'
import { commandSeries, eventSeries } from '../../src/core/vocabulary.ts'
import { send } from '../../src/helper/sender.ts'
import type { Request, Steps } from '../../src/helper/step.ts'
import { isRoot } from '../machine.ts'
import { fuzz, makeFolder } from './fuzz.ts'

// Random sequences of what a user can do, also while commands and helpers run. The rules of consent are written here once
// more, and in another way than in `decide`: as what must be true of the counts that are received.

const root = makeFolder()
const OTHER = 12_345

// Endpoints: the first of the tool, its next, one on this machine, and one that only a `.env` names.
const FIRST = 'https://first.example'
const NEXT = 'https://next.example'
const HERE = 'http://127.0.0.1:9'
const STRANGE = 'https://first.example/?token=theirs'

interface Setting {
  env:
    | 'none'
    | 'on'
    | 'local'
    | 'log'
    | 'off'
    | 'typo'
    | 'ci'
    | 'track'
    | 'other name'
    | 'test'
    | 'agent'
    | 'completion'
  /** The `.env` of a repository names another endpoint. */
  strange: boolean
  /** `XDG_STATE_HOME` is set. */
  elsewhere: boolean
  /** stderr is a terminal. */
  terminal: boolean
  endpoint: string
  explicit: boolean
  /** What is sent besides commands. */
  more: readonly ('agents' | 'environment' | 'event' | 'resource')[]
  noticeVersion: number
}

const environments: Record<Setting['env'], Record<string, string>> = {
  ...{
    none: {},
    on: { TRIX_TELEMETRY: 'on' },
    local: { TRIX_TELEMETRY: 'local' },
    log: { TRIX_TELEMETRY: 'log' },
  },
  ...{ off: { TRIX_TELEMETRY: 'off' }, typo: { TRIX_TELEMETRY: 'fasle' }, ci: { CI: 'true' } },
  ...{ track: { DO_NOT_TRACK: '1', TRIX_TELEMETRY: 'on' }, 'other name': { TRIX_TELEMETRY_DISABLED: '1' } },
  ...{ test: { VITEST: 'true' }, agent: { AI_AGENT: 'claude' }, completion: { COMP_LINE: 'trix b' } },
}
const NO_ENVIRONMENTS: readonly string[] = ['off', 'typo', 'track', 'other name']
const UNREAD_ENVIRONMENTS: readonly string[] = ['ci', 'agent', 'completion', 'test']

const setting: fc.Arbitrary<Setting> = fc.record({
  env: fc.oneof(
    { weight: 6, arbitrary: fc.constant('none' as const) },
    { weight: 5, arbitrary: fc.constantFrom(...(Object.keys(environments) as Setting['env'][])) },
  ),
  strange: fc.nat(7).map(number => number === 0),
  elsewhere: fc.nat(3).map(number => number === 0),
  terminal: fc.boolean(),
  endpoint: fc.constantFrom(FIRST, FIRST, FIRST, NEXT, HERE),
  explicit: fc.nat(3).map(number => number === 0),
  more: fc.oneof(fc.constant([]), fc.subarray(['agents', 'environment', 'event', 'resource'] as const)),
  noticeVersion: fc.constantFrom(1, 1, 1, 2),
})

type Step =
  | {
      do:
        | 'run'
        | 'begin'
        | 'enable'
        | 'disable'
        | 'clear'
        | 'clear all'
        | 'answer yes'
        | 'answer no'
        | 'shown'
      setting: Setting
      /** The setting is that of most steps of the sequence. */
      usual: boolean
    }
  | { do: 'count' | 'advance'; which: number; outcome: 'taken' | 'refused' | 'unknown' | 'killed' }
  | { do: 'config'; config: string }
  | { do: 'lose config' | 'lose state' | 'copy home' | 'root' }

const usual = fc.nat(3).map(number => number > 0)
const CONFIGS = {
  'enabled = true': '[telemetry]\nenabled = true\n',
  'enabled = false': '[telemetry]\nenabled = false\n',
  'air_gapped = true': '[telemetry]\nair_gapped = true\n',
  misspelt: '[Telemetry]\nenabled = true\n',
}
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('run' as const), setting, usual }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('begin' as const), setting, usual }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('count' as const, 'advance' as const, 'advance' as const),
      which: fc.nat(9),
      outcome: fc.constantFrom('taken', 'taken', 'refused', 'unknown', 'killed'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'enable',
        'disable',
        'disable',
        'clear',
        'clear all',
        'answer yes',
        'answer no',
        'shown',
      ),
      setting,
      usual,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('config' as const),
      config: fc.constantFrom(...Object.values(CONFIGS)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('lose config', 'lose state', 'copy home', 'root') }),
  },
)

const seen = { received: 0, refused: 0, shown: 0 }

test('nothing is received that no notice and no yes covers, and after a no nothing until a yes', async () => {
  await fuzz(
    'consent',
    1500,
    fc.asyncProperty(setting, fc.array(step, { minLength: 4, maxLength: 24 }), async (usual, steps) => {
      const user = new User(mkdtempSync(join(root, 'home-')))
      try {
        for (const step of steps)
          await user.take('setting' in step && step.usual ? { ...step, setting: usual } : step)
        user.end()
      } finally {
        user.remove()
      }
    }),
  )
  // It proves nothing if nothing was sent.
  expect(seen.received).toBeGreaterThan(30)
  expect(seen.shown).toBeGreaterThan(30)
}, 200_000)

/** What somebody has agreed to: by receiver, the version of the notice and the kinds. */
type Terms = Map<string, { version: number; kinds: Set<string> }>
/** A state folder, as the model knows it. */
interface Place {
  state: string
  no: boolean
  yes: Terms
  shown: Terms
}
/** A process that has decided. */
interface Process {
  counter: Counter
  mode: string
  setting: Setting
  place: Place
  /** Whether what it counts may be received, as it was when it decided. */
  mayCount: boolean
  url: string
}
interface Helper {
  steps: Steps<void>
  place: Place
  done: boolean
  outcome: unknown
}

class User {
  readonly home: string
  readonly usual: Place
  readonly elsewhere: Place
  config = ''
  foreign = false
  now = EARLIEST + 86_400_000
  runs = 0
  /** The commands that may be received, each with its process. Each is counted once, under its own name. */
  readonly sendable = new Map<string, Process>()
  readonly processes: Process[] = []
  readonly helpers: Helper[] = []
  readonly commands = Array.from({ length: 40 }, (_, index) => `c${index}`)

  constructor(home: string) {
    this.home = home
    const place = (state: string): Place => ({
      state: join(home, state),
      no: false,
      yes: new Map(),
      shown: new Map(),
    })
    this.usual = place('.local/state/trix')
    this.elsewhere = place('elsewhere/trix')
    mkdirSync(join(home, '.config/trix'), { recursive: true })
  }

  async take(step: Step): Promise<void> {
    this.now += 1000
    if ('setting' in step) {
      const { setting } = step
      const place = setting.elsewhere ? this.elsewhere : this.usual
      switch (step.do) {
        case 'begin':
          return this.begin(setting, place)
        case 'run': {
          this.begin(setting, place)
          this.count(this.processes.pop())
          return this.advance(this.helpers.at(-1), 'taken', Number.POSITIVE_INFINITY)
        }
        case 'enable':
          await this.command(setting, 'enable')
          if (!this.foreign) this.saysYes(setting, place)
          return
        case 'disable':
          await this.command(setting, 'disable')
          return this.saysNo(place)
        case 'answer no':
          this.host(setting)
          recordConsent('no', '', this.context(setting))
          return this.saysNo(place)
        case 'answer yes':
        case 'shown': {
          this.host(setting)
          const context = this.context(setting)
          const text = consentText(context)
          const what = step.do === 'shown' ? 'shown' : 'yes'
          const isRecorded = recordConsent(what, text ?? 'something else', context)
          if (text === undefined) expect(isRecorded).toBe(false)
          // An agreement to another text is not recorded.
          expect(recordConsent(what, `${text}.`, context)).toBe(false)
          if (isRecorded && what === 'yes') this.saysYes(setting, place)
          if (isRecorded && what === 'shown') this.wasShown(setting, place)
          return
        }
        default: {
          const all = step.do === 'clear all'
          await this.command(setting, 'clear', '--yes', ...(all ? ['--all'] : []))
          if (this.foreign) return
          this.forget(place)
          if (all) {
            place.yes.clear()
            place.shown.clear()
          }
          return
        }
      }
    }
    switch (step.do) {
      case 'count':
        return this.count(this.processes.splice(step.which % (this.processes.length || 1), 1)[0])
      case 'advance':
        return this.advance(this.helpers[step.which % (this.helpers.length || 1)], step.outcome, 1)
      case 'config':
        this.config = step.config
        return writeFileSync(join(this.home, '.config/trix/config.toml'), step.config)
      case 'lose config':
        this.config = ''
        return rmSync(join(this.home, '.config/trix/config.toml'), { force: true })
      case 'lose state':
        if (this.foreign) return
        for (const place of this.places()) {
          rmSync(place.state, { recursive: true, force: true })
          this.forget(place)
          place.no = false
          place.yes.clear()
          place.shown.clear()
        }
        return
      case 'copy home':
        return this.copyHome()
      default:
        if (isRoot) this.giveAway()
    }
  }

  /** All that still runs goes on to its end. */
  end(): void {
    for (const process of this.processes.splice(0)) this.count(process)
    for (const helper of this.helpers) this.advance(helper, 'taken', Number.POSITIVE_INFINITY)
    for (const place of this.places()) {
      if (!place.no || this.foreign) continue
      const ids = this.filesOf(place).filter(
        file => /fingerprint|\.log/.test(file) && !file.includes('local'),
      )
      expect([place.state, ids]).toEqual([place.state, []])
    }
  }

  begin(setting: Setting, place: Place): void {
    const options = this.options(setting)
    const env = this.env(setting)
    const decision = decide({
      ...{ options, env, disabled: false },
      ...(setting.terminal && {
        show: (folders, target, shown) => {
          expect([setting.env, this.foreign, place.no]).not.toEqual([setting.env, true, true])
          expect([...NO_ENVIRONMENTS, ...UNREAD_ENVIRONMENTS, 'local', 'log']).not.toContain(setting.env)
          expect([setting.explicit, this.isNo(setting, place)]).toEqual([false, false])
          writeAnswers(noticePath(folders.stateFolder), { shown: withTerms(shown, target, this.now) })
          this.wasShown(setting, place)
          seen.shown++
          return true
        },
      }),
    })
    const { mode } = decision
    if (mode === 'off') return
    const mayCount = mode === 'on'
    if (mayCount)
      expect([setting, this.config, this.covers(setting, place)]).toEqual([setting, this.config, true])
    const counter = counterFor(options, decision)
    this.processes.push({ counter, mode, setting, place, mayCount, url: decision.target?.url ?? '' })
  }

  count(process: Process | undefined): void {
    if (!process) return
    const { counter, setting, place } = process
    const command = this.commands[this.runs++ % 40]!
    const env = globalThis.process.env
    globalThis.process.env = { ...this.env(setting) }
    const options = this.options(setting)
    const series = [
      commandSeries(command, options)!,
      ...(setting.more.includes('event') ? [eventSeries('deploy', { target: command }, options)!] : []),
    ]
    globalThis.process.env = env
    // A no that was said since the decision is respected: nothing is counted.
    this.sendable.delete(command)
    try {
      for (const one of series) counter.count(one, this.now)
      if (process.mayCount && !this.saidNo(place)) this.sendable.set(command, process)
    } catch (error) {
      if (!/disabled just now|^E/.test((error as Error).message)) throw error
      seen.refused++
    }
    const job = counter.job(true)
    if (process.mode !== 'on') return
    const steps = send(job!, { now: () => this.now, isPatient: () => false })
    this.helpers.push({ steps, place, done: false, outcome: undefined })
  }

  /** Runs some steps of a helper. Anything can happen between them. */
  advance(helper: Helper | undefined, outcome: string, steps: number): void {
    for (let left = steps; helper && !helper.done && left > 0; left--) {
      const { value, done } = helper.steps.next(helper.outcome as never)
      helper.outcome = undefined
      helper.done = Boolean(done)
      if (value?.do !== 'post') continue
      this.receive(value.request, helper)
      if (outcome === 'killed') helper.done = true
      helper.outcome = { what: outcome, why: '200' }
    }
  }

  receive({ url, body }: Request, { place }: Helper): void {
    expect(this.saidNo(place)).toBe(false)
    for (const { resource, scopeMetrics } of JSON.parse(body).resourceMetrics) {
      const keys = resource.attributes.map(({ key }: { key: string }) => key)
      for (const { name, sum } of scopeMetrics[0].metrics) {
        for (const { attributes, asInt } of sum.dataPoints) {
          if (asInt === '0') continue
          const values = Object.fromEntries(
            attributes.map(({ key, value }: { key: string; value: object }) => [
              key,
              Object.values(value)[0],
            ]),
          )
          const process = this.sendable.get(values.command_name ?? values.target)
          expect([values, process?.place.state, process?.url]).toEqual([values, place.state, url])
          const { more } = process!.setting
          if (name === 'deploy') expect(more).toContain('event')
          if ('agent' in values) expect(more).toContain('agents')
          if (keys.includes('os.type')) expect(more).toContain('environment')
          if (keys.includes('department')) expect(more).toContain('resource')
          seen.received++
        }
      }
    }
  }

  /** Whether the user was told of this and did not object. Otherwise no count may be received. */
  covers(setting: Setting, place: Place): boolean {
    if (this.isNo(setting, place)) return false
    const { url, isNamed } = this.receiver(setting)
    const isHere = url === HERE
    const isGranted = setting.env === 'on' || this.config === CONFIGS['enabled = true']
    if (isGranted && (isNamed || isHere)) return setting.env !== 'test' || isHere
    if (setting.env === 'ci' || (setting.env === 'test' && !isHere)) return false
    const holds = (terms: Terms) => {
      const agreed = terms.get(this.about(setting))
      return (
        agreed !== undefined &&
        agreed.version >= setting.noticeVersion &&
        kindsOf(this.options(setting)).every(kind => agreed.kinds.has(kind))
      )
    }
    return holds(place.yes) || (!setting.explicit && holds(place.shown))
  }

  isNo(setting: Setting, place: Place): boolean {
    const isConfigNo = this.config === CONFIGS['enabled = false'] || this.config === CONFIGS.misspelt
    return NO_ENVIRONMENTS.includes(setting.env) || isConfigNo || this.foreign || this.saidNo(place)
  }

  /** A no at the default place is valid everywhere. */
  saidNo(place: Place): boolean {
    return place.no || this.usual.no
  }

  saysYes(setting: Setting, place: Place): void {
    this.add(place.yes, setting)
    place.no = false
    this.usual.no = false
  }

  saysNo(place: Place): void {
    if (this.foreign) return
    for (const one of new Set([place, this.usual])) {
      this.forget(one)
      one.no = true
      one.yes.clear()
      one.shown.clear()
    }
  }

  wasShown(setting: Setting, place: Place): void {
    this.add(place.shown, setting)
  }

  add(terms: Terms, setting: Setting): void {
    const about = this.about(setting)
    const before = terms.get(about)
    terms.set(about, {
      version: Math.max(before?.version ?? 0, setting.noticeVersion),
      kinds: new Set([...(before?.kinds ?? []), ...kindsOf(this.options(setting))]),
    })
  }

  forget(place: Place): void {
    for (const [command, process] of this.sendable) if (process.place === place) this.sendable.delete(command)
  }

  places(): Place[] {
    return [this.usual, this.elsewhere]
  }

  /** The same files with other inodes: no yes, no notice and no fingerprint is valid there any more. A no is. */
  async copyHome(): Promise<void> {
    if (this.foreign) return
    // Files that are born in the same tick of the system's clock cannot be told apart.
    await new Promise(resolve => setTimeout(resolve, 25))
    const copy = `${this.home}-copy`
    cpSync(this.home, copy, { recursive: true, preserveTimestamps: true })
    rmSync(this.home, { recursive: true })
    renameSync(copy, this.home)
    for (const place of this.places()) {
      this.forget(place)
      place.yes.clear()
      place.shown.clear()
    }
  }

  /** As `sudo` finds it with the user's HOME, and back again. */
  giveAway(): void {
    this.foreign = !this.foreign
    for (const { state } of this.places()) {
      mkdirSync(state, { recursive: true })
      for (const path of [state, ...this.filesIn(state)]) chownSync(path, this.foreign ? OTHER : 0, 0)
    }
  }

  receiver({ strange, endpoint }: Setting): { url: string; isNamed: boolean } {
    return strange ? { url: STRANGE, isNamed: false } : { url: endpoint, isNamed: true }
  }

  about(setting: Setting): string {
    const { url, isNamed } = this.receiver(setting)
    return isNamed ? url : `whole ${url}`
  }

  env(setting: Setting): Record<string, string> {
    return {
      HOME: this.home,
      ...environments[setting.env],
      ...(setting.elsewhere && { XDG_STATE_HOME: join(this.home, 'elsewhere') }),
      ...(setting.strange && { TRIX_TELEMETRY_ENDPOINT: STRANGE }),
    }
  }

  options({ endpoint, explicit, more, noticeVersion }: Setting): TelemetryOptions {
    return {
      ...{ name: 'trix', version: '1.0.0', endpoint, noticeVersion, commands: this.commands },
      ...(explicit && { consent: 'explicit' as const }),
      ...(more.includes('agents') && { agents: true }),
      ...(more.includes('environment') && { environment: true }),
      ...(more.includes('event') && { events: { deploy: { target: this.commands } } }),
      ...(more.includes('resource') && { resourceAttributes: { department: 'x' } }),
    }
  }

  context(setting: Setting): Context {
    const stream = { write: () => true }
    const tool = {
      options: this.options(setting),
      disabled: false,
      discard() {},
      stayOff() {},
    } as unknown as Tool
    return { tool, env: this.env(setting), stdin: process.stdin, stdout: stream, stderr: stream }
  }

  async command(setting: Setting, ...args: string[]): Promise<void> {
    this.host(setting)
    const status = await runTelemetryCommand(args, this.context(setting))
    if (this.foreign && args[0] !== 'clear') expect(status).toBe(1)
  }

  /** `consentText` and `recordConsent` find their tool on the global handle. */
  host(setting: Setting): void {
    shared().tools = new Map([['trix', this.context(setting).tool]])
  }

  filesOf({ state }: Place): string[] {
    return existsSync(state) ? this.filesIn(state).filter(path => statSync(path).isFile()) : []
  }

  filesIn(folder: string): string[] {
    return readdirSync(folder, { recursive: true }).map(name => join(folder, `${name}`))
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}
