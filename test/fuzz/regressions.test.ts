import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createReceiver } from '../../src/bin/listen/receiver.ts'
import { type Arrival, createTotals } from '../../src/bin/listen/totals.ts'
import { validate } from '../../src/body/validate.ts'
import { parseConfig } from '../../src/core/decide/config.ts'
import { decide } from '../../src/core/decide/decide.ts'
import { shared } from '../../src/core/global.ts'
import { initTelemetry } from '../../src/core/handle.ts'
import { optionProblems } from '../../src/core/option-problems.ts'
import { emptyFold, feed } from '../../src/helper/fold.ts'
import { openReader } from '../../src/helper/reader.ts'
import { makeFolder } from './fuzz.ts'
import { type Output, outputOf } from './output.ts'

/** What fuzzing has found, each in its smallest form. */

const root = makeFolder()
const NOW = 1_800_000_000_000
const options = {
  ...{ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', commands: ['build'] },
  events: { m: { a: ['first'] } },
}
const state = join(root, '.local/state/trix')
const configPath = join(root, '.config/trix/config.toml')

beforeEach(() => {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(state, { recursive: true })
  mkdirSync(join(root, '.config/trix'), { recursive: true })
})

describe('decide', () => {
  test.each(['constructor', '__proto__', ' Constructor '])(
    'TRIX_TELEMETRY=%s is a word that is not known, so off, whatever else it names',
    word => {
      writeFileSync(configPath, '[telemetry]\nenabled = false\n')
      const env = { HOME: root, CI: '1', TRIX_TELEMETRY: word }
      expect(decide({ options, env, disabled: false })).toMatchObject({ mode: 'off', row: 4 })
    },
  )

  test.each(['telemetry = 1979-05-27', 'telemetry = 07:32:00', '[telemetry]\nheaders = 1979-05-27'])(
    'a date is not a table: %j',
    text => {
      expect(parseConfig(text)).toHaveProperty('why')
    },
  )

  test.each([new Headers({ authorization: 'x' }), new Map([['authorization', 'x']]), new Date(0)])(
    'headers that have no keys of their own are refused, not sent as none: %s',
    headers => {
      expect(optionProblems({ ...options, headers })).toHaveLength(1)
    },
  )
})

describe('what was found valid is what is sent', () => {
  /** Answers with `first` once, and with a path from then on. */
  const fickle = () => {
    let asked = 0
    return Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => (asked++ ? '/etc/passwd' : 'first'),
    })
  }
  async function logged(given: object, attributes: object): Promise<string> {
    const environment = { ...process.env }
    const listeners = process.listeners('exit')
    process.env = { HOME: root, TRIX_TELEMETRY: 'log' }
    const { stderr } = await outputOf(async () => {
      const telemetry = initTelemetry({ ...options, ...given })
      telemetry.trackEvent('m', attributes as never)
      await telemetry.flushTelemetry()
    })
    shared().tools.clear()
    for (const listener of process.listeners('exit'))
      if (!listeners.includes(listener)) process.off('exit', listener)
    process.env = environment
    return stderr
  }
  test('of attributes', async () => {
    const said = await logged({}, fickle())
    expect(said).toContain('"stringValue":"first"')
    expect(said).not.toContain('passwd')
  })
  test('of options', async () => {
    const said = await logged({ resourceAttributes: fickle() }, {})
    expect(said).toContain('"stringValue":"first"')
    expect(said).not.toContain('passwd')
  })
})

describe('no output', () => {
  /** The same as a `Telemetry` that was initialised, without what it leaves in the process. */
  async function counted(name: string, mode: string): Promise<Output & { warnings: Error[] }> {
    const warnings: Error[] = []
    const listeners = process.listeners('exit')
    const environment = { ...process.env }
    process.env = { HOME: root, TRIX_TELEMETRY: mode }
    const warn = (warning: Error) => void warnings.push(warning)
    process.on('warning', warn)
    shared().tools.clear()
    const output = await outputOf(() => initTelemetry(options).trackCommand(name))
    shared().tools.clear()
    await new Promise(resolve => setTimeout(resolve, 20)) // warnings come later
    process.off('warning', warn)
    process.env = environment
    for (const listener of process.listeners('exit'))
      if (!listeners.includes(listener)) process.off('exit', listener)
    return { ...output, warnings }
  }

  test('of node about too many listeners, where the tool has ten of its own', async () => {
    const own = Array.from(
      { length: process.getMaxListeners() - process.listenerCount('exit') },
      () => () => {},
    )
    for (const listener of own) process.on('exit', listener)
    onTestFinished(() => own.forEach(listener => void process.off('exit', listener)))
    expect(await counted('build', 'local')).toEqual({ stdout: '', stderr: '', warnings: [] })
  })

  test.each(['\u009b2J\u202e\u007f', '-\u001b[2J\n'])(
    'in log mode that a terminal obeys, though the caller passed it as a name: %j',
    async name => {
      const { stderr } = await counted(name, 'log')
      expect(stderr).toMatch(/^([ -~]+\n)?$/)
    },
  )
})

