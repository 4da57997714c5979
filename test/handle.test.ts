import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

async function consented() {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRAX_TELEMETRY: 'on' })
  return {
    world,
    receiver,
    init: (name: string) =>
      `initTelemetry({ name: '${name}', version: '1.0.0', endpoint: '${receiver.endpoint}' })`,
  }
}

/** What the receiver got, by tool. */
const byTool = (requests: { body: string }[]) =>
  Object.fromEntries(
    ['trix', 'trax'].map(name => [
      name,
      counts(requests.filter(({ body }) => body.includes(`"stringValue":"${name}"`)) as never),
    ]),
  )

describe('one process', () => {
  test('with two bundled copies of one tool counts into one state', async () => {
    const { world, receiver, init } = await consented()
    // The key is written out by hand: whoever changes it cuts the copies of different releases apart.
    const entry = `
      export { initTelemetry, trackCommand } from ${JSON.stringify(join(import.meta.dirname, '../dist/index.js'))}
    `
    const bundle = {
      stdin: { contents: entry, resolveDir: world.cwd },
      bundle: true,
      platform: 'node',
      format: 'esm',
      minify: true,
    } as const
    await build({ ...bundle, outfile: join(world.cwd, 'a.mjs') })
    copyFileSync(join(world.cwd, 'a.mjs'), join(world.cwd, 'b.mjs'))
    const result = await world.script(`
      const a = await import(${JSON.stringify(join(world.cwd, 'a.mjs'))})
      const b = await import(${JSON.stringify(join(world.cwd, 'b.mjs'))})
      for (const { initTelemetry, trackCommand } of [a, b]) {
        ${init('trix')}
        trackCommand('build')
      }
      console.log([...globalThis[Symbol.for('otlp-tally@0')].keys()].join())
    `)
    expect(result).toMatchObject({ stdout: 'trix\n', stderr: '' })
    await receiver.arrived(1)
    expect(receiver.requests).toHaveLength(1)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 2 }, trax: {} })
  })

  test('with two tools, each with its own copy, never counts one into the other', async () => {
    const { world, receiver, init } = await consented()
    const copy = join(world.cwd, 'plugin.mjs')
    copyFileSync(join(import.meta.dirname, '../dist/index.js'), copy)
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import * as plugin from ${JSON.stringify(copy)}
      ${init('trix')}
      plugin.${init('trax')}
      trackCommand('build')
      plugin.trackCommand('lint')
    `)
    await receiver.arrived(2)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: { lint: 1 } })
  })

  test('with two tools that share a copy counts by what initTelemetry returned, and by nothing else', async () => {
    const { world, receiver, init } = await consented()
    const script = `
      import { initTelemetry, trackCommand } from 'otlp-tally'
      const trix = ${init('trix')}
      trackCommand('early')
      const trax = ${init('trax')}
      trackCommand('whose')
      trix.trackCommand('build')
      trax.trackCommand('lint')
    `
    await world.script(script)
    await receiver.arrived(2)
    expect(byTool(receiver.requests)).toEqual({ trix: { early: 1, build: 1 }, trax: { lint: 1 } })
    const { stderr } = await world.script(script, { TRIX_TELEMETRY: 'log' })
    expect(stderr).toContain('trix telemetry: none (several tools share this copy of otlp-tally')
  })
})

describe('initTelemetry', () => {
  test('a later call for the same tool can only switch off', async () => {
    const { world, receiver, init } = await consented()
    const result = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      ${init('trix')}
      trackCommand('build')
      initTelemetry({ name: 'trix', version: '2.0.0', disabled: true })
      trackCommand('check')
      initTelemetry({ name: 'trix', version: '2.0.0', disabled: false })
      trackCommand('test')
    `)
    expect(result).toMatchObject({ stdout: '', stderr: '', status: 0 })
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      ${init('trix')}
      trackCommand('later')
    `)
    await receiver.arrived(1)
    expect(byTool(receiver.requests).trix).toEqual({ build: 1, later: 1 })
  })

  test.each([
    'undefined',
    'null',
    '7',
    '{}',
    '{ name: Symbol() }',
    '{ get name() { throw 1 } }',
    'new Proxy({}, { ownKeys() { throw 1 } })',
  ])('with %s, and everything after it, does nothing', async options => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    const result = await world.script(`
        import { flushTelemetry, initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
        trackCommand('before')
        const telemetry = initTelemetry(${options})
        for (const value of [undefined, null, 7, '', Symbol(), {}, ['a'], process.argv, 'build']) {
          trackCommand(value)
          trackEvent(value, value)
          trackEvent('metric', { key: value })
          telemetry.trackCommand(value)
        }
        await flushTelemetry()
        await telemetry.flushTelemetry()
      `)
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(world.files()).toEqual([])
  })

  test('says in log mode which option is wrong, and switches off', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', timeoutMs: -1, endpont: 'https://x' })
      trackCommand('build')
      trackCommand('check')
    `)
    expect(stderr).toBe(
      'trix telemetry: none (initTelemetry: timeoutMs: expected a whole number of milliseconds from 1 to 60000, got number; endpont: there is no such option)\n',
    )
  })
})

describe('require()', () => {
  test('works from a CommonJS tool', async () => {
    const { world, receiver, init } = await consented()
    const modules = join(world.cwd, 'node_modules')
    mkdirSync(modules)
    writeFileSync(
      join(world.cwd, 'tool.cjs'),
      `const { initTelemetry, trackCommand } = require(${JSON.stringify(join(import.meta.dirname, '../dist/index.js'))})
       ${init('trix')}
       trackCommand('build')`,
    )
    // Node 20.19 loads ES modules by require(), with a warning unless the module is in node_modules.
    const result = await runProcess(process.execPath, ['--no-warnings', 'tool.cjs'], world)
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await receiver.arrived(1)
    expect(byTool(receiver.requests).trix).toEqual({ build: 1 })
  })
})
