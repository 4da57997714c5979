import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { counterFor } from '../../src/core/counter.ts'
import { saysNo } from '../../src/core/decide/consent.ts'
import type { Decision } from '../../src/core/decide/decide.ts'
import { initTelemetry } from '../../src/core/handle.ts'
import { EARLIEST } from '../../src/core/version.ts'
import { send } from '../../src/helper/sender.ts'
import { strictDecode } from '../strict-decode.ts'
import { fuzz, makeFolder, withEnvironment } from './fuzz.ts'
import { outputOf } from './output.ts'

// Whatever is in the files of a state folder: counting neither throws nor prints, a delivery ends, and a strict decoder
// accepts what it sends.

const root = makeFolder()
const state = join(root, '.local/state/trix')
const NOW = EARLIEST + 100 * 86_400_000

interface Scribble {
  kind: 'overwrite' | 'truncate' | 'append' | 'empty' | 'remove' | 'folder' | 'link'
  /** Which file, and where in it, in thousandths. */
  file: number
  at: number
  bytes: Uint8Array
}

const records = fc.constantFrom(
  `\nm,k=x ${NOW}`,
  `\n!send aaaaaaaa 9 3000 ${NOW}`,
  `\n!taken aaaaaaaa 200 ${NOW}`,
  '\n!sum 1 0 {}',
  '\n!sum 1 1 {"series":[["a",{}]],"head":{"resource":{}},"time":1,"total":1,"taken":0}',
  `\n!last ${NOW + 1e9}`,
  '\n{"file":[0,0],"id":"x","metric":"y","resource":{}}',
  '{"no":1}',
  '{"yes":{}}',
)
const scribble: fc.Arbitrary<Scribble> = fc.record({
  kind: fc.constantFrom(
    'overwrite',
    'overwrite',
    'truncate',
    'append',
    'append',
    'empty',
    'remove',
    'folder',
    'link',
  ),
  file: fc.nat(999),
  at: fc.oneof(fc.constant(0), fc.nat(999)),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    records.map(text => Buffer.from(text)),
    fc.constantFrom('0', '9', '\0', '\n', ' ', '\xff').map(fill => Buffer.from(fill.repeat(14), 'latin1')),
  ),
})

function scribbleOver({ kind, file, at, bytes }: Scribble): void {
  const files = readdirSync(state, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
  const path = files[Math.floor((file * files.length) / 1000)]
  if (!path) return
  if (kind === 'append') {
    appendFileSync(path, bytes)
    return
  }
  if (kind === 'remove' || kind === 'folder' || kind === 'link') {
    rmSync(path)
    if (kind === 'folder') mkdirSync(path)
    if (kind === 'link') symlinkSync(join(root, 'nowhere'), path)
    return
  }
  const place = Math.floor((at * (statSync(path).size + 1)) / 1000)
  const fd = openSync(path, 'r+')
  if (kind === 'overwrite') writeSync(fd, bytes, 0, bytes.length, place)
  else ftruncateSync(fd, kind === 'empty' ? 0 : place)
  closeSync(fd)
}

function makeState(): void {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(join(state, 'v1'), { recursive: true })
}

const step = fc.record({
  scribbles: fc.array(scribble, { maxLength: 2 }),
  midway: fc.option(scribble, { nil: undefined }),
  series: fc.constantFrom('x', 'y', 'z'),
  version: fc.constantFrom('1.0.0', '1.0.0', '2.0.0'),
  clock: fc.constantFrom(10, 5000, 120_000, -60_000, -3_600_000, 3_600_000),
  outcome: fc.constantFrom('taken', 'taken', 'refused', 'unknown', undefined),
})

/** Runs one command and its helper. Returns how many bodies it has sent. */
function run({ midway, series, version, outcome }: Step, now: number): number {
  const folders = { config: '', machine: [], stateFolder: state }
  const target = { url: 'http://e', headers: {}, timeoutMs: 2000 } as never
  const options = { name: 'trix', version, endpoint: 'http://e', commands: [] }
  const decision: Decision = { mode: 'on', row: 15, folders, target }
  const counter = counterFor(options, decision)
  counter.count({ metric: 'm', attributes: { k: series } }, now)
  if (midway) scribbleOver(midway)
  const job = counter.job()!
  let waits = 0
  let bodies = 0
  const steps = send(job, { now: () => now, isPatient: () => waits < 3 })
  for (let next = steps.next(), count = 0; !next.done; count++) {
    expect(count, 'steps of a delivery').toBeLessThan(200)
    const { value } = next
    if (value.do === 'wait') waits++
    if (value.do === 'post') {
      expect(saysNo(job.answers), 'nothing is sent against a no').toBe(false)
      strictDecode(JSON.parse(value.request.body))
      bodies++
      // The helper was killed.
      if (!outcome) return bodies
      next = steps.next({ what: outcome as 'taken', why: '200' })
    } else next = steps.next(undefined)
  }
  return bodies
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** False where the library has thrown an error that `initTelemetry` hides from the tool. All others are thrown again. */
function hasWorked(act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!code && !/^(the disk|the log|the fingerprint|it (is|was|does) |stored)/.test(message)) throw error
    return false
  }
}

test('whatever is scribbled over the state, a delivery ends and sends only what can be read', async () => {
  const found = { bodies: 0, refused: 0 }
  await fuzz(
    'scribbled state',
    3000,
    fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), steps => {
      makeState()
      let now = NOW
      for (const one of steps) {
        now += one.clock
        for (const scribble of one.scribbles) scribbleOver(scribble)
        if (!hasWorked(() => void (found.bodies += run(one, now)))) found.refused++
      }
      // After `clear --all` has removed everything, the next command delivers.
      makeState()
      const healthy: Step = {
        scribbles: [],
        midway: undefined,
        series: 'x',
        version: '1.0.0',
        clock: 10,
        outcome: 'taken',
      }
      expect(run(healthy, now)).toBe(1)
    }),
  )
  console.log(`${found.bodies} bodies, ${found.refused} commands or deliveries gave up`)
  expect(found.bodies).toBeGreaterThan(0)
})

test('whatever is scribbled over the state, counting neither throws nor prints', async () => {
  let bodies = 0
  await fuzz(
    'counting over scribbled state',
    1500,
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 2, maxLength: 8 }), async steps => {
      makeState()
      for (const [{ scribbles, midway, series }, isLocal] of steps) {
        for (const scribble of scribbles) scribbleOver(scribble)
        // Neither mode sends: `local` appends, `log` reads what is there and prints the body.
        const env = { HOME: root, TRIX_TELEMETRY: isLocal ? 'local' : 'log' }
        const output = await withEnvironment(env, async () => {
          const endpoint = 'http://127.0.0.1:9'
          const tool = initTelemetry({ name: 'trix', version: '1.0.0', endpoint, commands: ['x', 'y', 'z'] })
          return outputOf(async () => {
            tool.trackCommand(series as 'x')
            if (midway) scribbleOver(midway)
            await tool.flushTelemetry()
          })
        })
        expect(output.stdout).toBe('')
        if (isLocal) expect(output.stderr).toBe('')
        for (const line of output.stderr.split('\n').filter(text => text.startsWith('{'))) {
          strictDecode(JSON.parse(line))
          bodies++
        }
      }
    }),
  )
  console.log(`${bodies} bodies read by the strict decoder`)
  expect(bodies).toBeGreaterThan(0)
})