describe('state', () => {
  test('a checkpoint that is JSON and no fold is passed over, and nothing of it is sent', () => {
    const path = join(root, 'log')
    const head = '{"file":[0,0],"id":"x","metric":"m","resource":{}}'
    writeFileSync(path, `\n${head}\nm ${NOW}\n!sum 1 0 {"series":[["m",{}]]}\nm ${NOW}`)
    const fd = openSync(path, 'r')
    onTestFinished(() => closeSync(fd))
    expect(openReader(fd).fold).toMatchObject({ total: 2, head: { id: 'x' } })
  })

  // With the commands of a tool that a power cut had interrupted, 7 of 4 were counted.
  test('zeros that a power cut has left behind a claim do not make it void', () => {
    const fold = emptyFold()
    feed(fold, `\nm ${NOW}\n!send aaaaaaaa 1 3000 ${NOW}\0\0\0\nm ${NOW}`)
    expect(fold).toMatchObject({ open: { nonce: 'aaaaaaaa', total: 1 }, total: 2 })
  })
})

describe('listen', () => {
  const point = { startTimeUnixNano: '1', timeUnixNano: '2', asInt: '1' }
  const body = (metric: object) => ({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', ...metric }] }] }],
  })
  const sum = (more: object) =>
    body({ sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ ...point, ...more }] } })
  const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

  test.each([
    ['a time', { timeUnixNano: { toString: null } }],
    ['flags', { flags: { toString: null }, asInt: undefined }],
    ['flags in many lists', { flags: nested(20_000), asInt: undefined }],
  ])('%s that cannot be made a number is of the wrong type, and no more', (_, more) => {
    expect(validate(sum(more))[0]).toMatchObject({ severity: 'error' })
  })

  test('no list of points is an empty one', () => {
    const empty = body({ gauge: { dataPoints: null } })
    expect(validate(empty).filter(({ severity }) => severity === 'error')).toEqual([])
    const totals = createTotals()
    expect(totals.add(empty)).toEqual([])
    expect(totals.others()).toEqual(['m (gauge)'])
  })

  test('a field that is called "empty" is not printed', () => {
    const hostile = body({ empty: { dataPoints: { length: '\u001b[2J' } } })
    const totals = createTotals()
    expect(totals.add(hostile)).toEqual([])
    expect(totals.others()).toEqual(['m (empty)'])
  })

  test('what is nested too deep in a field that is not known is refused, not a stack that overflows', () => {
    const deep = sum({ attributes: [{ key: 'a', value: { stringValue: 'x', unknown: nested(20_000) } }] })
    expect(validate(deep)).toEqual([
      expect.objectContaining({ severity: 'error', message: 'nested deeper than 100 messages' }),
    ])
  })

  test('an encoding that is the name of something in every object is not known', async () => {
    const { server } = createReceiver()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { status } = await fetch(`http://127.0.0.1:${port}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'constructor' },
      body: '{}',
    })
    expect(status).toBe(400)
  })

  test('a series that is long is not kept as long as it is, nor printed', () => {
    const totals = createTotals()
    const before = heapUsed()
    const arrivals: Arrival[] = []
    for (let start = 1; start <= 200; start++) {
      const attributes = Array.from({ length: 5000 }, (_, index) => ({
        key: `k${index}`,
        value: { stringValue: 'x'.repeat(100) },
      }))
      arrivals.push(...totals.add(sum({ attributes, startTimeUnixNano: String(start) })))
    }
    expect(heapUsed() - before).toBeLessThan(10 * 2 ** 20)
    for (const arrival of arrivals) expect(JSON.stringify(arrival).length).toBeLessThan(1000)
  })
})

/** What is really kept: when the rest is collected is not ours to say, and differs from run to run. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
