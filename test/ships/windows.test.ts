import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { counts, type Receiver, startReceiver } from '../receiver.ts'
import type { Result } from '../world.ts'
import { delivered, gone } from './exercise.ts'
import { makeFolder, makeProject, toolSource } from './project.ts'

const { WINE, WINE_NODE } = process.env

// Wine lacks some things that real Windows has: appends that never overlap, sharing modes and virus scanners that hold
// files open, ACLs, its own console, and a `fetch` that connects.
describe.runIf(WINE && WINE_NODE)('Windows: node.exe under Wine (test/ships/windows.sh)', () => {
  const project = makeProject()
  const prefix = join(makeFolder(), 'prefix')
  project.write('tool.js', toolSource('module'))
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: project.folder,
    // Without it Wine reads file names as ASCII.
    LC_ALL: 'C.UTF-8',
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // Disables .NET and the browser, which Wine would ask to install.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    NODE_SKIP_PLATFORM_CHECK: '1',
  }
  let user: string
  let receiver: Receiver
  let outputs = 0

  beforeAll(async () => {
    spawnSync(WINE!, ['wineboot', '--init'], { env: environment, stdio: 'ignore' })
    user = join(
      prefix,
      'drive_c/users',
      readdirSync(join(prefix, 'drive_c/users')).find(name => name !== 'Public')!,
    )
    // `fetch` cannot connect under Wine. Without WebAssembly the helper sends by `node:http`.
    const index = join(project.folder, 'node_modules/otlp-tally/dist/index.js')
    const code = readFileSync(index, 'utf8')
    const shimmed = code.replace(`'(()=>{"use strict";`, `'(()=>{"use strict";delete globalThis.WebAssembly;`)
    expect(shimmed).not.toBe(code)
    writeFileSync(index, shimmed)
  })
  afterAll(async () => {
    spawnSync(`${WINE!.replace(/[^/]*$/, '')}wineserver`, ['-k'], { env: environment, stdio: 'ignore' })
    await gone(`WINEPREFIX=${prefix}`)
  })
  beforeEach(async () => {
    receiver = await startReceiver()
    for (const folder of ['Local', 'Roaming'])
      rmSync(join(user, 'AppData', folder, 'trix'), { recursive: true, force: true })
  })

  const config = () => join(user, 'AppData/Roaming/trix/config.toml')
  const state = () => join(user, 'AppData/Local/trix')
  const on = () => ({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })

  /** Runs node.exe. Its output goes to files, since its pipes are not pipes of this system. */
  async function node(args: readonly string[], env: Record<string, string> = on()): Promise<Result> {
    const paths = ['stdout', 'stderr'].map(name => join(project.folder, `${outputs}.${name}`))
    outputs++
    const [stdout, stderr] = paths.map(path => openSync(path, 'w')) as [number, number]
    const child = spawn(WINE!, [WINE_NODE!, ...args], {
      cwd: project.folder,
      env: { ...environment, ...env },
      stdio: ['ignore', stdout, stderr],
    })
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve, reject) =>
      child.on('error', reject).on('close', (...end) => resolve(end)),
    )
    closeSync(stdout)
    closeSync(stderr)
    const [out = '', err = ''] = paths.map(path => readFileSync(path, 'utf8'))
    return { status, signal, stdout: out, stderr: err }
  }
  const tool = (args: readonly string[], env?: Record<string, string>) => node(['tool.js', ...args], env)
  const script = (code: string, env?: Record<string, string>) =>
    node([project.write(`script-${outputs}.js`, `${TELEMETRY}${code}`)], env)
  const arrived = (posts: number) => delivered(receiver, posts, `WINEPREFIX=${prefix}`, 'node.exe')

  test('each command is one POST by a helper; exit codes and output are the tool’s own', async () => {
    mkdirSync(join(project.folder, 'good'))
    writeFileSync(join(project.folder, 'good/good.json'), '{ "a": 1 }')
    mkdirSync(join(project.folder, 'bad'))
    writeFileSync(join(project.folder, 'bad/broken.json'), '{')
    const steps: [args: string[], status: number, stdout: string | RegExp, posts: number][] = [
      [['build', '--dir', 'good'], 0, '{"good.json":{"a":1}}\n', 1],
      [['check', '--dir', 'bad'], 3, '', 2],
      [['build', '--dir', 'bad'], 1, '', 3],
      [['test', '--dir', 'good'], 0, '1 documents\n', 4],
      [['help'], 0, '', 4],
      [['frobnicate'], 2, '', 5],
      [['telemetry', 'status'], 0, expect.stringContaining('detached: a helper process can be started'), 5],
    ]
    for (const [args, status, stdout, posts] of steps) {
      expect(await tool(args), args.join(' ')).toMatchObject({ status, stdout })
      await arrived(posts)
    }
    expect(counts(receiver.requests)).toEqual({ build: 2, check: 1, test: 1, unknown: 1 })
    expect(existsSync(config())).toBe(false)
    expect(readdirSync(state()).sort()).toEqual(['fingerprint', 'v1'])
  })

  test('128 series with long attributes, more than an environment variable can hold, all arrive', async () => {
    const count = (from: number, to: number) => `
      const long = Object.fromEntries(Array.from({ length: 7 }, (_, i) => ['a'.repeat(60) + i, 'b'.repeat(64)]))
      for (let i = ${from}; i < ${to}; i++) trackEvent('cup_brewed', { ...long, number: 'n' + i })
      await flushTelemetry()`
    const numbers = (body: string) => [
      ...new Set([...body.matchAll(/"number","value":\{"stringValue":"n(\d+)"/g)].map(([, n]) => Number(n))),
    ]
    expect(await script(count(0, 128))).toMatchObject({ status: 0, stdout: '', stderr: '' })
    await arrived(1)
    expect(await script(count(100, 101))).toMatchObject({ status: 0, stdout: '', stderr: '' })
    await arrived(2)
    for (const { body } of receiver.requests) {
      expect(body.length).toBeGreaterThan(3 * 32_767)
      expect(numbers(body).sort((a, b) => a - b)).toEqual(Array.from({ length: 128 }, (_, i) => i))
    }
  })

  test('names with a meaning in Windows, and names that differ only in case, are counted separately', async () => {
    const count = `for (const name of ${JSON.stringify(NAMES)}) trackCommand(name)\nawait flushTelemetry()`
    for (let run = 1; run <= 2; run++) {
      expect(await script(count)).toMatchObject({ status: 0, stdout: '', stderr: '' })
      await arrived(run)
      expect(counts(receiver.requests)).toEqual(Object.fromEntries(NAMES.map(name => [name, run])))
    }
  })

  test('simultaneous first runs agree on one installation', async () => {
    const count = `for (let i = 0; i < 50; i++) trackCommand('build')`
    await Promise.all(Array.from({ length: 6 }, () => script(count)))
    await gone(`WINEPREFIX=${prefix}`, 'node.exe')
    expect(await script('trackCommand("build"); await flushTelemetry()')).toMatchObject({ status: 0 })
    await gone(`WINEPREFIX=${prefix}`, 'node.exe')
    // Wine looks for the end and then writes there, so one of two simultaneous appends may be lost. Windows loses none.
    const { build } = counts(receiver.requests)
    expect(build).toBeGreaterThan(50)
    expect(build).toBeLessThanOrEqual(301)
    expect(readdirSync(join(state(), 'v1'))).toHaveLength(1)
    expect(readdirSync(state()).sort()).toEqual(['fingerprint', 'v1'])
  })

  test('the command manages the state, and edits no config', async () => {
    const off = {}
    mkdirSync(join(config(), '..'), { recursive: true })
    const text = '# mine\r\n[telemetry]\r\nendpoint = "http://127.0.0.1:9" # yes\r\n'
    writeFileSync(config(), text)
    expect(await tool(['telemetry', 'disable'], off)).toMatchObject({ status: 0 })
    expect(readFileSync(join(state(), 'consent.json'), 'utf8')).toContain('"no":')
    expect(await script(`trackCommand('build')`)).toMatchObject({ status: 0 })
    expect(readdirSync(state())).toEqual(['consent.json'])
    expect(await tool(['telemetry', 'enable'], off)).toMatchObject({ status: 0 })
    expect(readFileSync(join(state(), 'consent.json'), 'utf8')).toContain('"yes":')
    const status = await tool(['telemetry', 'status'], off)
    expect(status.stdout).toContain('AppData\\Roaming\\trix\\config.toml')
    expect(await script(`trackCommand('build')`, { TRIX_TELEMETRY: 'local' })).toMatchObject({ status: 0 })
    // Local counts need no fingerprint.
    expect(readdirSync(state()).sort()).toEqual(['consent.json', 'v1'])
    expect(await tool(['telemetry', 'export'], off)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('build'),
    })
    expect(await tool(['telemetry', 'clear', '--all', '--yes'], off)).toMatchObject({ status: 0 })
    expect(readdirSync(state(), { recursive: true }).filter(name => `${name}`.includes('.log'))).toEqual([])
    expect(readFileSync(config(), 'utf8')).toBe(text)
  })

  test('a home with spaces and letters of other alphabets', async () => {
    const home = 'C:\\Dokumente und Größe\\тест 家'
    const count = `trackCommand('build'); await flushTelemetry()`
    expect(await script(count, { ...on(), TRIX_HOME: home })).toMatchObject({ status: 0, stderr: '' })
    await arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    expect(readdirSync(join(prefix, 'drive_c/Dokumente und Größe/тест 家')).sort()).toEqual([
      'fingerprint',
      'v1',
    ])
  })
})

/** Names with a meaning in Windows, and names that differ only in case. */
const NAMES = [
  'build',
  'Build',
  'BUILD',
  'con',
  'Con',
  'nul.txt',
  'com1',
  'a:b',
  'dot.',
  'true',
  'x'.repeat(64),
]
/** Seven attributes of the maximum length, and one with 128 values. */
const LONG = Object.fromEntries(Array.from({ length: 7 }, (_, i) => ['a'.repeat(60) + i, ['b'.repeat(64)]]))
const EVENTS = { cup_brewed: { ...LONG, number: Array.from({ length: 128 }, (_, i) => `n${i}`) } }

const TELEMETRY = `
const COMMANDS = ${JSON.stringify(NAMES)}
const EVENTS = ${JSON.stringify(EVENTS)}
import { initTelemetry } from 'otlp-tally'
const home = process.env.TRIX_HOME
const { flushTelemetry, trackCommand, trackEvent } = initTelemetry({
  name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318', commands: COMMANDS, events: EVENTS, ...(home && { home }) })
`
