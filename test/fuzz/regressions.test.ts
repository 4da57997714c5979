import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createReceiver } from '../../src/bin/listen/receiver.ts'
import { type Arrival, createTotals } from '../../src/bin/listen/totals.ts'
import { validate } from '../../src/body/validate.ts'
import { parseConfig } from '../../src/core/decide/config.ts'
import { decide } from '../../src/core/decide/decide.ts'
import { initTelemetry } from '../../src/core/handle.ts'
import { optionProblems } from '../../src/core/option-problems.ts'
import { emptyFold, feed } from '../../src/helper/fold.ts'
import { openReader } from '../../src/helper/reader.ts'
import { listen } from '../loopback.ts'
import { heapUsed, makeFolder, withEnvironment } from './fuzz.ts'
import { type Output, outputOf } from './output.ts'

// What fuzzing has found, each in its smallest form.

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

describe('a decision', () => {
  test.each(['constructor', '__proto__', ' Constructor '])(
    'is off for the unknown word TRIX_TELEMETRY=%s, also where that is the name of something in every object',
    word => {
      writeFileSync(configPath, '[telemetry]\nenabled = false\n')
      const env = { HOME: root, CI: '1', TRIX_TELEMETRY: word }
      expect(decide({ options, env, disabled: false })).toMatchObject({ mode: 'off', row: 4 })
    },
  )

  test.each(['telemetry = 1979-05-27', 'telemetry = 07:32:00', '[telemetry]\nheaders = 1979-05-27'])(
    'is off where a date is in the place of a table: %j',
    text => {
      expect(parseConfig(text)).toHaveProperty('why')
    },
  )

  test.each([new Headers({ authorization: 'x' }), new Map([['authorization', 'x']]), new Date(0)])(
    'is off for headers that are not a plain object: %s',
    headers => {
      expect(optionProblems({ ...options, headers })).toHaveLength(1)
    },
  )
})

describe('what is sent is what was checked, where a value changes each time it is read:', () => {
  /** Answers with `first` once, and with a path from then on. */
  const fickle = () => {
    let asked = 0
    return Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => (asked++ ? '/etc/passwd' : 'first'),
    })
  }
  async function logged(given: object, attributes: object): Promise<string> {
    const { stderr } = await withEnvironment({ HOME: root, TRIX_TELEMETRY: 'log' }, () =>
      outputOf(async () => {
        const telemetry = initTelemetry({ ...options, ...given })
        telemetry.trackEvent('m', attributes as never)
        await telemetry.flushTelemetry()
      }),
    )
    return stderr
  }
  test('an attribute', async () => {
    const said = await logged({}, fickle())
    expect(said).toContain('"stringValue":"first"')
    expect(said).not.toContain('passwd')
  })
  test('an option', async () => {
    const said = await logged({ resourceAttributes: fickle() }, {})
    expect(said).toContain('"stringValue":"first"')
    expect(said).not.toContain('passwd')
  })
})

describe('there is no output', () => {
  async function counted(name: string, mode: string): Promise<Output & { warnings: Error[] }> {
    const warnings: Error[] = []
    const warn = (warning: Error) => void warnings.push(warning)
    process.on('warning', warn)
    const output = await withEnvironment({ HOME: root, TRIX_TELEMETRY: mode }, async () => {
      const output = await outputOf(() => initTelemetry(options).trackCommand(name))
      await sleep(20) // warnings come later
      return output
    })
    process.off('warning', warn)
    return { ...output, warnings }
  }

  test('of Node about too many listeners, where the tool has ten of its own', async () => {
    const own = Array.from(
      { length: process.getMaxListeners() - process.listenerCount('exit') },
      () => () => {},
    )
    for (const listener of own) process.on('exit', listener)
    onTestFinished(() => own.forEach(listener => void process.off('exit', listener)))
    expect(await counted('build', 'local')).toEqual({ stdout: '', stderr: '', warnings: [] })
  })

  test.each(['\u009b2J\u202e\u007f', '-\u001b[2J\n'])(
    'in log mode that a terminal obeys, where the name of a command has it: %j',
    async name => {
      const { stderr } = await counted(name, 'log')
      expect(stderr).toMatch(/^([ -~]+\n)?$/)
    },
  )
})

describe('a log', () => {
  test('is read without a checkpoint that is JSON but not a fold', () => {
    const path = join(root, 'log')
    const head = '{"file":[0,0],"id":"x","metric":"m","resource":{}}'
    writeFileSync(path, `\n${head}\nm ${NOW}\n!sum 1 0 {"series":[["m",{}]]}\nm ${NOW}`)
    const fd = openSync(path, 'r')
    onTestFinished(() => closeSync(fd))
    expect(openReader(fd).fold).toMatchObject({ total: 2, head: { id: 'x' } })
  })

  // Otherwise 7 of 4 commands are counted after a power cut.
  test('has a valid claim also where zeros of a power cut follow it', () => {
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
  ])('reports an error for %s that cannot be made a number', (_, more) => {
    expect(validate(sum(more))[0]).toMatchObject({ severity: 'error' })
  })

  test('takes null in the place of a list of points as an empty list', () => {
    const empty = body({ gauge: { dataPoints: null } })
    expect(validate(empty).filter(({ severity }) => severity === 'error')).toEqual([])
    const totals = createTotals()
    expect(totals.add(empty)).toEqual([])
    expect(totals.others()).toEqual(['m (gauge)'])
  })

  test('does not print what is in a field named "empty"', () => {
    const hostile = body({ empty: { dataPoints: { length: '\u001b[2J' } } })
    const totals = createTotals()
    expect(totals.add(hostile)).toEqual([])
    expect(totals.others()).toEqual(['m (empty)'])
  })

  test('refuses what is nested too deep in an unknown field', () => {
    const deep = sum({ attributes: [{ key: 'a', value: { stringValue: 'x', unknown: nested(20_000) } }] })
    expect(validate(deep)).toEqual([
      expect.objectContaining({ severity: 'error', message: 'nested deeper than 100 messages' }),
    ])
  })

  test('refuses an encoding that is the name of something in every object', async () => {
    const { server } = createReceiver()
    const { status } = await fetch(`http://${await listen(server)}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'constructor' },
      body: '{}',
    })
    expect(status).toBe(400)
  })

  test('neither keeps nor prints a long series as a whole', () => {
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
